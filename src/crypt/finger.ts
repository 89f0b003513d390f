/**
 * Fingerprints of keys. (`salt/utils/crypt.py:pem_finger`)
 * @module
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { SaltConfigurationError } from "../errors.ts";
import { fileError } from "../fs/mod.ts";

const HASH_TYPES = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];

function hexPairs(data: string, hashType: string): string {
  if (!HASH_TYPES.includes(hashType)) {
    throw new SaltConfigurationError(
      `Cannot use hash_type "${hashType}": it must be one of ${HASH_TYPES.join(", ")}`,
    );
  }
  const hex = createHash(hashType).update(data).digest("hex");
  return (hex.match(/../g) as string[]).join(":");
}

/**
 * The fingerprint of a key file's text: that of its body, without blank lines, first and last line;
 * CRLF counts as LF. Every other space counts. `hashType` is Salt's
 * `hash_type`; an unknown one throws SaltConfigurationError.
 */
export function pemFinger(fileText: string, hashType: string = "sha256"): string {
  const lines = fileText.replaceAll("\r\n", "\n").match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const body = lines.filter((line) => line.trim() !== "").slice(1, -1);
  return hexPairs(body.join(""), hashType);
}

/** {@linkcode pemFinger} of the file at `path`; "" when there is none. Throws SaltException when it cannot be read. */
export async function pemFingerOfFile(path: string, hashType: string = "sha256"): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return "";
    throw fileError("read", path, error);
  }
  return pemFinger(text, hashType);
}

/** The fingerprint of a text as it is: what Salt gives when called with a key instead of a path. */
export function textFinger(text: string, hashType: string = "sha256"): string {
  return hexPairs(text, hashType);
}
