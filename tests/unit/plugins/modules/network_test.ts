import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { renameInHosts } from "../../../../src/plugins/modules/network/hostname.ts";
import {
  parseNetstatRoutes,
  parseRoutes4,
  parseRoutes6,
} from "../../../../src/plugins/modules/network/routes.ts";
import {
  hexToIp,
  parseEstablished,
  parseNetstat,
  parseSs,
} from "../../../../src/plugins/modules/network/sockets.ts";
import type { DataMap } from "../../../../src/types/mod.ts";
import { testContext } from "../../../support/exec_context.ts";

function route(family: string, destination: string, more: DataMap) {
  return { addr_family: family, destination, ...more };
}

test("parseRoutes4() and parseRoutes6() read what ip prints", () => {
  const four = "default via 10.0.0.1 dev eth0 proto dhcp src 10.0.0.5 metric 100\n" +
    "10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.5\n" +
    "unreachable 10.9.0.0/16\ndefault dev wg0 scope link\n";
  assert.deepEqual(parseRoutes4(four), [
    route("inet", "0.0.0.0", {
      gateway: "10.0.0.1",
      netmask: "0.0.0.0",
      flags: "UG",
      interface: "eth0",
    }),
    route("inet", "10.0.0.0", {
      gateway: "0.0.0.0",
      netmask: "255.255.255.0",
      flags: "U",
      interface: "eth0",
    }),
    route("inet", "0.0.0.0", {
      gateway: "0.0.0.0",
      netmask: "0.0.0.0",
      flags: "UG",
      interface: "wg0",
    }),
  ]);
  const six = "::1 dev lo proto kernel metric 256 pref medium\n" +
    "default via fe80::1 dev eth0 proto ra metric 100\n" +
    "local fe80::5 dev eth0 table local proto kernel\nmulticast ff00::/8 dev eth0 table local\n";
  assert.deepEqual(parseRoutes6(six), [
    route("inet6", "::1", { gateway: "::", netmask: "", flags: "U", interface: "lo" }),
    route("inet6", "::/0", { gateway: "fe80::1", netmask: "", flags: "UG", interface: "eth0" }),
    route("inet6", "fe80::5/128", { gateway: "::", netmask: "", flags: "U", interface: "eth0" }),
  ]);
});

test("parseNetstatRoutes() reads what netstat prints", () => {
  const text =
    "Kernel IP routing table\nDestination Gateway Genmask Flags MSS Window irtt Iface\n" +
    "0.0.0.0         10.0.0.1        0.0.0.0         UG        0 0          0 eth0\n";
  assert.deepEqual(parseNetstatRoutes(4, text), [
    route("inet", "0.0.0.0", {
      gateway: "10.0.0.1",
      netmask: "0.0.0.0",
      flags: "UG",
      interface: "eth0",
    }),
  ]);
});

test("hexToIp() turns the kernel's words round", () => {
  assert.equal(hexToIp("0100007F"), "127.0.0.1");
  assert.equal(hexToIp("00000000000000000000000001000000"), "::1");
  assert.equal(hexToIp("0000000000000000FFFF00000500000A"), "10.0.0.5");
});

test("parseEstablished() leaves out listening sockets", () => {
  const text = "  sl  local_address rem_address   st\n" +
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000\n" +
    "   1: 0100007F:1F90 0100007F:D431 01 00000000:00000000\n";
  assert.deepEqual(parseEstablished(text), [
    { local_addr: "127.0.0.1", local_port: 8080, remote_addr: "127.0.0.1", remote_port: 54321 },
  ]);
});

test("parseNetstat() and parseSs() give sockets in one shape", () => {
  const netstat =
    "Proto Recv-Q Send-Q Local Address Foreign Address State User Inode PID/Program name\n" +
    "tcp        0      0 0.0.0.0:22     0.0.0.0:*      LISTEN      0          1668       1/sshd\n" +
    "udp        0      0 127.0.0.1:53   0.0.0.0:*                  101        99         -\n";
  const [tcp, udp] = parseNetstat(netstat);
  assert.deepEqual(tcp, {
    proto: "tcp",
    "recv-q": "0",
    "send-q": "0",
    "local-address": "0.0.0.0:22",
    "remote-address": "0.0.0.0:*",
    state: "LISTEN",
    user: "0",
    inode: "1668",
    program: "1/sshd",
  });
  assert.equal(udp!["user"], "101");
  assert.equal("state" in udp!, false);
  const ss =
    'tcp   ESTAB 0 0 10.0.0.5:22 10.0.0.9:5123 users:(("sshd",pid=7,fd=3)) uid:5 ino:42 sk:1\n';
  assert.deepEqual(parseSs(ss)[0], {
    proto: "tcp",
    "recv-q": "0",
    "send-q": "0",
    "local-address": "10.0.0.5:22",
    "remote-address": "10.0.0.9:5123",
    state: "ESTABLISHED",
    user: "5",
    inode: "42",
    program: "sshd",
  });
});

test("renameInHosts() changes whole names only, and no comments", () => {
  const before = "127.0.1.1\told.example old # old\n10.0.0.1 older\n";
  assert.equal(
    renameInHosts(before, "old", "new"),
    "127.0.1.1\told.example new # old\n10.0.0.1 older\n",
  );
});

test("network.mod_hostname refuses what is no name", async () => {
  const ctx = await testContext();
  for (const name of ["-x", "a b", "a;b", ""]) {
    await assert.rejects(async () => await ctx.salt("network.mod_hostname", [name]), /cannot be/);
  }
});

test("network.connect tells open ports from closed ones", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const ctx = await testContext();
  assert.deepEqual(await ctx.salt("network.connect", ["127.0.0.1", port]), {
    result: true,
    comment: `Successfully connected to 127.0.0.1 (127.0.0.1) on tcp port ${port}`,
  });
  await new Promise((resolve) => server.close(resolve));
  const closed = await ctx.salt("network.connect", ["127.0.0.1", port]) as DataMap;
  assert.equal(closed["result"], false);
});
