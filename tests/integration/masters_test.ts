/** Minions with several masters: all at once, or one after the other. */
import assert from "node:assert/strict";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { openEventClient } from "../../src/event/mod.ts";
import type { DataMap } from "../../src/types/mod.ts";
import type { Config, Lab } from "../support/lab.ts";
import type { Master } from "../support/master.ts";
import type { Minion } from "../support/minion.ts";
import { overTransports, scenario } from "../support/scenario.ts";
import { freePorts } from "../support/loopback.ts";
import { saltxCommand } from "../support/software.ts";
import { until } from "../support/until.ts";

const NAMES = ["m1", "m2", "m3"] as const;

/** `host:port`, as minions name a master. */
function address({ endpoint }: Master): string {
  return `${endpoint.host}:${endpoint.requestPort}`;
}

async function startMasters(lab: Lab, config: Config = {}): Promise<Master[]> {
  return await Promise.all(NAMES.map(async (name) => {
    const all = { auto_accept: true, gather_job_timeout: 2, ...config };
    return await (await lab.master("saltx", all, name)).start();
  }));
}

/** A minion of several masters; each tells it where it publishes. */
async function minionOf(
  lab: Lab,
  id: string,
  masters: readonly Master[],
  config: Config = {},
): Promise<Minion> {
  const names = masters.map(address);
  const all = { master: names, publish_port: 4506, master_alive_interval: 2, ...config };
  return await lab.minion("saltx", id, masters[0]!, all);
}

function pings(ids: readonly string[]): DataMap {
  return Object.fromEntries(ids.map((id) => [id, true]));
}

overTransports("twenty minions of three masters at once", async (lab, step) => {
  const ids = Array.from({ length: 20 }, (_, i) => `a${i + 1}`);
  const masters = await startMasters(lab);
  const [m1, m2, m3] = masters as [Master, Master, Master];
  const minions = await Promise.all(
    ids.map(async (id) => await (await minionOf(lab, id, masters)).start()),
  );
  await step("obey each of them", async () => {
    for (const master of masters) {
      await until("all to answer", async () => {
        return Object.keys(await master.ask("*", "test.ping")).length === ids.length;
      }, 60_000);
      assert.deepEqual(await master.ask("*", "test.ping"), pings(ids));
    }
  });
  await step("return a job to the master that asked, and to no other", async () => {
    const jid = await m2.publish("*", "test.arg", "x");
    await until("the returns", async () => {
      const { stdout } = await m2.run("jobs.lookup_jid", jid, "--out=json");
      return Object.keys(JSON.parse(stdout)).length === ids.length;
    });
    for (const other of [m1, m3]) {
      assert.deepEqual(
        JSON.parse((await other.run("jobs.lookup_jid", jid, "--out=json")).stdout),
        {},
      );
    }
  });
  await step("have an event bus for each of them, that speaks to that master", async () => {
    const ports = await freePorts(4);
    const tcp = { ipc_mode: "tcp", tcp_pub_port: ports.slice(0, 2), tcp_pull_port: ports.slice(2) };
    const minion = await (await minionOf(lab, "tcp", [m1, m2], tcp)).start();
    for (const [index, master] of [m1, m2].entries()) {
      await master.awaitPing("tcp");
      const events = await lab.events(master);
      const bus = await openEventClient({ pubPort: ports[index]!, pullPort: ports[index + 2]! });
      await bus.fire("fire_master", { tag: `to/${index}`, data: {}, events: null, pretag: null });
      await events.line(new RegExp(`^to/${index}\\t.*"id":"tcp"`, "m"));
      assert.doesNotMatch(events.log, new RegExp(`^to/${1 - index}\\t`, "m"));
      bus.close();
      await events.stop();
    }
    await minion.stop();
    for (const master of masters) await master.key("-y", "-d", "tcp");
  });
  await step("go on with the others when one is killed, and start without it", async () => {
    await m1.stop("SIGKILL");
    assert.deepEqual(await m2.ask("*", "test.ping"), pings(ids));
    await minions[0]!.stop();
    await minions[0]!.start();
    await minions[0]!.ready();
    assert.deepEqual(await m3.ask("a1", "test.ping"), { a1: true });
  });
  await step("get the first command of a master that is back", async () => {
    await m1.start();
    assert.deepEqual(await m1.ask("*", "test.ping"), pings(ids));
    for (let round = 0; round < 3; round += 1) {
      await m1.stop("SIGKILL");
      await m1.start();
      const jid = await m1.publish("*", "test.arg", String(round));
      await until("the returns", async () => {
        const { stdout } = await m1.run("jobs.lookup_jid", jid, "--out=json");
        return Object.keys(JSON.parse(stdout)).length === ids.length;
      });
    }
  });
  await step("stand on hosts that masters.diff compares them by", async () => {
    await m3.placeKey(
      "only-here",
      "minions",
      await readFile(join(m3.pkiDir, "minions/a1"), "utf8"),
    );
    const program = `env SALT_CONFIG_DIR=${m2.configDir} ${saltxCommand().join(" ")}`;
    const found = await m3.run("masters.diff", "minion=a1", `program=${program}`, "--out=json");
    const { same, keys, options, access } = JSON.parse(found.stdout) as DataMap;
    assert.equal(same, false);
    assert.deepEqual(Object.keys(keys as DataMap), ["only-here"]);
    assert.deepEqual([options, access], [undefined, undefined]);
  });
});

