import assert from "node:assert/strict";
import { test } from "node:test";
import type { SaveResult } from "../../../src/cache/mod.ts";
import { ReturnWriter } from "../../../src/master/return_writer.ts";
import type { ReturnLoad } from "../../../src/types/mod.ts";

/** A store that notes what is written in which transaction; "bad" cannot be written. */
class Store {
  readonly commits: string[][] = [];
  #open: string[] | null = null;

  saveReturn(ret: ReturnLoad): SaveResult {
    if (ret.id === "bad") throw new Error("no room");
    if (this.#open) this.#open.push(ret.id);
    else this.commits.push([ret.id]);
    return "stored";
  }

  batch<T>(work: () => T): T {
    this.#open = [];
    try {
      const result = work();
      this.commits.push(this.#open);
      return result;
    } finally {
      this.#open = null;
    }
  }
}

const ret = (id: string) => ({ id, jid: "20261121080000000000" }) as unknown as ReturnLoad;

test("ReturnWriter commits what came together at once, and answers after that", async () => {
  const store = new Store();
  const writer = new ReturnWriter(store);
  const saved = Promise.all(["a", "b", "c"].map((id) => writer.save(ret(id))));
  assert.deepEqual(store.commits, []);
  writer.flush();
  assert.deepEqual(store.commits, [["a", "b", "c"]]);
  assert.deepEqual(await saved, ["stored", "stored", "stored"]);
});

test("ReturnWriter commits by itself, and lets no bad return take others with it", async () => {
  const store = new Store();
  const writer = new ReturnWriter(store);
  const results = await Promise.allSettled(["a", "bad", "c"].map((id) => writer.save(ret(id))));
  assert.deepEqual(results.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  assert.deepEqual(store.commits, [["a"], ["c"]]);
});
