import assert from "node:assert/strict";
import { test } from "node:test";
import { Slots } from "../../../../src/master/commands/slots.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("Slots.run() begins so many works, and the others in their order as those end", async () => {
  const slots = new Slots(2);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const start = (name: string) =>
    slots.run(async () => {
      begun.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      return name.toUpperCase();
    });
  const works = ["a", "b", "c", "d"].map(start);
  await turn();
  assert.deepEqual(begun, ["a", "b"]);
  ends.get("b")!();
  assert.equal(await works[1], "B");
  // It came after those that wait.
  works.push(start("e"));
  await turn();
  assert.deepEqual(begun, ["a", "b", "c"]);
  for (const name of ["a", "c", "d", "e"]) {
    ends.get(name)!();
    await turn();
  }
  assert.deepEqual(begun, ["a", "b", "c", "d", "e"]);
  assert.deepEqual(await Promise.all(works), ["A", "B", "C", "D", "E"]);
});

test("Slots.run() lets the next begin when one throws", async () => {
  const slots = new Slots(1);
  const fails = slots.run(() => Promise.reject(new Error("no")));
  const next = slots.run(() => Promise.resolve("next"));
  await assert.rejects(fails, /no/);
  assert.equal(await next, "next");
});
