/**
 * Options that only saltx has.
 * @module
 */
import { bool, float, int } from "../option.ts";

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
  zmq_heartbeat_interval: int(
    30,
    "yes",
    "Seconds between pings over a ZeroMQ link that is quiet; 0 turns them off.",
    { min: 0 },
  ),
  zmq_heartbeat_timeout: int(
    60,
    "yes",
    "Seconds without an answer to a ping after which a ZeroMQ link counts as dead.",
    { min: 1 },
  ),
  outbox_max_entries: int(
    100000,
    "yes",
    "Returns and events that wait for returners whose server is away; of more, the oldest go.",
    { min: 1 },
  ),
  outbox_max_bytes: int(
    268435456,
    "yes",
    "Bytes of what waits for returners; of more, the oldest go.",
    { min: 65536 },
  ),
  fileserver_links_outside: bool(
    false,
    "yes",
    "Serve what links inside file_roots lead to, also outside of them.",
  ),
};