overTransports("a minion that goes from master to master", async (lab, step) => {
  const id = "roams";
  const masters = await startMasters(lab);
  const [m1, m2, m3] = masters as [Master, Master, Master];
  const minion = await (await minionOf(lab, id, masters, {
    master_type: "failover",
    master_failback: true,
    master_failback_interval: 1,
    master_alive_interval: 1,
  })).start();
  await minion.ready();
  const present = async (master: Master) =>
    JSON.parse((await master.run("manage.present", "--out=json")).stdout) as string[];
  await step("hangs on the first", async () => {
    assert.deepEqual(await m1.ask(id, "test.ping"), { [id]: true });
    assert.deepEqual([await present(m2), await present(m3)], [[], []]);
  });
  await step("goes to the next when it is killed, with the job that it works on", async () => {
    const jid = await m1.publish(id, "test.sleep", "4");
    await until("the job to run", async () => {
      const { [id]: found } = await m1.ask(id, "saltutil.find_job", jid);
      return (found as DataMap)["jid"] === jid;
    });
    await m1.stop("SIGKILL");
    await m2.awaitPing(id);
    await until("the return at the master that took its place", async () => {
      const { stdout } = await m2.run("jobs.lookup_jid", jid, "--out=json");
      return (JSON.parse(stdout) as DataMap)[id] === true;
    });
  });
  await step("leaves one that is frozen", async () => {
    m2.daemon.signal("SIGSTOP");
    await m3.awaitPing(id);
    m2.daemon.signal("SIGCONT");
  });
  await step("goes back to the first when that is there again", async () => {
    await m1.start();
    await m1.awaitPing(id);
    await until("the others to see it gone", async () => (await present(m3)).length === 0);
  });
});

