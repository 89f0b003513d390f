/**
 * Users and passwords in a file. (`salt/auth/file.py`)
 *
 * `external_auth: file: ^filename`, `^filetype` (`text`, `htpasswd`, `htdigest`), `^hashtype`
 * (`plaintext`, `md5`, `sha1`, `sha224` … `sha512`), `^field_separator`, `^username_field`,
 * `^password_field`, `^realm`.
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import { messageOf } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import { isMap } from "../../types/mod.ts";
import type { AuthBackend, AuthSettings } from "./types.ts";

const log = getLogger("saltx.auth.file");

const DIGESTS = new Set(["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]);

interface FileSettings {
  filename: string;
  filetype: string;
  hashtype: string;
  separator: string;
  userField: number;
  passwordField: number;
  realm: string;
}

/** Reads the file at every login: a changed file holds at once. */
export const file: AuthBackend = {
  async authenticate(user, password, settings) {
    const options = read(settings);
    if (options === null || /[\r\n\0]/.test(user)) return false;
    let text: string;
    try {
      text = await readFile(options.filename, "utf8");
    } catch (error) {
      log.error(`external_auth file: ${options.filename} cannot be read: ${messageOf(error)}`);
      return false;
    }
    return text.split(/\r?\n/).some((line) => lineAllows(line, user, password, options));
  },
  groups: () => Promise.resolve([]),
};

function read(settings: AuthSettings): FileSettings | null {
  const own = settings.external_auth["file"];
  const value = (name: string, otherwise: string) =>
    isMap(own) && own[`^${name}`] !== undefined ? String(own[`^${name}`]) : otherwise;
  const options = {
    filename: value("filename", ""),
    filetype: value("filetype", "text"),
    hashtype: value("hashtype", "plaintext"),
    separator: value("field_separator", ":"),
    userField: Number(value("username_field", "1")),
    passwordField: Number(value("password_field", "2")),
    realm: value("realm", "salt"),
  };
  if (options.filename === "") {
    log.error("external_auth file: ^filename is missing");
    return null;
  }
  if (!["text", "htpasswd", "htdigest"].includes(options.filetype)) {
    log.error(
      `external_auth file: ^filetype '${options.filetype}' is none of text, htpasswd, htdigest`,
    );
    return null;
  }
  return options;
}

function lineAllows(line: string, user: string, password: string, o: FileSettings): boolean {
  const fields = line.split(o.separator);
  if (o.filetype === "htdigest") {
    const [name, realm, digest] = line.split(":");
    return name === user && realm === o.realm &&
      same(digest, hex("md5", `${user}:${realm}:${password}`));
  }
  if (fields[o.userField - 1] !== user) return false;
  const stored = fields[o.passwordField - 1]?.trim();
  if (stored === undefined || stored === "") return false;
  return o.filetype === "htpasswd"
    ? htpasswdAllows(stored, password)
    : textAllows(stored, password, o);
}

function textAllows(stored: string, password: string, o: FileSettings): boolean {
  if (o.hashtype === "plaintext") return same(stored, password);
  if (!DIGESTS.has(o.hashtype)) {
    log.error(`external_auth file: ^hashtype '${o.hashtype}' is not known`);
    return false;
  }
  return same(stored.toLowerCase(), hex(o.hashtype, password));
}

/** `htpasswd -s` lines; the other forms need libraries that are not built in. */
function htpasswdAllows(stored: string, password: string): boolean {
  if (stored.startsWith("{SHA}")) {
    return same(stored.slice(5), createHash("sha1").update(password).digest("base64"));
  }
  log.error("external_auth file: only {SHA} lines of htpasswd files can be read (htpasswd -s)");
  return false;
}

function hex(algorithm: string, text: string): string {
  return createHash(algorithm).update(text).digest("hex");
}

function same(a: string | undefined, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return a !== undefined && timingSafeEqual(digest(a), digest(b));
}
