/**
 * What a Redis server or the way to it can fail with, in words that say what to do.
 * @module
 */
import { messageOf } from "../errors.ts";

/** Kinds of failure that a caller tells apart. */
export type RedisFault =
  /** No connection, or it broke: the command may or may not have been done. */
  | "down"
  /** Too many commands wait for an answer. */
  | "busy"
  /** The server wants another password, or this user may not do it. */
  | "denied"
  /** The server takes no writes: memory or disk is full, or it is a replica. */
  | "full"
  /** It said no for another reason. */
  | "refused";

/** By the first words of what the server says. (https://redis.io/docs/latest/develop/reference/protocol-spec/) */
const SERVER_FAULTS: readonly [RegExp, RedisFault, string?][] = [
  [/^NOAUTH/, "denied", "it wants a password"],
  [/^WRONGPASS/, "denied", "user or password is wrong"],
  [/^ERR AUTH/, "denied", "it knows no password, but one is set here"],
  [/^NOPERM/, "denied"],
  [/^OOM/, "full", "its memory is full (maxmemory)"],
  [/^MISCONF/, "full", "it cannot write to its disk and takes no changes; see its log"],
  [/^READONLY/, "full", "it is a replica, which takes no changes; name the primary"],
  [/^LOADING/, "down", "it is still loading its data"],
  [/^CLUSTERDOWN/, "down", "the cluster is down"],
  [/^[A-Z]+ /, "refused"],
];

const SYSTEM_FAULTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there; is it running, and is the port right?",
  ENOENT: "there is no such socket; is it running, and is the path right?",
  EACCES: "this user may not open the socket",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the name cannot be resolved now",
  EHOSTUNREACH: "no way to that host",
  ENETUNREACH: "no way to that network",
  ETIMEDOUT: "it does not answer",
  ECONNRESET: "it closed the connection",
};

/** Whether it is what a server said, and not what became of the way to it. */
export function isReply(cause: unknown): boolean {
  const message = messageOf(cause);
  return SERVER_FAULTS.some(([pattern]) => pattern.test(message));
}

export function faultOf(cause: unknown): { fault: RedisFault; why: string } {
  const message = messageOf(cause);
  for (const [pattern, fault, why] of SERVER_FAULTS) {
    if (pattern.test(message)) return { fault, why: why ?? message };
  }
  if (/queue is full/i.test(message)) {
    return { fault: "busy", why: "too many commands wait for it" };
  }
  if (/timeout|timed out|aborted/i.test(message)) {
    return { fault: "down", why: "it does not answer" };
  }
  if (/socket closed|client is (offline|closed)|disconnects client/i.test(message)) {
    return { fault: "down", why: "the connection broke" };
  }
  const code = codeOf(cause);
  return { fault: "down", why: (code && SYSTEM_FAULTS[code]) || message || String(code) };
}

/** The code of a system error; of several tries (IPv6, then IPv4), that of the last. */
function codeOf(cause: unknown): string | undefined {
  const { code, errors } = cause as { code?: string; errors?: { code?: string }[] };
  return errors?.at(-1)?.code ?? code;
}
