import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import {
  cpuOf,
  memoryOf,
  percentile,
  single,
  spreadOf,
  watchMemory,
} from "../../../scripts/bench/measure.ts";
import { addRows, ratio, type Row, toMarkdown } from "../../../scripts/bench/report.ts";

const row = (more: boolean, first: number, second: number): Row => ({
  name: "thing",
  unit: "s",
  more,
  values: { real: single(first), own: single(second) },
});

test("ratio() is above 1 when the second is better, whichever way better is", () => {
  equal(ratio(row(false, 8, 2), "real", "own"), 4);
  equal(ratio(row(true, 8, 2), "real", "own"), 0.25);
});

test("toMarkdown() shows figures, ratios, machine and date", () => {
  const host = { date: "2026-01-02", cpu: "C", cores: 2, memory: "4 GiB", system: "S" };
  const text = toMarkdown([row(false, 8, 2)], "real", "own", host, "How.");
  ok(text.includes("| thing | 8.00 s | 2.00 s | 4.00× |"), text);
  ok(text.includes("2026-01-02") && text.includes("2 cores"), text);
});

test("addRows() puts what two softwares gave for one thing into one row", () => {
  const of = (name: string, software: string): Row => ({
    name,
    unit: "s",
    more: false,
    values: { [software]: single(1) },
  });
  const rows = [of("a", "real")];
  addRows(rows, [of("a", "own"), of("b", "own")]);
  deepEqual(rows.map(({ name, values }) => [name, Object.keys(values)]), [
    ["a", ["real", "own"]],
    ["b", ["own"]],
  ]);
});

test("spreadOf() and percentile() sort by number", () => {
  deepEqual(spreadOf([10, 9, 100]), { median: 10, min: 9, max: 100, n: 3 });
  equal(percentile(Array.from({ length: 100 }, (_, i) => 100 - i), 0.99), 100);
});

test("memoryOf() and cpuOf() see this process", async () => {
  const { rss, pss, processes } = await memoryOf(process.pid);
  ok(rss > 10 && pss > 5 && pss <= rss && processes >= 1);
  ok(await cpuOf(process.pid) > 0);
});

test("watchMemory() gives the most there was until it is ended", async () => {
  const before = (await memoryOf(process.pid)).pss;
  const most = watchMemory(process.pid);
  const block = new Uint8Array(64 << 20).fill(1);
  ok(await most() > before + 32);
  equal(block.at(-1), 1);
});
