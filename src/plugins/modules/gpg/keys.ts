/** Keys that gpg has. (`salt/modules/gpg.py`) @module */
import type { ExecContext } from "../../../loader/types.ts";
import type { DataMap } from "../../../types/mod.ts";
import { gpg, type Keyring } from "./run.ts";

/** One key, as `--with-colons` lists it. */
export interface Key {
  keyid: string;
  fingerprint: string;
  uids: string[];
  length: string;
  /** Seconds since 1970; empty for none. */
  date: string;
  expires: string;
  ownertrust: string;
  trust: string;
}

const trustNames: Readonly<Record<string, string>> = {
  ...{ e: "Expired", q: "Unknown", n: "Not Trusted", f: "Fully Trusted" },
  ...{ m: "Marginally Trusted", u: "Ultimately Trusted", r: "Revoked", "-": "Unknown" },
};

/** Undoes `\x3a`, which stands for what would part fields; its bytes are UTF-8. */
function unescapeField(text: string): string {
  if (!text.includes("\\x")) return text;
  const bytes = text.split(/(\\x[0-9a-f]{2})/i).map((part) =>
    /^\\x/i.test(part) ? Buffer.from([Number.parseInt(part.slice(2), 16)]) : Buffer.from(part)
  );
  return Buffer.concat(bytes).toString("utf8");
}

/** Reads `gpg --list-keys --with-colons`. */
export function parseKeys(text: string): Key[] {
  const keys: Key[] = [];
  for (const line of text.split("\n")) {
    const fields = line.split(":");
    const field = (number: number) => fields[number - 1] ?? "";
    const key = keys.at(-1);
    if (fields[0] === "pub" || fields[0] === "sec") {
      keys.push({
        keyid: field(5),
        fingerprint: "",
        uids: field(10) === "" ? [] : [unescapeField(field(10))],
        length: field(3),
        date: field(6),
        expires: field(7),
        ownertrust: field(9),
        trust: field(2),
      });
    } else if (fields[0] === "fpr" && key && key.fingerprint === "") key.fingerprint = field(10);
    else if (fields[0] === "uid" && key) key.uids.push(unescapeField(field(10)));
  }
  return keys;
}

/** A day as the machine's own clock has it. */
function day(seconds: string): string {
  const date = new Date(Number(seconds) * 1000);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** A key as Salt's functions return it. */
export function shownKey(key: Key): DataMap {
  const shown: DataMap = { keyid: key.keyid, fingerprint: key.fingerprint, uids: key.uids };
  if (key.expires !== "") shown["expires"] = day(key.expires);
  if (key.date !== "") shown["created"] = day(key.date);
  if (key.length !== "") shown["keyLength"] = key.length;
  if (key.ownertrust !== "") shown["ownerTrust"] = trustNames[key.ownertrust] ?? "Unknown";
  if (key.trust !== "") shown["trust"] = trustNames[key.trust] ?? "Unknown";
  return shown;
}

/** All keys of a keyring, or the secret ones. */
export async function listKeys(ctx: ExecContext, place: Keyring, secret: boolean): Promise<Key[]> {
  const list = secret ? "--list-secret-keys" : "--list-keys";
  const { stdout } = await gpg(ctx, place, [list, "--fingerprint", "--fingerprint"]);
  return parseKeys(new TextDecoder().decode(stdout));
}

/** The key with a fingerprint, or an id in its long or short form. */
export async function findKey(
  ctx: ExecContext,
  place: Keyring,
  { keyid, fingerprint }: { keyid: string | null; fingerprint: string | null },
  secret: boolean,
): Promise<Key | undefined> {
  return (await listKeys(ctx, place, secret)).find((key) =>
    key.fingerprint === fingerprint || key.keyid === keyid || key.keyid.slice(8) === keyid
  );
}
