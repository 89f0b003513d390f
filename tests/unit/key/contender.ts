/**
 * One of several processes that use a key store at once: `contender.ts PKI ROLE COUNT`. Offers a key
 * of its own for the ids m0, m1 …, or decides on whatever is pending until told to stop by the end of
 * its input. Prints what it did as JSON.
 */
import { PkiKeyStore } from "../../../src/key/mod.ts";
import { KEY_A } from "./keys.ts";

const [pki, role, count] = process.argv.slice(2);
const store = new PkiKeyStore({ pki_dir: pki! });
const ids = Array.from({ length: Number(count) }, (_, i) => `m${i}`);

function offerAll(): unknown {
  const acts = ids.map((id) => [id, store.offer(id, KEY_A).act]);
  return { key: KEY_A, acts: Object.fromEntries(acts) };
}

function decideAll(action: "accept" | "reject"): unknown {
  const keys = ids.map((id) => ({ state: "pending" as const, id }));
  const done = store.change(action, keys).filter(({ outcome }) => outcome === "done");
  return { done: done.map(({ id }) => id) };
}

// All wait for the same moment.
process.stdin.once("data", () => {
  const did = role === "offer" ? offerAll() : decideAll(role as "accept" | "reject");
  process.stdout.write(JSON.stringify(did), () => process.exit(0));
});
process.stdout.write("\n");
