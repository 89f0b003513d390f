import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseHosts, parseZone } from "../../../../src/plugins/modules/dnsutil.ts";
import { testContext } from "../../../support/exec_context.ts";

test("parseHosts() joins lines of one address", () => {
  const hosts = parseHosts("# comment\n127.0.0.1 localhost\n\n127.0.0.1\tme  myself\n::1 ip6\n");
  assert.deepEqual([...hosts], [["127.0.0.1", ["localhost", "me", "myself"]], ["::1", ["ip6"]]]);
});

test("parseZone() reads a zone whose SOA spans lines", () => {
  const zone = parseZone(
    "$TTL 86400\nexample.com. 3600 IN SOA ns1.example.com. admin.example.com. (\n" +
      "  2024010101 ; serial\n  1H 15\n  8W 1D )\n  IN NS ns1.example.com.\n" +
      "www 300 IN A 10.0.0.1\nmail IN CNAME www\n",
  );
  assert.equal(zone["TTL"], "86400");
  assert.equal(zone["ORIGIN"], "example.com.");
  assert.equal(zone["CONTACT"], "admin@example.com.");
  assert.equal(zone["SERIAL"], "2024010101");
  assert.deepEqual([zone["REFRESH"], zone["RETRY"], zone["EXPIRE"], zone["MINTTL"]], [
    3600,
    15,
    604800,
    86400,
  ]);
  assert.deepEqual(zone["NS"], ["ns1.example.com."]);
  assert.deepEqual(zone["A"], { "www.example.com.": { TARGET: "10.0.0.1", TTL: "300" } });
  assert.deepEqual(zone["CNAME"], { "mail.example.com.": "www" });
});

test("dnsutil.hosts_append and hosts_remove change a hosts file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "saltx-dns-"));
  try {
    const file = join(folder, "hosts");
    writeFileSync(file, "127.0.0.1 localhost\n# kept\n10.0.0.1 a b\n");
    const ctx = await testContext();
    assert.equal(
      await ctx.salt("dnsutil.hosts_append", [file, "10.0.0.1", "b,c"]),
      `The following line was added to ${file}:\n10.0.0.1 c`,
    );
    assert.equal(
      await ctx.salt("dnsutil.hosts_append", [file, "10.0.0.1", "a,c"]),
      `No additional hosts were added to ${file}`,
    );
    await assert.rejects(
      async () => await ctx.salt("dnsutil.hosts_append", [file, "10.0.0.1", "x\n1.1.1.1 y"]),
      /names without blanks/,
    );
    await ctx.salt("dnsutil.hosts_remove", [file, "a,c"]);
    assert.equal(readFileSync(file, "utf8"), "127.0.0.1 localhost\n# kept\n10.0.0.1 b\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("dnsutil.check_ip knows addresses and networks", async () => {
  const ctx = await testContext();
  const ask = (text: string) => ctx.salt("dnsutil.check_ip", [text]);
  for (const good of ["127.0.0.1", "10.0.0.0/8", "::1", "fe80::/10"]) {
    assert.equal(await ask(good), true);
  }
  for (const bad of ["127.0.0", "10.0.0.0/33", "::1/200", "x", "1.1.1.1/8/8"]) {
    assert.equal(await ask(bad), false, bad);
  }
});

test("dnsutil asks no server whose address is none", async () => {
  const ctx = await testContext();
  await assert.rejects(
    async () => await ctx.salt("dnsutil.A", ["x"], { nameserver: "-evil" }),
    /is not an IP address/,
  );
});
