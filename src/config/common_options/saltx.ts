/**
 * Options that only saltx has.
 * @module
 */
import { float, int } from "../option.ts";

/** Options the same on both daemons. */
export const commonSaltx = {
  max_message_size: int(
    268435456,
    "yes",
    "Bytes a message of a peer may have; longer ones are refused before they are read.",
    { min: 65536, max: 4294967295 },
  ),
  drain_timeout: float(30, "yes", "Seconds a stopping daemon gives running work before it ends.", {
    min: 0,
  }),
};