scenario("masters whose keys a signature vouches for", async (lab, step) => {
  const id = "careful";
  const signed = { auto_accept: true, master_sign_pubkey: true };
  const m1 = await (await lab.master("saltx", signed, "m1")).start();
  const m2 = await lab.master("saltx", { ...signed, master_use_pubkey_signature: true }, "m2");
  const stranger = await (await lab.master("saltx", signed, "m3")).start();
  const unsigned = await (await lab.master("saltx", { auto_accept: true }, "m4")).start();
  await mkdir(m2.pkiDir, { recursive: true, mode: 0o700 });
  await step("saltx key --gen-signature makes what a master gives out", async () => {
    for (const name of ["master_sign.pem", "master_sign.pub"]) {
      await copyFile(join(m1.pkiDir, name), join(m2.pkiDir, name));
    }
    assert.equal((await m2.key("--gen-keys=master", `--gen-keys-dir=${m2.pkiDir}`)).code, 0);
    const made = await m2.key("--gen-signature");
    assert.equal(made.code, 0, made.stderr);
    await m2.start();
  });
  const minion = await minionOf(lab, id, [m1, m2, stranger, unsigned], {
    verify_master_pubkey_sign: true,
    always_verify_signature: true,
  });
  await mkdir(minion.pkiDir, { recursive: true, mode: 0o700 });
  await copyFile(join(m1.pkiDir, "master_sign.pub"), join(minion.pkiDir, "master_sign.pub"));
  await minion.start();
  await step(
    "the minion obeys the masters that it vouches for, each with its own key",
    async () => {
      await m1.awaitPing(id);
      await m2.awaitPing(id);
    },
  );
  await step("and refuses the others by name", async () => {
    const named = (master: Master) => address(master).replaceAll(".", "\\.");
    await minion.daemon.line(
      new RegExp(
        `master at ${named(stranger)} .*signature on the master's public key does not hold`,
      ),
    );
    await minion.daemon.line(
      new RegExp(`master at ${named(unsigned)} .*did not send its public-key signature`),
    );
  });
});

scenario("minions with something wrong in their list of masters", async (lab, step) => {
  const m1 = await (await lab.master("saltx", { auto_accept: true }, "m1")).start();
  const m2 = await (await lab.master("saltx", { auto_accept: true }, "m2")).start();
  await step("a master that is named twice is used once", async () => {
    const minion = await (await minionOf(lab, "twice", [m1, m2, m1])).start();
    await minion.daemon.line(/is listed twice in option "master"; it is used once/);
    await m1.awaitPing("twice");
    await m2.awaitPing("twice");
    await minion.stop();
  });
  await step("a name that nobody knows leaves the others alone", async () => {
    const names = ["nowhere.invalid", address(m1)];
    const minion = await (await minionOf(lab, "odd-name", [m1], { master: names })).start();
    await minion.daemon.line(/Master hostname: 'nowhere\.invalid' not found/);
    await m1.awaitPing("odd-name");
    await minion.stop();
  });
  await step("one wrong master_finger of two shuts that master out", async () => {
    const finger = Array.from({ length: 32 }, () => "ab").join(":");
    const minion = await (await minionOf(lab, "wary", [m1, m2], { master_finger: [finger, ""] }))
      .start();
    await minion.daemon.line(
      new RegExp(`Master ${address(m1)} is given up: .*master_finger ab:ab.*does not match`),
    );
    await m2.awaitPing("wary");
    assert.deepEqual((await m1.run("manage.present", "--out=json")).stdout.trim(), "[]");
    await minion.stop();
  });
  await step("ports that overlap stop the start, and say which", async () => {
    const minion = await (await minionOf(lab, "ports", [m1, m2], {
      ipc_mode: "tcp",
      tcp_pub_port: 24510,
      tcp_pull_port: 24512,
    })).start();
    assert.notEqual(await minion.daemon.exited, 0);
    assert.match(
      minion.daemon.log,
      /Port 24512 would be used twice: as tcp_pub_port .*tcp_pull_port/,
    );
  });
});

overTransports("a minion whose masters have IPv6 addresses", async (lab) => {
  // Listens where the lab does not look.
  const six = { command: ["env"], near: false };
  const config = { auto_accept: true, interface: "::1", ipv6: true };
  const [m1, m2] = await Promise.all(["m1", "m2"].map(async (name) => {
    return await (await lab.master("saltx", config, name, six)).start();
  })) as [Master, Master];
  const names = [m1, m2].map(({ endpoint }) => `[::1]:${endpoint.requestPort}`);
  await (await minionOf(lab, "six", [m1, m2], { master: names, ipv6: true })).start();
  await m1.awaitPing("six");
  await m2.awaitPing("six");
  const bare = { master: "::1", master_uri_format: "ip_only", ipv6: true };
  const ports = { master_port: m2.endpoint.requestPort, publish_port: m2.endpoint.publishPort };
  await (await lab.minion("saltx", "bare", m2, { ...bare, ...ports })).start();
  await m2.awaitPing("bare");
});
