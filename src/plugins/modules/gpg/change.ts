/** Making, importing, exporting, trusting and deleting keys. (`salt/modules/gpg.py`) @module */
import { readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { SaltInvocationError } from "../../../errors.ts";
import { atomicWrite } from "../../../fs/mod.ts";
import type { ExecContext } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { findKey } from "./keys.ts";
import { gpg, keyName, type Keyring, passphraseFor } from "./run.ts";

/** Owner trust as gpg numbers it. */
const trustNumbers: Readonly<Record<string, number>> = {
  ...{ expired: 1, unknown: 2, not_trusted: 3, marginally: 4, fully: 5, ultimately: 6 },
};
const trustWords = [
  ...["", "Expired", "Unknown", "Not Trusted", "Marginally", "Fully Trusted"],
  "Ultimately Trusted",
];

/** What a key is made of. */
export interface KeyWish {
  key_type: string;
  key_length: Data;
  name_real: string;
  name_comment: string;
  name_email: string | null;
  subkey_type: string | null;
  subkey_length: Data;
  expire_date: Data;
  use_passphrase: boolean;
}

/** A line of what gpg makes keys by. @throws SaltInvocationError for values that would be more. */
function line(name: string, value: Data): string {
  const text = pyStr(value);
  if (/[\r\n\0]/.test(text) || text.startsWith("%")) {
    throw new SaltInvocationError(`${name} must be one line of text`);
  }
  return `${name}: ${text}\n`;
}

/** Makes a key and returns its fingerprint. */
export async function createKey(ctx: ExecContext, place: Keyring, wish: KeyWish): Promise<DataMap> {
  let passphrase: string | null;
  try {
    passphrase = await passphraseFor(ctx, wish.use_passphrase);
  } catch (error) {
    return { res: false, fingerprint: "", message: (error as Error).message };
  }
  const email = wish.name_email ?? `${userInfo().username}@${hostname()}`;
  const lines = [
    line("Key-Type", wish.key_type),
    line("Key-Length", wish.key_length),
    line("Name-Real", wish.name_real),
    line("Name-Comment", wish.name_comment),
    line("Name-Email", email),
    ...(wish.subkey_type ? [line("Subkey-Type", wish.subkey_type)] : []),
    ...(wish.subkey_length ? [line("Subkey-Length", wish.subkey_length)] : []),
    ...(wish.expire_date ? [line("Expire-Date", wish.expire_date)] : []),
    passphrase === null ? "%no-protection\n" : line("Passphrase", passphrase),
    "%commit\n",
  ];
  const { status } = await gpg(ctx, place, ["--gen-key"], { input: lines.join("") });
  const made = status.find(([word]) => word === "KEY_CREATED")?.[1].split(" ")[1];
  return made
    ? { res: true, fingerprint: made, message: "GPG key pair successfully generated." }
    : { res: false, fingerprint: "", message: "Unable to generate GPG key pair." };
}

/** A file's bytes. @throws SaltInvocationError when it cannot be read. */
export function readGiven(filename: string): Uint8Array {
  try {
    return readFileSync(filename);
  } catch {
    throw new SaltInvocationError("filename does not exist.");
  }
}

/** Text or a file's bytes. @throws SaltInvocationError when neither is given. */
export function givenData(text: string | null, filename: string | null): Uint8Array {
  if (text) return Buffer.from(text);
  if (filename) return readGiven(filename);
  throw new SaltInvocationError("filename or text must be passed.");
}

/** Takes keys in. */
export async function importKey(
  ctx: ExecContext,
  place: Keyring,
  data: Uint8Array,
): Promise<DataMap> {
  const { status } = await gpg(ctx, place, ["--import"], { input: data });
  const counts = (status.findLast(([word]) => word === "IMPORT_RES")?.[1] ?? "").split(" ").map(
    Number,
  );
  const [count = 0, , imported = 0, rsa = 0, unchanged = 0] = counts;
  if (imported > 0 || rsa > 0) return { res: true, message: "Successfully imported key(s)." };
  if (count > 0 && unchanged > 0) {
    return { res: true, message: "Key(s) already exist in keychain." };
  }
  return { res: false, message: "Unable to import key." };
}

/** Which keys, and how they leave. */
export interface ExportWish {
  keyids: Data;
  secret: boolean;
  use_passphrase: boolean;
  output: string | null;
  bare: boolean;
}

/** Gives keys out, as text or into a file. */
export async function exportKey(ctx: ExecContext, place: Keyring, wish: ExportWish): Promise<Data> {
  const names = typeof wish.keyids === "string" ? wish.keyids.split(",") : wish.keyids;
  const list = Array.isArray(names) ? names.map((name) => keyName(pyStr(name))) : [];
  const passphrase = await passphraseFor(ctx, wish.secret && wish.use_passphrase);
  const command = wish.secret ? "--export-secret-key" : "--export";
  const { stdout } = await gpg(ctx, place, ["--armor", command, "--", ...list], { passphrase });
  const text = new TextDecoder().decode(stdout);
  if (text === "") return wish.bare ? false : { res: false };
  if (wish.output) await atomicWrite(wish.output, text, { mode: wish.secret ? 0o600 : 0o644 });
  if (wish.bare) return text;
  const comment = wish.output ? `Exported key data has been written to ${wish.output}` : text;
  return { res: true, comment };
}

/** How a key is named. */
export interface KeyChoice {
  keyid: string | null;
  fingerprint: string | null;
}

function choiceProblem({ keyid, fingerprint }: KeyChoice): string | undefined {
  if (fingerprint && keyid) return "Only specify one argument, fingerprint or keyid";
  return fingerprint || keyid ? undefined : "Required argument, fingerprint or keyid";
}

/** Says how far the owner of a key is trusted to sign others' keys. */
export async function trustKey(
  ctx: ExecContext,
  place: Keyring,
  choice: KeyChoice,
  level: string | null,
): Promise<Data> {
  const problem = choiceProblem(choice);
  if (problem) return { res: false, message: problem };
  const found = choice.fingerprint ?? (await findKey(ctx, place, choice, false))?.fingerprint;
  if (!found) return { res: false, message: `KeyID ${choice.keyid} not in GPG keychain` };
  const number = Object.hasOwn(trustNumbers, level ?? "") ? trustNumbers[level!] : undefined;
  if (number === undefined) {
    return `ERROR: Valid trust levels - ${Object.keys(trustNumbers).join(",")}`;
  }
  const input = `${keyName(found)}:${number}\n`;
  const { code, stderr } = await gpg(ctx, place, ["--import-ownertrust"], { input });
  if (code !== 0) return { res: false, message: stderr.trim() };
  const [, from, to] = /ownertrust from (\d) to (\d)/.exec(stderr) ?? [];
  if (from !== undefined) {
    const message = `Changing ownership trust from ${trustWords[Number(from)]} to ${
      trustWords[Number(to)]
    }.`;
    return { res: true, message, fingerprint: found };
  }
  const said = /ownertrust (?:of|to) (\d)/.exec(stderr)?.[1];
  if (said === undefined) return { res: true, message: "" };
  const message = `Setting ownership trust to ${trustWords[Number(said)]}.`;
  return { res: true, message, fingerprint: found };
}

/** Deletes a key, and with `deleteSecret` its secret half before it. */
export async function deleteKey(
  ctx: ExecContext,
  place: Keyring,
  choice: KeyChoice,
  { deleteSecret, usePassphrase }: { deleteSecret: boolean; usePassphrase: boolean },
): Promise<DataMap> {
  const problem = choiceProblem(choice);
  if (problem) return { res: false, message: problem };
  const key = await findKey(ctx, place, choice, false);
  if (!key) return { res: false, message: "Key not available in keychain." };
  const { fingerprint } = key;
  let message = "";
  const remove = async (what: string, option: string, passphrase: string | null) => {
    const { code, status } = await gpg(ctx, place, ["--yes", option, fingerprint], { passphrase });
    const good = code === 0 && !status.some(([word]) => word === "DELETE_PROBLEM");
    message += good
      ? `${what} key for ${fingerprint} deleted`
      : `Failed to delete ${what.toLowerCase()} key for ${fingerprint}`;
    return good;
  };
  if (await findKey(ctx, place, { keyid: null, fingerprint }, true)) {
    if (!deleteSecret) {
      const why = "Secret key exists, delete first or pass delete_secret=True.";
      return { res: false, message: why };
    }
    const passphrase = await passphraseFor(ctx, usePassphrase);
    if (!await remove("Secret", "--delete-secret-keys", passphrase)) return { res: false, message };
    message += "\n";
  }
  const res = await remove("Public", "--delete-keys", null);
  return { res, message };
}
