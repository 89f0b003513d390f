/**
 * Hashes of files.
 * @module
 */
import { createReadStream } from "node:fs";
import { SaltInvocationError } from "../../../errors.ts";

/** Length of each kind of hash, in hexadecimal digits. (`salt/utils/files.py:HASHES`) */
export const hashLengths: Readonly<Record<string, number>> = {
  sha512: 128,
  sha384: 96,
  sha256: 64,
  sha224: 56,
  sha1: 40,
  md5: 32,
};

/** The kind of hash that has some number of digits. */
export function hashTypeOf(length: number): string | undefined {
  return Object.entries(hashLengths).find(([, one]) => one === length)?.[0];
}

/** The hash of a file's content. @throws SaltInvocationError for an unknown kind of hash. */
export async function hashFile(path: string, type: string): Promise<string> {
  const { createHash, getHashes } = await import("node:crypto");
  if (!getHashes().includes(type)) throw new SaltInvocationError(`Invalid hash type: ${type}`);
  const hash = createHash(type);
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}
