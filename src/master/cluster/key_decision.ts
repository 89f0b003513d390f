/**
 * Which of two decisions on a key holds. The same rule stands in Lua, because Redis has to decide when
 * two masters tell theirs at once.
 * @module
 */
import type { KeyRecord, SharedKeyState } from "./memory.ts";

/** At the same instant, what lets fewer in holds. */
const RANK: Readonly<Record<SharedKeyState, number>> = {
  rejected: 4,
  denied: 4,
  deleted: 3,
  accepted: 2,
  pending: 1,
};

/** Whether a text is one of the states. */
export function isSharedState(text: string): text is SharedKeyState {
  return Object.hasOwn(RANK, text);
}

type Decision = Pick<KeyRecord, "state" | "version">;

/**
 * Whether `fresh` takes the place of `known`. The later one does, but a key that a minion only offered
 * never takes the place of an operator's yes or no.
 */
export function holds(fresh: Decision, known: Decision): boolean {
  if (fresh.state === "pending" && decided(known.state)) return false;
  if (known.state === "pending" && decided(fresh.state)) return true;
  if (fresh.version !== known.version) return fresh.version > known.version;
  return RANK[fresh.state] > RANK[known.state];
}

function decided(state: SharedKeyState): boolean {
  return state === "accepted" || state === "rejected";
}

/**
 * KEYS: hash of keys, stream. ARGV: name, version, state, sealed value, then the words of XADD after its
 * key. Gives the value that holds instead, or false when the given one was put.
 */
export const PUT_KEY = `
local rank = { rejected = 4, denied = 4, deleted = 3, accepted = 2, pending = 1 }
local function decided(s) return s == 'accepted' or s == 'rejected' end
local function wins(v, s, kv, ks)
  if s == 'pending' and decided(ks) then return false end
  if ks == 'pending' and decided(s) then return true end
  if v ~= kv then return v > kv end
  return (rank[s] or 0) > (rank[ks] or 0)
end
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known then
  local kv, ks = string.match(known, '^(%S+) (%S+) ')
  if kv and not wins(ARGV[2], ARGV[3], kv, ks) then return known end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4])
redis.call('XADD', KEYS[2], unpack(ARGV, 5))
return false`;
