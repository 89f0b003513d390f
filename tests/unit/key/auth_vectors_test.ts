/** The store's verdicts against what real masters answered to the same offers, in the same order. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { KeyStore, KeyStoreOptions } from "../../../src/key/mod.ts";
import { unpack } from "../../../src/serializers/msgpack.ts";
import type { DataMap } from "../../../src/types/mod.ts";
import { b64, loadVectors } from "../../support/vectors.ts";
import { temporaryStore } from "./keys.ts";

interface Exchange {
  name: string;
  master: string;
  request_b64: string;
  reply_load?: { ret?: unknown; aes?: unknown };
  reply_outer?: { aes?: unknown; load?: { ret?: unknown } };
}

const exchanges: Exchange[] = loadVectors("auth.json").exchanges;

/** Answered before the key is looked at. */
const NOT_ABOUT_KEYS = /bad .* algo|unsupported|below minimum_auth_version/;

/** 3006.0 compared pending keys byte by byte; later versions and saltx do not. */
const DIFFERENT: Record<string, boolean> = {
  "3006.0 pending, same key with one extra newline: ret False (exact text compare)": true,
};

function optionsOf(master: string, root: string): Partial<KeyStoreOptions> {
  if (!master.includes("autosign")) return { auto_accept: true };
  const files = { autosign_file: join(root, "sign"), autoreject_file: join(root, "reject") };
  writeFileSync(files.autosign_file, "vec-autosign*\n");
  writeFileSync(files.autoreject_file, "vec-autoreject*\n");
  return files;
}

/** What a real master answered: `accept`, or the refusal's `ret`. */
function answerOf({ reply_load, reply_outer }: Exchange): unknown {
  const body = reply_load ?? reply_outer?.load ?? reply_outer;
  return body && "ret" in body ? body.ret : "accept";
}

const stores = new Map<string, KeyStore>();
const folders: ReturnType<typeof temporaryStore>[] = [];

test("offer() answers as real masters do", async (t) => {
  for (const exchange of exchanges) {
    if (NOT_ABOUT_KEYS.test(exchange.name)) continue;
    let store = stores.get(exchange.master);
    if (!store) {
      const root = temporaryStore();
      const made = temporaryStore({ pki_dir: root.pki, ...optionsOf(exchange.master, root.root) });
      folders.push(root, made);
      stores.set(exchange.master, store = made.store);
    }
    const { load } = unpack(b64(exchange.request_b64)) as { load: DataMap };
    const verdict = store.offer(String(load["id"]), String(load["pub"]));
    const answer = verdict.act === "accept" ? "accept" : verdict.ret;
    await t.test(exchange.name, () => {
      assert.equal(answer, DIFFERENT[exchange.name] ?? answerOf(exchange));
    });
  }
  assert.equal(stores.size, 4);
  for (const folder of folders) folder[Symbol.dispose]();
});
