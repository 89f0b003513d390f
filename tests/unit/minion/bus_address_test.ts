import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { busAddresses } from "../../../src/minion/bus_address.ts";
import { tempFolder, testOpts } from "./fakes.ts";

function buses(t: TestContext, masters: string[], overrides: Record<string, unknown> = {}) {
  const opts = testOpts(tempFolder(t), overrides);
  return { opts, buses: busAddresses(opts, masters) };
}

test("busAddresses() gives each master a bus of its own, the first with Salt's name", (t) => {
  const { opts, buses: [first, second] } = buses(t, ["a", "b"]);
  assert.deepEqual(first, { node: "minion", sockDir: opts.sock_dir, idHash: "ca0df2c95a" });
  assert.notDeepEqual(first, second);
});

test("busAddresses() counts ports up by two, or takes them from lists", (t) => {
  const ports = (more: Record<string, unknown> = {}) =>
    buses(t, ["a", "b", "c"], { ipc_mode: "tcp", ...more }).buses;
  assert.deepEqual(ports(), [
    { pubPort: 4510, pullPort: 4511 },
    { pubPort: 4512, pullPort: 4513 },
    { pubPort: 4514, pullPort: 4515 },
  ]);
  assert.deepEqual(ports({ tcp_pub_port: [1, 2, 3], tcp_pull_port: [4, 5, 6, 7] }), [
    { pubPort: 1, pullPort: 4 },
    { pubPort: 2, pullPort: 5 },
    { pubPort: 3, pullPort: 6 },
  ]);
});

test("busAddresses() refuses ports that overlap, are too few or cannot be", (t) => {
  const refused = (more: Record<string, unknown>, message: RegExp) =>
    assert.throws(() => buses(t, ["a", "b"], { ipc_mode: "tcp", ...more }), message);
  refused({ tcp_pull_port: 4512 }, /Port 4512 .*twice.*bus of master b.*bus of master a/);
  refused({ tcp_pull_port: [4511, 4510] }, /Port 4510 /);
  refused({ tcp_pub_port: [4510] }, /"tcp_pub_port" lists 1 ports for 2 masters/);
  refused({ tcp_pub_port: [4510, "x"] }, /Cannot use NaN .*"tcp_pub_port"/);
  refused({ tcp_pull_port: 65535 }, /Cannot use 65537 .*"tcp_pull_port"/);
});
