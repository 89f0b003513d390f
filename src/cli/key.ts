/**
 * `saltx key`: lists, shows, accepts, rejects and deletes the keys of minions, and makes keys. Works
 * on the master's files, and needs no master that runs. (`salt/key.py:KeyCLI`, `salt/cli/key.py`)
 * @module
 */
import { join } from "node:path";
import { loadMasterConfig, type MasterOpts, masterTable } from "../config/mod.ts";
import { EX, messageOf, SaltConfigurationError, SaltException } from "../errors.ts";
import { isReadable } from "../fs/mod.ts";
import {
  type KeysByFolder,
  keysByFolder,
  localKeys,
  matchKeys,
  statesOfWord,
} from "../key/key_matches.ts";
import { readKeyFile } from "../key/key_files.ts";
import {
  EstateKeyStore,
  keyFinger,
  sortIgnoringCase,
  STATE_FOLDERS,
  stateOfFolder,
} from "../key/mod.ts";
import { getLogger, type Logging, setupLogging } from "../logging/mod.ts";
import type { Data } from "../types/mod.ts";
import { checkUsage, chooseAction, type KeyToolAction, truthOption } from "./key/action.ts";
import { decideKeys } from "./key/decide.ts";
import { generateKeys, generateSignature } from "../key/generate.ts";
import { flagOption, type RunTool, textOption } from "./invocation.ts";
import type { Invocation } from "./invocation.ts";
import { Output } from "./output.ts";

/** What every action uses. */
interface KeyTool {
  call: Invocation;
  opts: MasterOpts;
  store: EstateKeyStore;
  show(data: Data): void;
}

/** The program of `saltx key`. */
export const run: RunTool = async (call) => {
  checkUsage(call);
  const action = chooseAction(call);
  const opts = loadOpts(call, action);
  const logging = await enter(call, action, opts);
  try {
    const output = new Output(call, opts);
    const show = (data: Data) => output.show(data, { out: "key" });
    return await act({ call, opts, store: new EstateKeyStore(opts), show }, action);
  } finally {
    await logging.close();
  }
};

async function act(tool: KeyTool, { kind, match }: KeyToolAction): Promise<number> {
  switch (kind) {
    case "list":
      return list(tool, match);
    case "print":
      return showKeys(tool, storedKeys(tool), match, (pem) => pem);
    case "finger":
      return showKeys(tool, allKeys(tool), match, (pem) => keyFinger(pem, tool.opts.hash_type));
    case "gen_keys":
      return await makeKeys(tool, match);
    case "gen_signature":
      return await makeSignature(tool);
    default:
      return await decideKeys(decideParts(tool), kind, match);
  }
}

/** What changes nothing is not logged to `key_logfile`, so that who may only look needs no right to write. */
const LOOKS_ONLY: ReadonlySet<KeyToolAction["kind"]> = new Set(["list", "print", "finger"]);

/** Sets up logging and becomes the master's user, who owns the files. */
async function enter(call: Invocation, action: KeyToolAction, opts: MasterOpts): Promise<Logging> {
  const another = process.getuid?.() === 0 && opts.user !== "" && opts.user !== "root";
  const owner = another ? (await import("../runtime/user.ts")).lookUpUser(opts.user) : undefined;
  const options = { ...opts, log_file: opts.key_logfile };
  const writeConsole = (line: string) => call.io.err(`${line}\n`);
  let logging: Logging;
  try {
    const daemon = !LOOKS_ONLY.has(action.kind);
    logging = setupLogging(options, { daemon, writeConsole, ...(owner ? { owner } : {}) });
  } catch (error) {
    if (error instanceof SaltConfigurationError) throw error;
    logging = setupLogging(options, { daemon: false, writeConsole });
    getLogger("saltx.key").warning(messageOf(error));
  }
  if (owner) (await import("../runtime/mod.ts")).runtime.becomeUser(opts.user);
  return logging;
}

