/** Keys by which sources of packages are signed: `pkg.add_repo_key` … @module */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { atomicWrite } from "../../../fs/mod.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { which } from "../../../process/mod.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { operand, program, runProgram } from "../_program.ts";
import { apt } from "./apt.ts";

/** Where keys are kept: with `apt-key`, or as files in a folder. */
export interface KeyPlace {
  aptkey: boolean;
  folder: string;
  /** Name of the file; that of what is fetched when null. */
  file: string | null;
}

/** Where a key comes from. */
export interface KeyOrigin {
  path?: string;
  saltenv?: string;
  text?: string;
  keyserver?: string;
  keyid?: string;
}

function numberOrText(value: string | undefined): Data {
  const text = value?.trim() ?? "";
  if (text === "") return null;
  return /^[-+]?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : text;
}

/** What `gpg --with-colons` says of keys, by id. (GnuPG: doc/DETAILS) */
export function parseKeys(text: string): DataMap {
  const keys: DataMap[] = [];
  for (const line of text.split("\n").filter((one) => one.trim() !== "")) {
    const items = line.split(":");
    const kind = items[0]!.trim();
    const last = keys.at(-1);
    const at = (index: number) => numberOrText(items[index]);
    if (kind === "pub" || kind === "sub") {
      const key: DataMap = {
        algorithm: at(3),
        bits: at(2),
        capability: at(11),
        date_creation: at(5),
        date_expiration: at(6),
        keyid: pyStr(items[4]?.trim() ?? ""),
        validity: at(1),
      };
      if (kind === "pub") keys.push(key);
      else if (last) last["subkey"] = key;
    } else if (kind === "fpr" && last) {
      const owner = (last["subkey"] ?? last) as DataMap;
      owner["fingerprint"] = at(9);
    } else if (kind === "uid" && last) {
      last["uid"] = at(9);
      last["uid_hash"] = at(7);
    }
  }
  return Object.fromEntries(keys.map((key) => [key["keyid"] as string, key]));
}

function keyFiles(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder).map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
}

async function keysIn(ctx: ExecContext, file: string): Promise<DataMap> {
  const argv = ["gpg", "--no-default-keyring", "--keyring", file, "--list-keys", "--with-colons"];
  return parseKeys((await runProgram(ctx, argv, { ignoreRetcode: true })).stdout);
}

/** All keys that apt takes. */
export async function knownKeys(ctx: ExecContext, place: KeyPlace): Promise<DataMap> {
  if (place.aptkey) {
    const argv = ["apt-key", "adv", "--batch", "--list-public-keys", "--with-fingerprint"];
    const options = ["--with-fingerprint", "--with-colons", "--fixed-list-mode"];
    const done = await apt(ctx, [...argv, ...options], { scope: false, ignoreRetcode: true });
    if (done.retcode !== 0) ctx.log.error(done.stderr);
    return parseKeys(done.stdout);
  }
  if (which("gpg") === null) return {};
  const all = await Promise.all(keyFiles(place.folder).map((file) => keysIn(ctx, file)));
  return Object.assign({}, ...all);
}

function folderOf(keydir: string | null): string {
  return keydir || "/etc/apt/keyrings";
}

/** Writes a key into the folder of keys; one in letters becomes binary unless it ends in `.asc`. */
async function writeKey(
  ctx: ExecContext,
  content: Uint8Array,
  name: string,
  place: KeyPlace,
): Promise<boolean> {
  if (name !== basename(name) || name.startsWith(".") || name === "") {
    throw new SaltInvocationError(`"${name}" cannot be the name of a key file`);
  }
  mkdirSync(place.folder, { recursive: true, mode: 0o755 });
  const target = join(place.folder, name);
  const head = new TextDecoder("latin1").decode(content.subarray(0, 64));
  if (!head.includes("BEGIN PGP") || name.endsWith(".asc")) {
    await atomicWrite(target, content, { mode: 0o644 });
    return true;
  }
  program(ctx, "gpg");
  const temp = `${target}.${process.pid}.new`;
  const argv = ["gpg", "--batch", "--yes", "--output", temp, "--dearmor"];
  const { retcode, stderr } = await runProgram(ctx, argv, {
    stdin: new TextDecoder("latin1").decode(content),
  });
  if (retcode === 0) await atomicWrite(target, readFileSync(temp), { mode: 0o644 });
  else ctx.log.error(`The key could not be read: ${stderr}`);
  rmSync(temp, { force: true });
  return retcode === 0;
}

async function receiveKey(
  ctx: ExecContext,
  keyid: string,
  keyserver: string,
  place: KeyPlace,
): Promise<boolean> {
  const id = operand(keyid, "the id of a key");
  const server = operand(keyserver, "a key server");
  if (place.aptkey) {
    const argv = ["apt-key", "adv", "--batch", "--keyserver", server, "--recv", id];
    return (await apt(ctx, argv, { scope: false })).retcode === 0;
  }
  if (place.file === null) {
    ctx.log.error("You must define the name of the key file to save the key: argument keyfile");
    return false;
  }
  mkdirSync(place.folder, { recursive: true, mode: 0o755 });
  const file = join(place.folder, basename(place.file));
  const ring = ["--no-default-keyring", "--keyring", file];
  const argv = ["gpg", "--batch", ...ring, "--keyserver", server, "--recv-keys", id];
  const { retcode, stderr } = await runProgram(ctx, argv);
  if (retcode !== 0) ctx.log.error(`Unable to add repo key: ${stderr}`);
  return retcode === 0 && existsSync(file);
}

