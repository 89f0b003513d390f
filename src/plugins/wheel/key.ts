/** Keys of minions. (`salt/wheel/key.py`, `salt/key.py:Key`) @module */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { generateRsaKeyPair, pemFinger } from "../../crypt/mod.ts";
import { SaltInvocationError } from "../../errors.ts";
import { type KeyAction, keyFinger, type KeyRef, requestRotation } from "../../key/mod.ts";
import {
  keyRefs,
  type KeysByFolder,
  keysByFolder,
  localKeys,
  matchKeys,
  statesOfWord,
} from "../../key/key_matches.ts";
import { generateKeys, generateSignature } from "../../key/generate.ts";
import { STATE_FOLDERS } from "../../key/states.ts";
import { type RunnerContext, runnerFn, runnerModule } from "../../loader/runner_types.ts";
import { isValidMinionId } from "../../text/minion_id.ts";
import { type Data, type DataMap } from "../../types/mod.ts";

const match = {
  type: "string",
  required: true,
  doc: "Globs of ids, with commas between.",
} as const;
const matchDict = { type: "map", required: true, doc: "Ids by folder." } as const;
const include = (state: string) =>
  ({ type: "bool", default: false, doc: `Also ${state} keys.` }) as const;
const hashType = { type: "string", doc: "Hash; hash_type of the options else." } as const;

/** Hashes that a fingerprint may be asked in. */
const HASHES = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];

function listed(ctx: RunnerContext): KeysByFolder {
  return keysByFolder(ctx.keys.list());
}

function only(keys: KeysByFolder, ...folders: (keyof KeysByFolder)[]): KeysByFolder {
  return Object.fromEntries(
    Object.entries(keys).filter(([name]) => folders.includes(name as keyof KeysByFolder)),
  );
}

/** Ids by folder as a caller hands them in; what is no list of ids is refused. */
function fromDict(ctx: RunnerContext, wanted: DataMap): KeysByFolder {
  const all = listed(ctx);
  const chosen: KeysByFolder = {};
  for (const [folder, ids] of Object.entries(wanted)) {
    const list = typeof ids === "string" ? [ids] : ids;
    if (!Array.isArray(list) || !list.every((id) => typeof id === "string")) {
      throw new SaltInvocationError(`The ids of '${folder}' must be a list of texts`);
    }
    if (!Object.hasOwn(all, folder)) continue;
    const name = folder as keyof KeysByFolder;
    const known = new Set(all[name]);
    const found = (list as string[]).filter((id) => known.has(id));
    if (found.length > 0) chosen[name] = found;
  }
  return chosen;
}

/** Changes keys and tells the bus; forgets minions and asks for a new session key where due. */
async function change(ctx: RunnerContext, action: KeyAction, refs: KeyRef[]): Promise<void> {
  const done = ctx.keys.change(action, refs).filter(({ outcome }) => outcome === "done");
  if (done.length === 0) return;
  if (action !== "accept" && ctx.opts.rotate_aes_key) requestRotation(ctx.opts.cachedir);
  for (const { id } of done) await ctx.fireEvent("salt/key", { result: true, act: action, id });
  if (action === "delete" && !ctx.opts.preserve_minion_cache) {
    ctx.minionData.forget(done.map(({ id }) => id).filter((id) => ctx.keys.stateOf(id) === null));
  }
}

/** Does something to each key of a selection, the master's own included. */
function each(
  ctx: RunnerContext,
  keys: KeysByFolder,
  read: (pem: string) => string,
): DataMap {
  const found: DataMap = {};
  for (const { state, id } of keyRefs(keys)) {
    const pem = ctx.keys.read(state, id);
    const folder = STATE_FOLDERS[state];
    if (pem !== null) found[folder] = { ...(found[folder] as DataMap), [id]: read(pem) };
  }
  for (const name of keys.local ?? []) {
    if (!name.endsWith(".pub")) continue;
    const pem = readFileSync(join(ctx.opts.pki_dir, name), "utf8");
    found["local"] = { ...(found["local"] as DataMap), [name]: read(pem) };
  }
  return found;
}

