import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import {
  discoverId,
  generateMinionId,
  type HostFacts,
  type IdOptions,
} from "../../../src/config/minion_id.ts";

function hostWith(
  name: string,
  files: Record<string, string> = {},
  more: Partial<HostFacts> = {},
): HostFacts {
  return {
    hostname: () => name,
    read: (path) => files[path],
    resolveFullName: () => undefined,
    addresses: () => [],
    ...more,
  };
}

const options: IdOptions = {
  minion_id_caching: true,
  minion_id_lowercase: false,
  minion_id_remove_domain: false,
  append_domain: undefined,
  cacheFile: "/nowhere/minion_id",
  remember: false,
  warn: () => {},
};

test("generateMinionId() takes the full name that /etc/hosts gives the host", () => {
  const hosts = "127.0.0.1 localhost\n127.0.1.1 web1.example.com web1 # self\n";
  equal(generateMinionId(hostWith("web1", { "/etc/hosts": hosts })), "web1.example.com");
  const alias = "10.0.0.5 web1 web1.example.com\n";
  equal(generateMinionId(hostWith("web1", { "/etc/hosts": alias })), "web1.example.com");
});

test("generateMinionId() asks the resolver where /etc/hosts does not know the host", () => {
  const host = hostWith("web1", {}, { resolveFullName: () => "web1.example.net" });
  equal(generateMinionId(host), "web1.example.net");
  equal(generateMinionId(hostWith("web1")), "web1");
});

test("generateMinionId() passes over names that every host has", () => {
  const files = {
    "/etc/hosts": "127.0.0.1 localhost.localdomain localhost\n::1 ip6-localhost real.example.com\n",
  };
  equal(generateMinionId(hostWith("localhost", files)), "real.example.com");
  equal(
    generateMinionId(hostWith("localhost", { "/etc/hostname": "# name\nfromfile\n" })),
    "fromfile",
  );
});

test("generateMinionId() falls back to an address, then to localhost", () => {
  const host = hostWith("localhost", {}, { addresses: () => ["10.1.2.3"] });
  equal(generateMinionId(host), "10.1.2.3");
  equal(generateMinionId(hostWith("localhost")), "localhost");
});

test("discoverId() appends the domain to names, not to addresses", () => {
  const domain = { ...options, append_domain: "example.com" };
  const ids = ["web1", "web1.example.com", "web1."].map((name) =>
    discoverId("", domain, hostWith(name))
  );
  deepEqual(ids, ["web1.example.com", "web1.example.com", "web1."]);
  const address = hostWith("localhost", {}, { addresses: () => ["10.1.2.3"] });
  equal(discoverId("", domain, address), "10.1.2.3");
});

test("discoverId() shortens and lowers guessed ids, not given ones", () => {
  const all = { ...options, minion_id_lowercase: true, minion_id_remove_domain: true };
  equal(discoverId("", all, hostWith("Web1.Example.COM")), "web1");
  equal(discoverId("Web1.Example.COM", all, hostWith("x")), "Web1.Example.COM");
  const one = { ...options, minion_id_remove_domain: "example.com" };
  equal(discoverId("", one, hostWith("a.Example.com")), "a");
  equal(discoverId("", one, hostWith("a.example.org")), "a.example.org");
});

test("discoverId() believes the remembered id, without mark or line end, unless told not to", () => {
  const files = { "/nowhere/minion_id": "\ufeffold.example.com\nsecond line\n" };
  equal(discoverId("", options, hostWith("new", files)), "old.example.com");
  equal(discoverId("", { ...options, minion_id_caching: false }, hostWith("new", files)), "new");
  equal(discoverId("", options, hostWith("new", { "/nowhere/minion_id": "localhost\n" })), "new");
});

test("discoverId() refuses what cannot be an id", () => {
  for (const id of ["a/b", "a\\b", "a\0b", "..", ".hidden", "x".repeat(254)]) {
    throws(() => discoverId(id, options, hostWith("h")), /as minion id: wanted up to 253 bytes/);
  }
});