/**
 * Adds a key. Whether that went well; the log says why not.
 * @throws SaltInvocationError when no origin is given.
 */
export async function addKey(
  ctx: ExecContext,
  origin: KeyOrigin,
  place: KeyPlace,
): Promise<boolean> {
  const { path, text, keyserver, keyid } = origin;
  if (path !== undefined) {
    const cached = await ctx.salt("cp.cache_file", [path, origin.saltenv ?? "base"]);
    if (!cached) {
      ctx.log.error(`Unable to get cached copy of file: ${path}`);
      return false;
    }
    const file = pyStr(cached);
    if (place.aptkey) return (await apt(ctx, ["apt-key", "add", file])).retcode === 0;
    return await writeKey(ctx, readFileSync(file), place.file ?? basename(file), place);
  }
  if (text !== undefined) {
    if (place.aptkey) {
      return (await apt(ctx, ["apt-key", "add", "-"], { stdin: text })).retcode === 0;
    }
    if (place.file === null) {
      throw new SaltInvocationError(
        "A key from a text needs a file: argument keyfile or signed-by",
      );
    }
    return await writeKey(ctx, new TextEncoder().encode(text), place.file, place);
  }
  if (keyserver !== undefined) {
    if (!keyid) {
      throw new SaltInvocationError(`No keyid or keyid too short for keyserver: ${keyserver}`);
    }
    return await receiveKey(ctx, keyid, keyserver, place);
  }
  throw new SaltInvocationError(
    keyid
      ? `No keyserver specified for keyid: ${keyid}`
      : "A key needs a path, a text or a keyserver",
  );
}

async function removeKey(ctx: ExecContext, keyid: string, place: KeyPlace): Promise<Data> {
  if (place.aptkey) {
    const argv = ["apt-key", "del", operand(keyid, "the id of a key")];
    const { retcode, stderr } = await apt(ctx, argv, { scope: false });
    if (retcode === 0) return keyid;
    throw new CommandExecutionError(
      `Failed to remove keyid ${keyid}${stderr === "" ? "" : `: ${stderr}`}`,
    );
  }
  if (keyid.length !== 8 && keyid.length !== 16) {
    ctx.log.error("The keyid needs to be either 8 or 16 characters");
    return false;
  }
  for (const file of keyFiles(place.folder)) {
    if (Object.keys(await keysIn(ctx, file)).some((id) => id.endsWith(keyid))) {
      rmSync(file);
      return keyid;
    }
  }
  ctx.log.error(`Could not find the key file for keyid: ${keyid}`);
  return false;
}

const aptkey = {
  type: "bool",
  default: true,
  doc: "Keep keys with apt-key, where there is one.",
} as const;
const keydir = {
  type: "string",
  default: null,
  doc: "Folder of key files; /etc/apt/keyrings when left out.",
} as const;

function placeOf(aptkey: boolean, keydir: string | null, file: string | null = null): KeyPlace {
  return { aptkey: aptkey && which("apt-key") !== null, folder: folderOf(keydir), file };
}

/** Functions about keys. */
export const keyFunctions = {
  get_repo_keys: fn({
    doc: "Returns the keys that apt takes, by id.",
    args: { aptkey, keydir },
    example: "salt '*' pkg.get_repo_keys",
    run: (ctx, args) => knownKeys(ctx, placeOf(args.aptkey, args.keydir)),
  }),
  add_repo_key: fn({
    doc: "Adds a key.",
    args: {
      path: { type: "string", default: null, doc: "File of the key: a path or a URL." },
      text: { type: "string", default: null, doc: "The key itself." },
      keyserver: { type: "string", default: null, doc: "Server to fetch it from." },
      keyid: { type: "string", default: null, doc: "Id of the key, for a server." },
      saltenv: { type: "string", default: "base", doc: "Environment of the file." },
      aptkey,
      keydir,
      keyfile: { type: "string", default: null, doc: "Name of the key file to write." },
    },
    example: "salt '*' pkg.add_repo_key 'salt://apt/sources/test.key'\n" +
      "salt '*' pkg.add_repo_key keyserver='keyserver.example' keyid='0000AAAA'",
    async run(ctx, { path, text, keyserver, keyid, saltenv, aptkey, keydir, keyfile }) {
      const place = placeOf(aptkey, keydir, keyfile);
      if (keyid && Object.keys(await knownKeys(ctx, place)).some((id) => id.endsWith(keyid))) {
        return true;
      }
      return await addKey(ctx, {
        saltenv,
        ...(path === null ? {} : { path }),
        ...(text === null ? {} : { text }),
        ...(keyserver === null ? {} : { keyserver }),
        ...(keyid === null ? {} : { keyid }),
      }, place);
    },
  }),
  del_repo_key: fn({
    doc: "Removes a key. Returns its id.",
    args: {
      name: { type: "string", default: null, doc: "Has no effect." },
      aptkey,
      keydir,
      kwargs: { type: "map", keywords: true, doc: "`keyid`: the id of the key." },
    },
    example: "salt '*' pkg.del_repo_key keyid=0123ABCD",
    run(ctx, args) {
      const keyid = args.kwargs["keyid"];
      if (keyid === undefined || keyid === null) {
        throw new SaltInvocationError("keyid must be passed");
      }
      return removeKey(ctx, pyStr(keyid), placeOf(args.aptkey, args.keydir));
    },
  }),
};
