/** Keys of SSH. (`salt/modules/ssh.py`) @module */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, isAbsolute, join } from "node:path";
import { CommandExecutionError, messageOf } from "../../../errors.ts";
import { executionModule, fn } from "../../../loader/types.ts";
import { allUsers, findUser, which } from "../../../process/mod.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { authorizedFunctions } from "./authorized.ts";
import { knownHostsFunctions } from "./known_hosts.ts";

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return otherwise;
  }
}

function hostKeys(folder: string, wanted: { private: boolean; certs: boolean }): DataMap {
  const keys: DataMap = {};
  let names: string[];
  try {
    names = readdirSync(folder).sort();
  } catch (error) {
    throw new CommandExecutionError(`Cannot read "${folder}": ${messageOf(error)}`);
  }
  for (const name of names) {
    const found = /^ssh_host_(.+)_key((-cert)?\.pub)?/.exec(name);
    if (!found) continue;
    const [, kind, ending, cert] = found;
    if ((!ending && !wanted.private) || (cert && !wanted.certs)) continue;
    keys[`${kind}${ending ?? ""}`] = readOr(join(folder, name), "");
  }
  return keys;
}

const kinds = ["rsa", "dsa", "ecdsa", "ed25519"];

/** The files of keys that are looked for: the given one, the usual ones, or with False none. */
function fileNames(given: Data, ending: string): string[] {
  if (given) return [pyStr(given)];
  return given === false ? [] : kinds.map((kind) => `id_${kind}${ending}`);
}

async function userKeys(name: string, names: readonly string[]): Promise<DataMap> {
  const user = await findUser(name);
  const keys: DataMap = {};
  for (const file of user ? names : []) {
    const path = isAbsolute(file) ? file : join(user!.home, ".ssh", file);
    if (existsSync(path)) keys[basename(file)] = readOr(path, "");
  }
  return keys;
}

function isEncrypted(path: string): boolean {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new CommandExecutionError(`Cannot read "${path}": ${messageOf(error)}`);
  }
  if (!/BEGIN (?:\w+\s)*PRIVATE KEY/.test(text)) {
    throw new CommandExecutionError(`${path} is not a private key`);
  }
  if (text.includes("ENCRYPTED")) return true;
  // The format of OpenSSH names the cipher after its magic word.
  const body = /BEGIN OPENSSH PRIVATE KEY-+\s+([A-Za-z0-9+/=\s]+?)-/.exec(text)?.[1];
  if (body === undefined) return false;
  const bytes = Buffer.from(body, "base64");
  const at = "openssh-key-v1\0".length;
  if (bytes.length < at + 8) return false;
  return bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at)).toString() !== "none";
}

/** The module `ssh`. */
export const ssh = executionModule({
  name: "ssh",
  doc: "Keys of SSH: of hosts, of users, and those that let users in.",
  virtual: () => which("ssh") !== null || "The module requires the ssh binary.",
  functions: {
    ...authorizedFunctions,
    ...knownHostsFunctions,
    host_keys: fn({
      doc: "Returns this host's keys.",
      args: {
        keydir: { type: "string", default: null, doc: "Folder of the keys; /etc/ssh." },
        private: { type: "bool", default: true, doc: "Also the private ones." },
        certs: { type: "bool", default: true, doc: "Also certificates." },
      },
      example: "salt '*' ssh.host_keys\nsalt '*' ssh.host_keys private=False certs=False",
      run: (_ctx, { keydir, ...wanted }) => hostKeys(keydir || "/etc/ssh", wanted),
    }),
    user_keys: fn({
      doc: "Returns the keys of users.",
      args: {
        user: { type: "any", default: null, doc: "Name of the user, or a list; all users." },
        pubfile: { type: "any", default: null, doc: "File of the public key; False for none." },
        prvfile: { type: "any", default: null, doc: "File of the private key; False for none." },
      },
      example: "salt '*' ssh.user_keys\nsalt '*' ssh.user_keys user1 prvfile=False",
      async run(_ctx, args) {
        const users = args.user
          ? [args.user].flat().map(pyStr)
          : (await allUsers()).map(({ name }) => name);
        const names = [...fileNames(args.pubfile, ".pub"), ...fileNames(args.prvfile, "")];
        const all: DataMap = {};
        for (const name of users) {
          const keys = await userKeys(name, names);
          if (Object.keys(keys).length > 0) all[name] = keys;
        }
        return all;
      },
    }),
    key_is_encrypted: fn({
      doc: "Says whether a private key needs a passphrase.",
      args: { key: { type: "string", required: true, doc: "Path of the key." } },
      example: "salt '*' ssh.key_is_encrypted /root/id_rsa",
      run: (_ctx, { key }) => isEncrypted(key),
    }),
  },
});
