/**
 * Compares masters that are to be alike: keys, options and access rules.
 * @module
 */
import { Buffer } from "node:buffer";
import { scryptSync } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { loadMasterConfig, type MasterOpts } from "../../config/mod.ts";
import { pemFinger } from "../../crypt/mod.ts";
import { CommandExecutionError, messageOf } from "../../errors.ts";
import { EstateKeyStore } from "../../key/mod.ts";
import { KEY_STATES } from "../../key/states.ts";
import { type RunnerContext, runnerFn, runnerModule } from "../../loader/runner_types.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import { VERSION } from "../../version.ts";

/** Bytes of a description that are read. */
const MOST_BYTES = 256 * 1024 * 1024;

/** Options that say who may do what. */
const ACCESS = new Set([
  "client_acl_verify",
  "external_auth",
  "keep_acl_in_token",
  "peer",
  "peer_run",
  "permissive_acl",
  "publisher_acl",
  "publisher_acl_blacklist",
  "sudo_acl",
  "token_expire",
  "token_expire_user_override",
]);

/** Options that are each host's own. */
const OWN = new RegExp(
  "^(__.*|.*_(dir|dirs|file|log|pidfile|logfile)|cachedir|conf_file|default_include|extension_modules|id|" +
    "interface|master_id|output|pidfile|publish_port|ret_port|root_dir|syndic_.*|tcp_master_.*|user|" +
    "worker_threads)$",
);

/** Options whose values are not told. */
const SECRET = /pass|secret|token|pw$|_key$|^cluster$|\burl$/;

/** What one master is like, as far as masters are to be alike. */
type Description = DataMap & { keys: DataMap; options: DataMap; access: DataMap };

/** The runner `masters`. */
export const masters = runnerModule({
  name: "masters",
  doc: "Compares masters that are to be alike.",
  functions: {
    describe: runnerFn({
      doc: "Keys, options and access rules of this master, for `masters.diff` on another one. Of " +
        "secrets only a digest is told.",
      args: {},
      example: "salt-run masters.describe --out=json > m1.json",
      run: (ctx): DataMap => describe(ctx.opts, ctx.keys),
    }),
    diff: runnerFn({
      doc:
        "What is different on another master: whose keys are accepted, which options and access " +
        "rules differ. `other` is a file that `masters.describe` wrote there, or its configuration " +
        "folder where that can be read from here; or `minion` names a minion on its host.",
      args: {
        other: { type: "string", default: "", doc: "A file or a folder." },
        minion: { type: "string", default: "", doc: "Id of a minion on the other master's host." },
        program: { type: "string", default: "saltx", doc: "The program there, with `minion`." },
      },
      example: "salt-run masters.diff m1.json\nsalt-run masters.diff minion=m1.example",
      run: async (ctx, { other, minion, program }): Promise<DataMap> => {
        const there = minion === "" ? readOther(other) : await askOther(ctx, minion, program);
        return difference(describe(ctx.opts, ctx.keys), there);
      },
    }),
  },
});

function describe(opts: MasterOpts, store: RunnerContext["keys"]): Description {
  const keys: DataMap = {};
  for (const state of KEY_STATES) {
    for (const id of store.ids(state).sort()) {
      const pem = store.read(state, id);
      const finger = pem === null ? "" : fingerOf(pem, opts.hash_type);
      keys[id] ??= `${state} ${finger}`.trim();
    }
  }
  const options: DataMap = {};
  const access: DataMap = {};
  for (const [name, value] of Object.entries(opts).sort(([a], [b]) => a < b ? -1 : 1)) {
    if (ACCESS.has(name)) access[name] = value as Data;
    else if (!OWN.test(name)) {
      options[name] = told(name, value as Data);
    }
  }
  const own = publicKey(opts);
  return { id: opts.id, version: VERSION, master_key: own, keys, options, access };
}

function fingerOf(pem: string, hashType: string): string {
  try {
    return pemFinger(pem, hashType);
  } catch (error) {
    return `(not a key: ${messageOf(error)})`;
  }
}

