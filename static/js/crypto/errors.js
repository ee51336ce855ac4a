/*
 * What the browser's cryptography refuses, one class per reason. The message is for whoever
 * debugs; pages choose the words people see by the class.
 */

export class CryptoRefusal extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }
}

/* A structure of a version this code does not know: never guessed at. */
export class UnsupportedVersion extends CryptoRefusal {}

/* The shape is wrong: a missing field, a bad length, text that is not strict base64url. */
export class MalformedData extends CryptoRefusal {}

/* A recovery key whose check does not fit: a slip of the pen, or of the finger. */
export class MistypedKey extends MalformedData {}

/* The shape is right and the number is not: too cheap to be safe or too dear to be honest. */
export class ParameterOutOfRange extends CryptoRefusal {}

/*
 * The seal did not open. AES-GCM cannot tell another key from altered bytes or from a slot moved
 * to another user, so neither does this.
 */
export class WrongKey extends CryptoRefusal {}

/* More than there is room for. */
export class TooLong extends CryptoRefusal {}
