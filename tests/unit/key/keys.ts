/** Public test keys and a pki folder to put them in. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PkiKeyStore } from "../../../src/key/mod.ts";
import type { KeyStoreOptions } from "../../../src/key/mod.ts";

function publicKey(): string {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
  return publicKey.export({ type: "spki", format: "pem" }).toString();
}

/** Three different keys; small ones, since nothing is encrypted with them. */
export const [KEY_A, KEY_B, KEY_C] = [publicKey(), publicKey(), publicKey()] as const;

/** A store in a folder of its own, which goes when the test ends. */
export function temporaryStore(options: Partial<KeyStoreOptions> = {}) {
  const root = mkdtempSync(join(tmpdir(), "keys-"));
  const store = new PkiKeyStore({ pki_dir: join(root, "pki"), ...options });
  store.prepare();
  return {
    root,
    pki: join(root, "pki"),
    store,
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}