function publicKey(opts: MasterOpts): string {
  try {
    return pemFinger(readFileSync(join(opts.pki_dir, "master.pub"), "utf8"), opts.hash_type);
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return "";
    throw error;
  }
}

/** A value without the secrets in it. */
function told(name: string, value: Data): Data {
  if (SECRET.test(name)) return digest(name, value);
  if (Array.isArray(value)) return value.map((item) => told("", item));
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, told(key, part)]));
}

/** Tells whether two are the same, and costs whoever guesses. */
function digest(name: string, value: unknown): string {
  if (value === null || value === undefined || value === "" || typeof value === "boolean") {
    return String(value);
  }
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return `(secret ${Buffer.from(scryptSync(text, `saltx ${name}`, 4)).toString("hex")})`;
}

function readOther(path: string): Description {
  if (path === "") {
    throw new CommandExecutionError("masters.diff needs a file, a folder, or minion=<id>");
  }
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) throw new CommandExecutionError(`There is no file or folder "${path}"`);
  if (stat.isDirectory()) {
    const opts = loadMasterConfig({ configDir: path, warn: () => {} });
    return describe(opts, new EstateKeyStore(opts));
  }
  if (stat.size > MOST_BYTES) throw new CommandExecutionError(`"${path}" is too large to be read`);
  return readDescription(readFileSync(path, "utf8"), `"${path}"`);
}

async function askOther(ctx: RunnerContext, id: string, program: string): Promise<Description> {
  const target = { tgt: [id], tgt_type: "list" as const };
  const command = `${program} run masters.describe --out=json`;
  const [result] = await ctx.client.cmd(target, "cmd.run", [command, pythonFalse()]);
  if (!result) throw new CommandExecutionError(`There is no minion ${id} with an accepted key`);
  if (typeof result.ret !== "string" || result.end !== "returned") {
    throw new CommandExecutionError(
      `Minion ${id} did not describe its master: ${String(result.ret)}`,
    );
  }
  return readDescription(result.ret, `what minion ${id} says`);
}

/** No shell is needed. */
function pythonFalse(): DataMap {
  return { __kwarg__: true, python_shell: false };
}

function readDescription(text: string, from: string): Description {
  let value: Data;
  try {
    value = JSON.parse(text) as Data;
  } catch (error) {
    throw new CommandExecutionError(`Cannot read ${from}: ${messageOf(error)}`, { cause: error });
  }
  const { keys, options, access } = isMap(value) ? value : {} as DataMap;
  if (!isMap(keys) || !isMap(options) || !isMap(access)) {
    throw new CommandExecutionError(
      `${from} is not what masters.describe writes: saltx run masters.describe --out=json > FILE`,
    );
  }
  return value as Description;
}

/** Parts that are the same are left out. */
function difference(here: Description, there: Description): DataMap {
  const parts: DataMap = {};
  for (const part of ["keys", "options", "access"] as const) {
    const differing = compare(here[part], there[part]);
    if (Object.keys(differing).length > 0) parts[part] = differing;
  }
  const same = Object.keys(parts).length === 0;
  const names = { here: here["id"] ?? "", there: there["id"] ?? "" };
  const ownKeys = here["master_key"] === there["master_key"] ? "the same" : "each its own";
  return { same, ...names, master_keys: ownKeys, ...parts };
}

function compare(here: DataMap, there: DataMap): DataMap {
  const names = [...new Set([...Object.keys(here), ...Object.keys(there)])].sort();
  const rows: DataMap = {};
  for (const name of names) {
    // As JSON has them: what was read and what is in memory are written alike.
    const [a, b] = [plain(here[name]), plain(there[name])];
    if (!isDeepStrictEqual(a, b)) rows[name] = { here: a, there: b };
  }
  return rows;
}

function plain(value: Data | undefined): Data {
  return value === undefined ? null : JSON.parse(
    JSON.stringify(value, (_key, part) => typeof part === "bigint" ? Number(part) : part),
  );
}
