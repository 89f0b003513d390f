/**
 * `saltx key -a`, `-r` and `-d`: shows the keys, asks, changes them and says so.
 * (`salt/key.py:KeyCLI.run`, `Key.accept`, `Key.reject`, `Key.delete_key`)
 * @module
 */
import { EX, SaltException } from "../../errors.ts";
import {
  type KeyAction,
  type KeyChange,
  KeyChangeError,
  type KeyStore,
  requestRotation,
} from "../../key/mod.ts";
import { keyRefs, type KeysByFolder, keysByFolder, matchKeys } from "../../key/key_matches.ts";
import { getLogger } from "../../logging/mod.ts";
import type { Data } from "../../types/mod.ts";
import type { CliIo } from "../invocation.ts";
import { flagOption } from "../invocation.ts";
import type { ParsedArgs } from "../parse_args.ts";
import { forgetMinions, tellMaster } from "./announce.ts";

const log = getLogger("saltx.key");

/** What deciding needs. */
export interface DecideParts {
  parsed: ParsedArgs;
  io: CliIo;
  store: KeyStore;
  /** Shows data by the outputter that is asked for. */
  show(data: Data): void;
  cachedir: string;
  sockDir: string;
  /** Whether the session key turns when keys are rejected or deleted. */
  rotate: boolean;
  /** Whether what is known of a minion goes with its key. */
  forget: boolean;
}

/** Which states other than pending take part. */
interface Included {
  accepted: boolean;
  rejected: boolean;
  denied: boolean;
}

const PAST: Readonly<Record<KeyAction, string>> = {
  accept: "accepted",
  reject: "rejected",
  delete: "deleted",
};

/** Does it; gives the exit code. */
export async function decideKeys(
  parts: DecideParts,
  action: KeyAction,
  match: string,
): Promise<number> {
  const { io, store } = parts;
  const included = includedStates(parts.parsed, action);
  const matching = matchKeys(keysByFolder(store.list()), match);
  const keys = action === "delete" ? matching : filterStates(matching, included);
  if (Object.keys(keys).length === 0) {
    io.out(`${noMatch(match, included)}\n`);
    return EX.OK;
  }
  io.out(`The following keys are going to be ${PAST[action]}:\n`);
  parts.show(keys as Data);
  if (!flagOption(parts.parsed, "yes") && !await confirmed(io, action)) return EX.OK;
  return await change(parts, action, keys);
}

function includedStates(parsed: ParsedArgs, action: KeyAction): Included {
  const flag = (name: string) => flagOption(parsed, `include_${name}`);
  return {
    accepted: action !== "accept" && (flag("accepted") || action === "reject" && flag("all")),
    rejected: action !== "reject" && (flag("rejected") || action === "accept" && flag("all")),
    denied: flag("denied"),
  };
}

function filterStates(keys: KeysByFolder, included: Included): KeysByFolder {
  return {
    ...(keys.minions_pre ? { minions_pre: keys.minions_pre } : {}),
    ...(included.accepted && keys.minions ? { minions: keys.minions } : {}),
    ...(included.rejected && keys.minions_rejected
      ? { minions_rejected: keys.minions_rejected }
      : {}),
    ...(included.denied && keys.minions_denied ? { minions_denied: keys.minions_denied } : {}),
  };
}

function noMatch(match: string, included: Included): string {
  const states = ["unaccepted"];
  for (const state of ["accepted", "rejected", "denied"] as const) {
    if (included[state]) states.push(state);
  }
  const last = states.pop()!;
  const text = states.length === 0 ? last : `${states.join(", ")} or ${last}`;
  return `The key glob '${match}' does not match any ${text} keys.`;
}

/** An empty answer means yes, except to a deletion. */
async function confirmed(io: CliIo, action: KeyAction): Promise<boolean> {
  const byDefault = action !== "delete";
  const answer = await io.readLine({ prompt: byDefault ? "Proceed? [n/Y] " : "Proceed? [N/y] " });
  if (answer === null) {
    throw new SaltException("\nNobody answered, so nothing was changed. Use -y to answer yes");
  }
  return answer === "" ? byDefault : answer.toLowerCase().startsWith("y");
}

async function change(parts: DecideParts, action: KeyAction, keys: KeysByFolder): Promise<number> {
  let failure: unknown;
  let changes: KeyChange[];
  try {
    changes = parts.store.change(action, keyRefs(keys));
  } catch (error) {
    if (!(error instanceof KeyChangeError)) throw error;
    changes = error.changes;
    failure = error;
  }
  let code: number = EX.OK;
  for (const done of changes) {
    if (succeeded(parts.store, action, done)) {
      log.info(`The key of ${done.id} (${done.state}) was ${PAST[action]}`);
      parts.io.out(`Key for minion ${done.id} ${PAST[action]}.\n`);
    } else {
      parts.io.err(`${reasonFor(action, done)}\n`);
      code = EX.GENERIC;
    }
  }
  await afterwards(parts, action, changes.filter(({ outcome }) => outcome === "done"));
  if (failure !== undefined) throw failure;
  return code;
}

/** A key that somebody else has just moved to the same place is where it was wanted. */
function succeeded(store: KeyStore, action: KeyAction, { id, outcome }: KeyChange): boolean {
  if (outcome !== "gone") return outcome === "done";
  if (action === "delete") return true;
  return store.read(action === "accept" ? "accepted" : "rejected", id) !== null;
}

function reasonFor(action: KeyAction, { id, outcome }: KeyChange): string {
  if (outcome === "invalid") return `Unable to accept invalid key for ${id}.`;
  if (outcome === "taken") {
    return `Unable to accept the key for ${id}: another key of that id is accepted. Delete that ` +
      `one first if this is the right one.`;
  }
  return `Unable to ${action} the key for ${id}: it was moved or deleted in the meantime.`;
}

/** First what makes the change hold, then who has to know. */
async function afterwards(
  parts: DecideParts,
  action: KeyAction,
  changes: readonly KeyChange[],
): Promise<void> {
  if (changes.length === 0) return;
  const ids = [...new Set(changes.map(({ id }) => id))];
  if (action !== "accept" && parts.rotate) requestRotation(parts.cachedir);
  await tellMaster(parts.sockDir, action, ids);
  if (action === "delete" && parts.forget) await forgetMinions(parts.cachedir, parts.store, ids);
}
