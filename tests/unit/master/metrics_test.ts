import assert from "node:assert/strict";
import { test } from "node:test";
import { family, mergeFamilies, Meters } from "../../../src/master/metrics/meters.ts";
import { openMetricsText, serveMetrics } from "../../../src/master/metrics/openmetrics.ts";

const HELP = { saltx_commands: "Commands.", saltx_command_seconds: "Times." };

test("mergeFamilies() adds up what threads have counted, and openMetricsText() writes it", async () => {
  const [a, b] = [new Meters().describe(HELP), new Meters().describe(HELP)];
  a.add("saltx_commands", 2, { command: "_return" });
  b.add("saltx_commands", 3, { command: "_return" });
  b.add("saltx_commands", 1, { command: "_pillar" });
  a.time("saltx_command_seconds", 0.002, { command: "_return" });
  b.time("saltx_command_seconds", 0.2, { command: "_return" });
  const gauge = family("saltx_workers", "Workers.", "gauge", [{ value: 2, labels: {} }]);
  const { text, type } = await openMetricsText(
    mergeFamilies([...a.snapshot(), ...b.snapshot(), gauge]),
  );
  assert.match(type, /^application\/openmetrics-text/);
  const lines = text.split("\n");
  assert.ok(lines.includes("# TYPE saltx_commands counter"));
  assert.ok(lines.includes('saltx_commands_total{command="_return"} 5'));
  assert.ok(lines.includes('saltx_commands_total{command="_pillar"} 1'));
  assert.ok(lines.includes('saltx_command_seconds_bucket{le="0.0025",command="_return"} 1'));
  assert.ok(lines.includes('saltx_command_seconds_bucket{le="+Inf",command="_return"} 2'));
  assert.ok(lines.includes('saltx_command_seconds_count{command="_return"} 2'));
  assert.ok(lines.includes("saltx_workers 2"));
  assert.equal(lines.at(-2), "# EOF");
});

test("Meters keeps no more series of a name than there is room for", () => {
  const meters = new Meters().describe(HELP);
  for (let i = 0; i < 5000; i++) meters.add("saltx_commands", 1, { command: `c${i}` });
  const [commands] = meters.snapshot();
  assert.equal(commands?.values.length, 201);
  assert.equal(commands?.values.find(({ labels }) => labels["command"] === "other")?.value, 4800);
});

test("serveMetrics() answers at /metrics alone, and says what is wrong with an address", async () => {
  const server = await serveMetrics("127.0.0.1:0", () => Promise.resolve([]));
  const answer = await fetch(`http://${server.address}/metrics`);
  assert.deepEqual([answer.status, await answer.text()], [200, "\n# EOF\n"]);
  const other = await fetch(`http://${server.address}/`);
  assert.equal(other.status, 404);
  await other.body?.cancel();
  await server.close();
  for (const address of ["9420", "host", "host:99999", ":1"]) {
    await assert.rejects(serveMetrics(address, () => Promise.resolve([])), /has to be host:port/);
  }
});
