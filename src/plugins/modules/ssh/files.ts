/**
 * Files of SSH: where they are, what lines of keys mean, and how they are changed.
 * @module
 */
import { chmodSync, chownSync, existsSync, mkdirSync, realpathSync, statSync } from "node:fs";
import { createHash, getHashes } from "node:crypto";
import { dirname, isAbsolute, join } from "node:path";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import type { ExecContext } from "../../../loader/types.ts";
import { findUser, type User } from "../../../process/mod.ts";
import { readSystemFile, writeSystemFile } from "../_system_file.ts";

/** A key as `authorized_keys` has it. */
export interface AuthorizedKey {
  enc: string;
  comment: string;
  options: string[];
  fingerprint: string;
}

const rsa = ["r", "rsa", "ssh-rsa"];
const dss = ["d", "dsa", "dss", "ssh-dss"];
const ecdsa = ["e", "ecdsa"];
const ed25519 = ["ed25519", "ssh-ed25519"];
const others = new Set([
  "ecdsa-sha2-nistp521",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp256",
  "rsa-sha2-512",
  "rsa-sha2-256",
  "rsa-sha2-512-cert-v01@openssh.com",
  "rsa-sha2-256-cert-v01@openssh.com",
  "ssh-rsa-cert-v01@openssh.com",
  "ecdsa-sha2-nistp256-cert-v01@openssh.com",
  "ecdsa-sha2-nistp384-cert-v01@openssh.com",
  "ecdsa-sha2-nistp521-cert-v01@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
  "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
  "ssh-ed25519-cert-v01@openssh.com",
  "sk-ssh-ed25519@openssh.com",
  "sk-ssh-ed25519-cert-v01@openssh.com",
]);

/** The full name of a kind of key. @throws CommandExecutionError for one that is not known. */
export function keyKind(enc: string): string {
  if (rsa.includes(enc)) return "ssh-rsa";
  if (dss.includes(enc)) return "ssh-dss";
  if (ecdsa.includes(enc)) return "ecdsa-sha2-nistp256";
  if (ed25519.includes(enc)) return "ssh-ed25519";
  if (others.has(enc)) return enc;
  throw new CommandExecutionError(`Incorrect encryption key type '${enc}'.`);
}

/**
 * Digest of a key, bytes with colons between; null when it is no base64.
 * @throws CommandExecutionError for a digest that is not known.
 */
export function fingerprint(key: string, hash: string | null): string | null {
  const kind = (hash || "sha256").toLowerCase();
  if (!getHashes().includes(kind)) {
    throw new CommandExecutionError(`The fingerprint_hash_type ${kind} is not supported.`);
  }
  if (key.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(key)) return null;
  const digest = createHash(kind).update(Buffer.from(key, "base64")).digest("hex");
  return digest.match(/../g)!.join(":");
}

/** A line of `authorized_keys`. @throws SaltInvocationError when a part would end the line. */
export function keyLine(
  key: string,
  enc: string,
  comment: string,
  options: readonly string[],
): string {
  const before = options.length > 0 ? `${options.join(",")} ` : "";
  const line = `${before}${enc} ${key} ${comment}`;
  if (/[\n\r\0]/.test(line)) throw new SaltInvocationError("A key is one line");
  return `${line}\n`;
}

const keyPattern = /^(.*?)\s?((?:sk-)?(?:ssh-|ecds)[\w@.-]+\s.+)$/;

/** The key of a line of `authorized_keys`; undefined when it has none. */
export function keyOf(line: string): { key: string; found: string[]; options: string } | undefined {
  const [, options = "", rest] = keyPattern.exec(line) ?? [];
  const found = rest?.split(/\s+/).filter(Boolean) ?? [];
  return found.length < 2 ? undefined : { key: found[1]!, found, options };
}

/** Keys of an `authorized_keys`, by the key itself. */
export function parseAuthorizedKeys(text: string, hash: string | null): Map<string, AuthorizedKey> {
  const keys = new Map<string, AuthorizedKey>();
  for (const line of text.split("\n").map((one) => one.trim())) {
    const parsed = line === "" || line.startsWith("#") ? undefined : keyOf(line);
    if (!parsed) continue;
    const digest = fingerprint(parsed.key, hash);
    if (digest === null) continue;
    keys.set(parsed.key, {
      enc: parsed.found[0]!,
      comment: parsed.found.slice(2).join(" "),
      options: parsed.options === "" ? [] : parsed.options.split(","),
      fingerprint: digest,
    });
  }
  return keys;
}

/** Text of a file. @throws CommandExecutionError when it cannot be read. */
export function readKeyFile(path: string): string {
  const text = readSystemFile(path);
  if (text === undefined) throw new CommandExecutionError(`Problem reading ssh key file ${path}`);
  return text;
}

/** A path with `%u`, `%h` and `%%`, as in `sshd_config`. @throws CommandExecutionError */
export function expandPath(path: string, user: string, home: string): string {
  const known: Record<string, string> = { "%%": "%", "%u": user, "%h": home };
  return path.replaceAll(/%(.?)/g, (token, letter: string) => {
    if (letter === "") {
      throw new CommandExecutionError(
        "AuthorizedKeysFile path: Last character can't be escape character",
      );
    }
    const value = known[token];
    if (value !== undefined) return value;
    throw new CommandExecutionError(
      `AuthorizedKeysFile path: unknown token character "%${letter}"`,
    );
  });
}

/** A user and a path of theirs. @throws CommandExecutionError when there is no such user. */
export async function userFile(name: string, path: string): Promise<{ user: User; path: string }> {
  const user = await findUser(name);
  if (!user) throw new CommandExecutionError(`User '${name}' does not exist`);
  const expanded = expandPath(path, name, user.home);
  return { user, path: isAbsolute(expanded) ? expanded : join(user.home, expanded) };
}

/**
 * Nobody shall have this program write to a file of somebody else by a link in their home.
 * @throws CommandExecutionError when the path leads to one.
 */
function checkLinks(path: string, user: User): void {
  const parent = existsSync(path) ? path : dirname(path);
  if (!existsSync(parent)) return;
  const real = realpathSync(parent);
  const home = existsSync(user.home) ? realpathSync(user.home) : user.home;
  const plain = parent.startsWith(`${user.home}/`)
    ? join(home, parent.slice(user.home.length))
    : parent;
  if (real === plain || real.startsWith(`${home}/`)) return;
  const { uid } = statSync(real);
  if (uid !== user.uid && parent.startsWith(`${user.home}/`)) {
    throw new CommandExecutionError(
      `"${path}" leads to "${real}", which is not ${user.name}'s own`,
    );
  }
}

/**
 * Writes a file of a user, and makes its folder (0700) and the file (0600) where they are missing.
 * @throws CommandExecutionError
 */
export async function writeUserFile(
  ctx: ExecContext,
  path: string,
  text: string,
  user: User | null,
): Promise<void> {
  if (user) checkLinks(path, user);
  const own = (made: string, mode: number) => {
    if (user && process.geteuid?.() === 0) chownSync(made, user.uid, user.gid);
    chmodSync(made, mode);
  };
  const folder = dirname(path);
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true });
    own(folder, user ? 0o700 : 0o755);
  }
  const isNew = !existsSync(path);
  await writeSystemFile(ctx, path, text, 0o600);
  if (isNew) own(path, 0o600);
}
