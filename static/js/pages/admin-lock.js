// The administration has pages of its own making; they lock like all others.
import { bindAutoLock } from "../behaviours/auto-lock.js";

bindAutoLock();
