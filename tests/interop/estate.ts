/**
 * What a master and a minion of different make must do together.
 * @module
 */
import assert from "node:assert/strict";
import type { DataMap } from "../../src/types/mod.ts";
import type { Lab } from "../support/lab.ts";
import type { Master } from "../support/master.ts";
import type { Minion } from "../support/minion.ts";
import { runPython } from "../support/python.ts";
import type { Step } from "../support/scenario.ts";
import { scenario } from "../support/scenario.ts";
import type { Software } from "../support/software.ts";
import { generateKeyPairSync } from "node:crypto";

/** Id of the minion under test; the dot and dash are what real ids have. */
const ID = "web-1.example";

/** One master and one minion, running, and how to name steps. */
interface Pair {
  lab: Lab;
  master: Master;
  minion: Minion;
  step: Step;
}

function publicPem(): string {
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  }).publicKey;
}

async function signInSteps({ master, minion, step }: Pair): Promise<void> {
  await step("the key is pending, then accepted", async () => {
    await master.awaitKey(ID, "minions_pre");
    const pending = await master.key("-L", "--out=json");
    assert.deepEqual(JSON.parse(pending.stdout).minions_pre, [ID]);
    await master.accept(ID);
    const accepted = await master.key("-L", "--out=json");
    assert.deepEqual(JSON.parse(accepted.stdout).minions, [ID]);
    await minion.ready();
  });
}

async function functionSteps({ master, step }: Pair): Promise<void> {
  await step("test.ping prints the minion's name and True", async () => {
    const { code, stdout } = await master.salt("*", "test.ping");
    assert.equal(stdout, `${ID}:\n    True\n`);
    assert.equal(code, 0);
  });
  await step("test.arg keeps types of positional and keyword arguments", async () => {
    const args = ["5", "2.5", "true", "null", "[1, b]", "'007'", "kw={a: 1}", "text"];
    const { [ID]: found } = await master.ask(ID, "test.arg", ...args);
    assert.deepEqual((found as DataMap)["args"], [5, 2.5, true, null, [1, "b"], "007", "text"]);
    assert.deepEqual(((found as DataMap)["kwargs"] as DataMap)["kw"], { a: 1 });
  });
  await step("cmd.run gives the output of a shell", async () => {
    const found = await master.ask(ID, "cmd.run", "printf '%s\\n' één \"$((20 + 22))\"");
    assert.deepEqual(found, { [ID]: "één\n42" });
  });
  await step("a failing command makes the CLI fail", async () => {
    const { code } = await master.salt(ID, "cmd.run", "exit 7");
    assert.notEqual(code, 0);
  });
  await step("a function that does not exist is reported by name", async () => {
    const { code, stdout } = await master.salt(ID, "no.such");
    assert.match(stdout, /'no\.such' is not available/);
    assert.notEqual(code, 0);
  });
  await step("grains.items describes the host", async () => {
    const { [ID]: found } = await master.ask(ID, "grains.items");
    const grains = found as DataMap;
    assert.equal(grains["id"], ID);
    assert.equal(grains["kernel"], "Linux");
    for (const name of ["os", "os_family", "host", "cpuarch", "num_cpus", "mem_total"]) {
      assert.ok(grains[name], name);
    }
    assert.ok((grains["ipv4"] as string[]).includes("127.0.0.1"));
  });
  await step("a return of a megabyte arrives whole", async () => {
    const { [ID]: found } = await master.ask(
      ID,
      "cmd.run",
      "head -c 1000000 /dev/zero | tr '\\0' x",
    );
    assert.equal(String(found).length, 1_000_000);
  });
}

async function longJobSteps({ master, step }: Pair): Promise<void> {
  await step("find_job finds a long job while it runs, and no other", async () => {
    const jid = await master.publish(ID, "test.sleep", "6");
    const { [ID]: found } = await master.ask(ID, "saltutil.find_job", jid);
    assert.equal((found as DataMap)["jid"], jid);
    assert.equal((found as DataMap)["fun"], "test.sleep");
    const { [ID]: other } = await master.ask(ID, "saltutil.find_job", "20200101000000000000");
    assert.deepEqual(other, {});
  });
  await step("the CLI asks for a job that outlasts its timeout and waits on", async () => {
    const { code, stdout } = await master.salt("-t", "1", ID, "test.sleep", "4");
    assert.equal(stdout, `${ID}:\n    True\n`);
    assert.equal(code, 0);
  });
  await step("kill_job ends a job", async () => {
    const jid = await master.publish(ID, "cmd.run", "sleep 120");
    await master.ask(ID, "saltutil.kill_job", jid);
    const { [ID]: found } = await master.ask(ID, "saltutil.find_job", jid);
    assert.deepEqual(found, {});
  });
}

async function rotationStep({ lab, master, step }: Pair): Promise<void> {
  await step("after the session key rotated the minion answers, with jobs under way", async () => {
    const events = await lab.events(master);
    await master.placeKey("gone", "minions", publicPem());
    const jid = await master.publish(ID, "test.sleep", "5");
    const deleted = await master.key("-y", "-d", "gone");
    assert.equal(deleted.code, 0, deleted.stderr);
    await events.line(/^key\t.*rotate_aes_key/m);
    assert.deepEqual(await master.ask(ID, "test.ping"), { [ID]: true });
    await events.line(new RegExp(`^salt/job/${jid}/ret/${ID}\\t`, "m"));
    await events.stop();
  });
}

async function restartSteps({ master, minion, step }: Pair): Promise<void> {
  await step("the minion finds a restarted master again", async () => {
    await master.stop();
    await master.start();
    await master.awaitPing(ID);
  });
  await step("a restarted minion signs in with the key it has", async () => {
    await minion.stop();
    await minion.start();
    await minion.ready();
    assert.deepEqual(await master.ask(ID, "test.ping"), { [ID]: true });
  });
}

async function eventSteps({ lab, master, minion, step }: Pair): Promise<void> {
  await step("an event of the minion reaches the master's bus", async () => {
    const events = await lab.events(master);
    await fireFrom(minion, "acme/deploy", { version: "1.2" });
    const [, data] = await events.line(/^acme\/deploy\t(.*)$/m);
    const event = JSON.parse(data ?? "");
    assert.equal(event.id, ID);
    assert.equal(event.data.version, "1.2");
    await events.stop();
  });
}

/** Real Salt has a command for it; on saltx's bus any ZeroMQ program can do it. */
async function fireFrom(minion: Minion, tag: string, data: DataMap): Promise<void> {
  if (minion.software !== "saltx") {
    const sent = await minion.call("event.send", tag, JSON.stringify(data));
    assert.equal(sent.code, 0, sent.stderr);
    return;
  }
  const load = { tag, data, events: null, pretag: null };
  await runPython("bus_fire.py", minion.pullSocket, "fire_master", JSON.stringify(load));
}

/**
 * Defines the test of one pair.
 * @param full also what only the newest LTS is tested with.
 */
export function pairScenario(
  masterSoftware: Software,
  minionSoftware: Software,
  full: boolean,
): void {
  scenario(`${minionSoftware} minion on ${masterSoftware} master`, async (lab, step) => {
    const master = await (await lab.master(masterSoftware)).start();
    const minion = await (await lab.minion(minionSoftware, ID, master)).start();
    const pair = { lab, master, minion, step };
    await signInSteps(pair);
    await functionSteps(pair);
    await longJobSteps(pair);
    await rotationStep(pair);
    if (full) await eventSteps(pair);
    await restartSteps(pair);
  });
}