function loadOpts(call: Invocation, action: KeyToolAction): MasterOpts {
  const overrides: Record<string, unknown> = {};
  for (const dest of call.explicit) {
    if (Object.hasOwn(masterTable, dest)) overrides[dest] = call.values[dest] ?? null;
  }
  const rotate = truthOption(call, "rotate_aes_key");
  if (rotate !== undefined) overrides["rotate_aes_key"] = rotate;
  const given = textOption(call, "config_dir");
  // Whoever makes a pair for another host may have no configuration to read.
  const unreadable = action.kind === "gen_keys" && given !== undefined && !isReadable(given);
  const configDir = unreadable ? textOption(call, "gen_keys_dir") : given;
  return loadMasterConfig({
    ...(configDir === undefined ? {} : { configDir }),
    overrides,
    env: call.io.env,
  });
}

function list({ store, opts, show }: KeyTool, word: string): number {
  const states = statesOfWord(word) ?? [];
  if (states.length > 1) {
    if (localKeys(opts.pki_dir) === null) {
      throw new SaltException(
        `There is no key folder "${opts.pki_dir}". A master makes it when it starts; is this its ` +
          `configuration?`,
      );
    }
    show(keysByFolder(store.list()) as Data);
    return EX.OK;
  }
  show(Object.fromEntries(
    states.map((state) => [STATE_FOLDERS[state], sortIgnoringCase(store.ids(state))]),
  ));
  return EX.OK;
}

function storedKeys({ store }: KeyTool): KeysByFolder {
  return keysByFolder(store.list());
}

/** With the master's own. */
function allKeys(tool: KeyTool): KeysByFolder {
  return { ...storedKeys(tool), local: localKeys(tool.opts.pki_dir) ?? [] };
}

function ownKey(path: string, name: string): [string, string][] {
  const text = readKeyFile(path);
  return text === null ? [] : [[name, text]];
}

/** Shows something about each matching key. */
function showKeys(
  tool: KeyTool,
  keys: KeysByFolder,
  match: string,
  textOf: (pem: string) => string,
): number {
  const { store, opts, show } = tool;
  const shown: Record<string, Record<string, string>> = {};
  for (const [folder, ids] of Object.entries(matchKeys(keys, match))) {
    const texts: Record<string, string> = shown[folder] = {};
    const state = stateOfFolder(folder);
    for (const id of ids) {
      // None: it was moved while this ran.
      const found = state ? store.readAll(state, id) : ownKey(join(opts.pki_dir, id), id);
      for (const [name, text] of found) texts[name] = textOf(text);
    }
  }
  show(shown);
  return EX.OK;
}

function bitsOf({ call, opts }: KeyTool): number {
  const given = call.explicit.has("keysize") ? call.values["keysize"] : opts.keysize;
  return Math.max(2048, Number(given));
}

async function makeKeys(tool: KeyTool, name: string): Promise<number> {
  const folder = textOption(tool.call, "gen_keys_dir") ?? ".";
  const finger = await generateKeys(tool.opts, { folder, name, bits: bitsOf(tool) });
  tool.show({ return: finger });
  return EX.OK;
}

async function makeSignature(tool: KeyTool): Promise<number> {
  const { call, opts, show } = tool;
  const result = await generateSignature(opts, {
    priv: textOption(call, "priv"),
    pub: textOption(call, "pub"),
    signaturePath: textOption(call, "signature_path"),
    autoCreate: flagOption(call, "auto_create"),
    bits: bitsOf(tool),
  });
  show({ return: result });
  return result === true ? EX.OK : EX.GENERIC;
}

function decideParts({ call, opts, store, show }: KeyTool) {
  return {
    parsed: call,
    io: call.io,
    store,
    show,
    cachedir: opts.cachedir,
    sockDir: opts.sock_dir,
    rotate: opts.rotate_aes_key,
    forget: !opts.preserve_minion_cache && truthOption(call, "preserve_minions") !== true,
  };
}
