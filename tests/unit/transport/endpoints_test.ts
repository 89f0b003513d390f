import { test } from "node:test";
import assert from "node:assert/strict";
import { ipcEndpoint, tcpEndpoint } from "../../../src/transport/zeromq/endpoints.ts";
import { reconnectOptions, tcpOptions } from "../../../src/transport/zeromq/socket_options.ts";

test("tcpEndpoint() puts IPv6 literals into brackets, once", () => {
  assert.equal(tcpEndpoint("::1", 4505), "tcp://[::1]:4505");
  assert.equal(tcpEndpoint("[::1]", 4505), "tcp://[::1]:4505");
  assert.equal(tcpEndpoint("master.example", 4506), "tcp://master.example:4506");
});

test("ipcEndpoint() names sock_dir when the path is longer than the kernel takes", () => {
  assert.equal(ipcEndpoint("/run/a.ipc"), "ipc:///run/a.ipc");
  assert.throws(() => ipcEndpoint("/" + "d".repeat(107)), /108 bytes.*sock_dir/);
});

test("tcpOptions() leaves keepalive values of -1 to the system", () => {
  assert.deepEqual(
    tcpOptions({ tcp_keepalive: true, tcp_keepalive_idle: 300, tcp_keepalive_cnt: -1 }),
    { tcpKeepalive: 1, tcpKeepaliveIdle: 300 },
  );
  assert.equal(tcpOptions({ tcp_keepalive: false }).tcpKeepalive, 0);
  assert.equal(tcpOptions({}, "tcp://[::1]:1").ipv6, true);
});

test("reconnectOptions() spreads the first wait between recon_default and both together", () => {
  const settings = { recon_default: 1000, recon_max: 10_000, recon_randomize: true };
  assert.equal(reconnectOptions(settings, () => 0).reconnectInterval, 1000);
  assert.equal(reconnectOptions(settings, () => 0.5).reconnectInterval, 6000);
  assert.equal(reconnectOptions({ ...settings, recon_randomize: false }).reconnectInterval, 1000);
});
