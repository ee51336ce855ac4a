"""Where copies of a backup lie besides the local directory. Each confirms what it has received."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files import File
from django.core.files.storage import storages

LOCAL, S3, STORAGE = "local", "s3", "storage"
READ_AT_ONCE = 1024 * 1024
# One request holds at most 5 GB; above, the file goes in parts.
SINGLE_LIMIT = 4 * 1024**3
PART_SIZE = 64 * 1024**2
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class PlaceAway(Exception):
    """A place did not take, show or delete a copy. The words name no key and no address."""


class NotConfirmed(PlaceAway):
    """The place holds something else than what was sent."""

    def __init__(self) -> None:
        super().__init__("The place did not confirm the checksum of what it received.")


class Place(Protocol):
    name: str

    def put(self, path: Path, *, sha256: str) -> None:
        """Send a file and have its checksum confirmed; raises PlaceAway."""

    def fetch(self, name: str, path: Path) -> None:
        """Write a copy into a local file; raises PlaceAway."""

    def delete(self, name: str) -> None:
        """Raises PlaceAway; what is not there counts as deleted."""


def configured() -> list[Place]:
    """The places besides the local directory."""
    found: list[Place] = []
    if settings.BACKUP_S3_BUCKET:
        found.append(S3Bucket())
    if settings.BACKUP_STORAGE:
        found.append(DjangoStorage())
    return found


def get(name: str) -> Place:
    for place in configured():
        if place.name == name:
            return place
    raise PlaceAway("This place is no longer configured.")


def endpoint_fault(endpoint: str) -> str:
    """What is wrong with an S3 endpoint, or nothing. Plain http is for this machine alone."""
    if not endpoint:
        return ""
    parts = urlsplit(endpoint)
    if parts.scheme == "https" and parts.hostname:
        return ""
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        return ""
    return "BACKUP_S3_ENDPOINT must be an https address (http only on this machine)."


class S3Bucket:
    """S3 or what speaks like it. The checksum is computed here and checked by the server."""

    name = S3

    def __init__(self) -> None:
        import boto3
        from botocore.config import Config

        self._bucket = settings.BACKUP_S3_BUCKET
        self._client = boto3.client(
            "s3",
            endpoint_url=settings.BACKUP_S3_ENDPOINT or None,
            region_name=settings.BACKUP_S3_REGION,
            aws_access_key_id=settings.BACKUP_S3_ACCESS_KEY or None,
            aws_secret_access_key=settings.BACKUP_S3_SECRET_KEY or None,
            verify=True,
            config=Config(
                connect_timeout=10, read_timeout=60, retries={"max_attempts": 2, "mode": "standard"}
            ),
        )

    def put(self, path: Path, *, sha256: str) -> None:
        with _words("did not take the backup"):
            if path.stat().st_size > SINGLE_LIMIT:
                wanted = self._put_in_parts(path)
            else:
                wanted = base64.b64encode(bytes.fromhex(sha256)).decode()
                with path.open("rb") as file:
                    self._client.put_object(
                        Bucket=self._bucket,
                        Key=self._key(path.name),
                        Body=file,
                        ChecksumAlgorithm="SHA256",
                        ChecksumSHA256=wanted,
                    )
            head = self._client.head_object(
                Bucket=self._bucket, Key=self._key(path.name), ChecksumMode="ENABLED"
            )
            # Some services speak S3 without its checksums, or spell that of many parts in a way of
            # their own: then the copy itself is read back.
            is_same = head.get("ChecksumSHA256") == wanted or self._read_back(path.name) == sha256
        if not is_same or head.get("ContentLength") != path.stat().st_size:
            raise NotConfirmed

    def fetch(self, name: str, path: Path) -> None:
        with _words("did not give the backup back"):
            self._client.download_file(self._bucket, self._key(name), str(path))

    def delete(self, name: str) -> None:
        with _words("did not delete the backup"):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(name))

    def _read_back(self, name: str) -> str:
        found = hashlib.sha256()
        stored = self._client.get_object(Bucket=self._bucket, Key=self._key(name))
        for part in stored["Body"].iter_chunks(READ_AT_ONCE):
            found.update(part)
        return found.hexdigest()

    def _key(self, name: str) -> str:
        prefix = settings.BACKUP_S3_PREFIX
        return f"{prefix}/{name}" if prefix else name

    def _put_in_parts(self, path: Path) -> str:
        """Send in parts; the answer is the checksum that S3 gives to the whole of them."""
        target = {"Bucket": self._bucket, "Key": self._key(path.name)}
        upload = self._client.create_multipart_upload(**target, ChecksumAlgorithm="SHA256")
        upload_id = upload["UploadId"]
        digests, parts = [], []
        try:
            for number, part in enumerate(_parts(path), start=1):
                digest = hashlib.sha256(part).digest()
                checksum = base64.b64encode(digest).decode()
                sent = self._client.upload_part(
                    **target,
                    UploadId=upload_id,
                    PartNumber=number,
                    Body=part,
                    ChecksumSHA256=checksum,
                )
                digests.append(digest)
                parts.append(
                    {"PartNumber": number, "ETag": sent["ETag"], "ChecksumSHA256": checksum}
                )
            self._client.complete_multipart_upload(
                **target, UploadId=upload_id, MultipartUpload={"Parts": parts}
            )
        except Exception:
            self._client.abort_multipart_upload(**target, UploadId=upload_id)
            raise
        whole = hashlib.sha256(b"".join(digests)).digest()
        return f"{base64.b64encode(whole).decode()}-{len(digests)}"


class DjangoStorage:
    """Any storage class of Django's (`BACKUP_STORAGE`); read back to be confirmed."""

    name = STORAGE

    def __init__(self) -> None:
        self._storage = storages["backups"]

    def put(self, path: Path, *, sha256: str) -> None:
        with _words("did not take the backup"):
            if self._storage.exists(path.name):
                self._storage.delete(path.name)
            with path.open("rb") as file:
                saved_as = self._storage.save(path.name, File(file))
            found = hashlib.sha256()
            with self._storage.open(saved_as) as stored:
                for part in stored.chunks(READ_AT_ONCE):
                    found.update(part)
        if saved_as != path.name or found.hexdigest() != sha256:
            raise NotConfirmed

    def fetch(self, name: str, path: Path) -> None:
        with (
            _words("did not give the backup back"),
            self._storage.open(name) as stored,
            path.open("wb") as file,
        ):
            for part in stored.chunks(READ_AT_ONCE):
                file.write(part)

    def delete(self, name: str) -> None:
        with _words("did not delete the backup"):
            self._storage.delete(name)


class _words:  # noqa: N801 - used as a statement
    """Turns whatever a storage raises into one sentence without its words: they name keys."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: Any) -> None:
        if kind is not None and issubclass(kind, Exception) and not issubclass(kind, PlaceAway):
            raise PlaceAway(f"The storage {self._what} ({_short(error)}).") from None


def _short(error: Exception) -> str:
    """The kind of an error and, of S3, its code; never its text."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    return f"{type(error).__name__} {code}".strip()


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(PART_SIZE):
            yield part
