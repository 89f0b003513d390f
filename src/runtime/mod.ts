/**
 * The runtime that this program runs on. Importing it loads nothing heavy: sockets, ciphers and
 * threads load when they are first used.
 * @module
 */
import { denoRuntime } from "./deno.ts";
import { nodeRuntime } from "./node.ts";
import type { Runtime } from "./types.ts";

export { releaseBytes } from "./release_bytes.ts";
export { serveThread } from "./thread_side.ts";
export { codeOf, ZmqError } from "./zmq_error.ts";

/** What Deno and Node do differently. */
export const runtime: Runtime = "deno" in process.versions ? denoRuntime() : nodeRuntime();
