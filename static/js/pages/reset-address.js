import { postToken } from "../lib/link-token.js";

postToken();