function hashOf(ctx: RunnerContext, wanted: string | null): string {
  const hash = wanted ?? ctx.opts.hash_type;
  if (HASHES.includes(hash)) return hash;
  throw new SaltInvocationError(`hash_type must be one of ${HASHES.join(", ")}`);
}

function withLocal(ctx: RunnerContext): KeysByFolder {
  return { local: localKeys(ctx.opts.pki_dir) ?? [], ...listed(ctx) };
}

/** The wheel module `key`. */
export const key = runnerModule({
  name: "key",
  doc: "Keys of minions.",
  functions: {
    list_all: runnerFn({
      doc: "All keys by folder.",
      args: {},
      run: (ctx) => withLocal(ctx) as Data,
    }),
    list: runnerFn({
      doc: "The keys in one state: accepted, pre, rejected, denied, or all.",
      args: { match: { ...match, doc: "The state." } },
      run: (ctx, args) => {
        const states = statesOfWord(args.match);
        if (states === null) return {};
        return only(listed(ctx), ...states.map((state) => STATE_FOLDERS[state])) as Data;
      },
    }),
    name_match: runnerFn({
      doc: "Keys whose id matches, by folder.",
      args: { match },
      run: (ctx, args) => matchKeys(withLocal(ctx), args.match) as Data,
    }),
    accept: runnerFn({
      doc: "Accepts pending keys.",
      args: { match, include_rejected: include("rejected"), include_denied: include("denied") },
      run: async (ctx, args) => {
        const keys = only(
          matchKeys(listed(ctx), args.match),
          "minions_pre",
          ...(args.include_rejected ? ["minions_rejected" as const] : []),
          ...(args.include_denied ? ["minions_denied" as const] : []),
        );
        await change(ctx, "accept", keyRefs(keys));
        return matchKeys(listed(ctx), args.match) as Data;
      },
    }),
    accept_dict: runnerFn({
      doc: "Accepts keys named by folder.",
      args: { match: matchDict },
      run: async (ctx, args) => {
        await change(ctx, "accept", keyRefs(fromDict(ctx, args.match)));
        return listed(ctx) as Data;
      },
    }),
    reject: runnerFn({
      doc: "Rejects pending keys.",
      args: { match, include_accepted: include("accepted"), include_denied: include("denied") },
      run: async (ctx, args) => {
        const keys = only(
          matchKeys(listed(ctx), args.match),
          "minions_pre",
          ...(args.include_accepted ? ["minions" as const] : []),
          ...(args.include_denied ? ["minions_denied" as const] : []),
        );
        await change(ctx, "reject", keyRefs(keys));
        return matchKeys(listed(ctx), args.match) as Data;
      },
    }),
    reject_dict: runnerFn({
      doc: "Rejects keys named by folder.",
      args: { match: matchDict },
      run: async (ctx, args) => {
        await change(ctx, "reject", keyRefs(fromDict(ctx, args.match)));
        return listed(ctx) as Data;
      },
    }),
    delete: runnerFn({
      doc: "Deletes keys in any state.",
      args: { match },
      run: async (ctx, args) => {
        await change(ctx, "delete", keyRefs(matchKeys(listed(ctx), args.match)));
        return matchKeys(listed(ctx), args.match) as Data;
      },
    }),
    delete_dict: runnerFn({
      doc: "Deletes keys named by folder.",
      args: { match: matchDict },
      run: async (ctx, args) => {
        await change(ctx, "delete", keyRefs(fromDict(ctx, args.match)));
        return {};
      },
    }),
    finger: runnerFn({
      doc: "Fingerprints by folder.",
      args: { match, hash_type: hashType },
      run: (ctx, args) => {
        const hash = hashOf(ctx, args.hash_type);
        return each(ctx, matchKeys(withLocal(ctx), args.match), (text) => keyFinger(text, hash));
      },
    }),
    finger_master: runnerFn({
      doc: "The fingerprint of the master's public key.",
      args: { hash_type: hashType },
      run: (ctx, args) => {
        const hash = hashOf(ctx, args.hash_type);
        return each(ctx, { local: ["master.pub"] }, (pem) => pemFinger(pem, hash));
      },
    }),
    key_str: runnerFn({
      doc: "Public keys by folder.",
      args: { match },
      run: (ctx, args) => each(ctx, matchKeys(withLocal(ctx), args.match), (pem) => pem),
    }),
    master_key_str: runnerFn({
      doc: "The master's public key.",
      args: {},
      run: (ctx) =>
        existsSync(join(ctx.opts.pki_dir, "master.pub"))
          ? each(ctx, { local: ["master.pub"] }, (pem) => pem)
          : {},
    }),
    gen: runnerFn({
      doc: "A new key pair. It is kept nowhere.",
      args: { id_: idArg(), keysize: sizeArg() },
      run: async (_ctx, args) => await pair(args.keysize),
    }),
    gen_keys: runnerFn({
      doc: "A new key pair in files, unless there is one of that name.",
      args: {
        keydir: { type: "string", doc: "The folder; that of the master's keys else." },
        keyname: { type: "string", required: true, doc: "The files' name, without ending." },
        keysize: sizeArg(),
        user: { type: "string", doc: "Accepted for Salt's sake: the files are the master's." },
      },
      run: async (ctx, args) => {
        if (!/^[\w.-]+$/.test(args.keyname) || args.keyname.startsWith(".")) {
          throw new SaltInvocationError("keyname is the name of a file, without a folder");
        }
        const bits = checkedSize(args.keysize);
        const folder = args.keydir ?? ctx.opts.pki_dir;
        return await generateKeys(ctx.opts, { folder, name: args.keyname, bits });
      },
    }),
    gen_signature: runnerFn({
      doc: "Signs the master's public key, for minions that check it.",
      args: {
        priv: { type: "string", doc: "Private key to sign with; master_sign.pem else." },
        pub: { type: "string", doc: "Public key to sign; master.pub else." },
        signature_path: { type: "string", doc: "Folder of the signature; the keys' else." },
        auto_create: {
          type: "bool",
          default: false,
          doc: "Make the signing key if it is missing.",
        },
        keysize: sizeArg(),
      },
      run: (ctx, args) =>
        generateSignature(ctx.opts, {
          priv: args.priv ?? undefined,
          pub: args.pub ?? undefined,
          signaturePath: args.signature_path ?? undefined,
          autoCreate: args.auto_create,
          bits: checkedSize(args.keysize),
        }),
    }),
    gen_accept: runnerFn({
      doc: "A new key pair whose public key is accepted for a minion.",
      args: {
        id_: { ...idArg(), required: true },
        keysize: sizeArg(),
        force: { type: "bool", default: false, doc: "Also when there is a key of that id." },
      },
      run: async (ctx, args) => {
        const id = args.id_;
        if (!isValidMinionId(id)) throw new SaltInvocationError("id_ is not a valid minion id");
        if (!args.force && ctx.keys.stateOf(id) !== null) return {};
        const made = await pair(args.keysize);
        ctx.keys.insert(id, made.pub);
        await ctx.fireEvent("salt/key", { result: true, act: "accept", id });
        return made;
      },
    }),
  },
  aliases: { print: "key_str" },
});

function idArg() {
  return { type: "string", default: "", doc: "The minion's id." } as const;
}

function sizeArg() {
  return { type: "int", default: 2048, doc: "Bits, 2048 to 8192." } as const;
}

function checkedSize(bits: number): number {
  if (bits < 2048 || bits > 8192) throw new SaltInvocationError("keysize must be 2048 to 8192");
  return bits;
}

async function pair(bits: number): Promise<{ priv: string; pub: string }> {
  const { privateKey, publicKey } = await generateRsaKeyPair({ bits: checkedSize(bits) });
  return { priv: privateKey, pub: publicKey };
}
