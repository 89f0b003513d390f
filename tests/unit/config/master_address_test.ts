import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { masterAddresses, masterUri, parseMasterAddress } from "../../../src/config/mod.ts";

const options = { master: "salt", master_port: 4506, master_uri_format: "default" };

test("parseMasterAddress() takes names, addresses and ports apart", () => {
  const parse = (text: string) => {
    const { host, port } = parseMasterAddress(text, options);
    return `${host} ${port}`;
  };
  equal(parse("salt"), "salt 4506");
  equal(parse("salt.example.com:1234"), "salt.example.com 1234");
  equal(parse("10.1.2.3:1234"), "10.1.2.3 1234");
  equal(parse("[::1]:1234"), "::1 1234");
  equal(parse("[::1]"), "::1 4506");
  equal(parse("fe80::a00:27ff:fedc:ba98"), "fe80::a00:27ff:fedc:ba98 4506");
});

test("parseMasterAddress() refuses what is no address, with the reason", () => {
  const fails = (text: string, why: RegExp) =>
    throws(() => parseMasterAddress(text, options), why, text);
  fails("", /wanted a host name or an address/);
  fails("salt:x", /"x" is not a port/);
  fails("salt:0", /"0" is not a port/);
  fails("salt:70000", /"70000" is not a port/);
  fails("[zz]:1", /"zz" is not an IPv6 address/);
  fails("a:b:c", /too many colons/);
  fails("http://salt", /is not a host name|is not a port/);
  fails("sa lt", /is not a host name/);
});

test("parseMasterAddress() takes an address as it is with ip_only", () => {
  const only = { ...options, master_uri_format: "ip_only" };
  deepEqual(parseMasterAddress("fe80::1", only), { host: "fe80::1", port: 4506 });
});

test("masterAddresses() lists all masters, and masterUri() writes them", () => {
  const list = masterAddresses({ ...options, master: ["a", "b:1", "[::1]:2"] });
  deepEqual(list.map(masterUri), ["tcp://a:4506", "tcp://b:1", "tcp://[::1]:2"]);
  throws(() => masterAddresses({ ...options, master: [] }), /at least one/);
});
