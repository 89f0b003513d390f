/**
 * RAET between hosts: a restarted master, a killed minion, another address, a cut link. Nobody helps,
 * and no return is lost. SALTX_CUT_SECONDS sets how long the link is cut.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import type { DataMap } from "../../src/types/mod.ts";
import type { Master } from "../support/master.ts";
import { Hosts } from "../support/netns.ts";
import { scenario } from "../support/scenario.ts";
import { until } from "../support/until.ts";

const CUT_S = Number(process.env["SALTX_CUT_SECONDS"] ?? 8);
const WAIT_MS = 120_000;

/** The returns of a job so far. */
async function returnsOf(master: Master, jid: string): Promise<DataMap> {
  const { stdout } = await master.run("jobs.lookup_jid", jid, "--out=json");
  return JSON.parse(stdout) as DataMap;
}

async function awaitReturn(master: Master, jid: string, id: string, value: unknown): Promise<void> {
  await until(`the return of ${id}`, async () => id in await returnsOf(master, jid), WAIT_MS);
  assert.deepEqual((await returnsOf(master, jid))[id], value);
}

async function statsOf(master: Master, estate: string): Promise<DataMap> {
  const { stdout } = await master.run("raet.stats", "--out=json");
  return (JSON.parse(stdout).remotes?.[estate] ?? {}) as DataMap;
}

scenario("RAET between hosts", async (lab, step) => {
  await using hosts = await Hosts.open("m", "a", "b");
  const config = { interface: "::", ipv6: true, auto_accept: true, raet_alive_period: 2 };
  const master = await (await lab.master("saltx", config, "m", hosts.host("m"))).start();
  const far = { raet_alive_period: 2 };
  const four = await lab.minion(
    "saltx",
    "four",
    master,
    { ...far, master: "10.91.1.1" },
    hosts.host("a"),
  );
  const sixOptions = { ...far, master: "fd91:2::1", ipv6: true };
  const six = await lab.minion("saltx", "six", master, sixOptions, hosts.host("b"));
  const both = { four: true, six: true };
  const answered = () =>
    until("both to answer", async () => {
      const found = await master.ask("*", "-t", "2", "test.ping");
      return found["four"] === true && found["six"] === true;
    }, WAIT_MS);
  for (const minion of [four, six]) {
    await minion.start();
    await minion.ready();
  }
  await step("one port serves IPv4 and IPv6", async () => {
    assert.deepEqual(await master.ask("*", "test.ping"), both);
    await until("the counters", async () => {
      const addresses = await Promise.all(["four_minion", "six_minion"].map(async (estate) => {
        return String((await statsOf(master, estate))["address"]);
      }));
      return addresses[0]!.startsWith("10.91.1.2:") && addresses[1]!.startsWith("[fd91:2::2]:");
    });
  });
  await step("a killed master gets the returns of jobs that end while it is away", async () => {
    const jid = await master.publish("*", "test.sleep", "3");
    await four.daemon.line(new RegExp(`Starting a new job ${jid}`));
    await six.daemon.line(new RegExp(`Starting a new job ${jid}`));
    await master.stop("SIGKILL");
    await six.daemon.line(new RegExp(`Returning information for job: ${jid}`));
    await master.start();
    await awaitReturn(master, jid, "four", true);
    await awaitReturn(master, jid, "six", true);
    await answered();
  });
  await step("a killed minion comes back", async () => {
    await four.stop("SIGKILL");
    await four.start();
    await four.ready();
    await answered();
  });
  await step("a minion that moves to another address goes on with its session", async () => {
    const jid = await master.publish("four", "test.sleep", "2");
    await four.daemon.line(new RegExp(`Starting a new job ${jid}`));
    await hosts.run("a", "ip", "addr", "del", "10.91.1.2/24", "dev", "eth0");
    await hosts.run("a", "ip", "addr", "add", "10.91.1.77/24", "dev", "eth0");
    await awaitReturn(master, jid, "four", true);
    assert.deepEqual(await master.ask("four", "test.ping"), { four: true });
    await until("its new address in the counters", async () => {
      return String((await statsOf(master, "four_minion"))["address"]).startsWith("10.91.1.77:");
    });
    assert.ok(Number((await statsOf(master, "four_minion"))["pathChanges"]) >= 1);
  });
  await step(`a link that is cut for ${CUT_S} s loses no job and no return`, async () => {
    const before = await master.publish("*", "test.sleep", "2");
    await four.daemon.line(new RegExp(`Starting a new job ${before}`));
    await hosts.run("a", "ip", "link", "set", "eth0", "down");
    const during = await master.publish("*", "test.echo", "meanwhile");
    await pause(CUT_S * 1000);
    await hosts.run("a", "ip", "link", "set", "eth0", "up");
    await awaitReturn(master, before, "four", true);
    await awaitReturn(master, before, "six", true);
    await awaitReturn(master, during, "six", "meanwhile");
    // A job waits for a minion that is away as long as its message may.
    if (CUT_S < 25) await awaitReturn(master, during, "four", "meanwhile");
    await answered();
  });
}, "raet");
