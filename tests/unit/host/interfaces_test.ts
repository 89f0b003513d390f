import assert from "node:assert/strict";
import { test } from "node:test";
import { addressesByInterface, addressesOf, parseIpAddr } from "../../../src/host/mod.ts";

const text =
  `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
    inet6 ::1/128 scope host noprefixroute
       valid_lft forever preferred_lft forever
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel state UP group default qlen 1000
    link/ether 52:54:00:aa:bb:cc brd ff:ff:ff:ff:ff:ff
    altname enp1s0
    inet 192.168.1.9/24 brd 192.168.1.255 scope global dynamic eth0
       valid_lft 3000sec preferred_lft 3000sec
    inet 192.168.1.20/24 brd 192.168.1.255 scope global secondary eth0:1
       valid_lft forever preferred_lft forever
    inet6 fe80::5054:ff:feaa:bbcc/64 scope link
       valid_lft forever preferred_lft forever
3: docker0: <NO-CARRIER,BROADCAST,MULTICAST> mtu 1500 qdisc noqueue state DOWN group default
    link/ether 02:42:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 172.17.0.1/16 brd 172.17.255.255 scope global docker0
7: veth1@if6: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue master docker0 state UP
    link/ether 0a:00:00:00:00:07 brd ff:ff:ff:ff:ff:ff link-netnsid 0
8: tun0: <POINTOPOINT,UP> mtu 1500 state UNKNOWN
    link/none
    inet 10.8.0.2 peer 10.8.0.1/32 scope global tun0
`;

test("parseIpAddr() gives interfaces in Salt's shape", () => {
  assert.deepEqual(parseIpAddr(text), {
    lo: {
      up: true,
      hwaddr: "00:00:00:00:00:00",
      inet: [{ address: "127.0.0.1", netmask: "255.0.0.0", broadcast: null, label: "lo" }],
      inet6: [{ address: "::1", prefixlen: "128", scope: "host" }],
    },
    eth0: {
      up: true,
      hwaddr: "52:54:00:aa:bb:cc",
      inet: [{
        address: "192.168.1.9",
        netmask: "255.255.255.0",
        broadcast: "192.168.1.255",
        label: "eth0",
      }],
      secondary: [{
        type: "inet",
        address: "192.168.1.20",
        netmask: "255.255.255.0",
        broadcast: "192.168.1.255",
        label: "eth0:1",
      }],
      inet6: [{ address: "fe80::5054:ff:feaa:bbcc", prefixlen: "64", scope: "link" }],
    },
    docker0: {
      up: false,
      hwaddr: "02:42:00:00:00:01",
      inet: [{
        address: "172.17.0.1",
        netmask: "255.255.0.0",
        broadcast: "172.17.255.255",
        label: "docker0",
      }],
    },
    veth1: { up: true, parent: "if6", hwaddr: "0a:00:00:00:00:07" },
    tun0: {
      up: true,
      inet: [{ address: "10.8.0.2", netmask: "255.255.255.255", broadcast: null, label: "tun0" }],
    },
  });
});

test("addressesOf() sorts by number and leaves out the loopback when asked", () => {
  const interfaces = parseIpAddr(text);
  assert.deepEqual(addressesOf(interfaces, "inet", true), [
    "10.8.0.2",
    "127.0.0.1",
    "172.17.0.1",
    "192.168.1.9",
    "192.168.1.20",
  ]);
  assert.deepEqual(addressesOf(interfaces, "inet6", false), ["fe80::5054:ff:feaa:bbcc"]);
});

test("addressesByInterface() names interfaces without addresses too", () => {
  const by = addressesByInterface(parseIpAddr(text), ["inet", "inet6"]);
  assert.deepEqual(by["eth0"], ["192.168.1.9", "fe80::5054:ff:feaa:bbcc", "192.168.1.20"]);
  assert.deepEqual(by["veth1"], []);
});
