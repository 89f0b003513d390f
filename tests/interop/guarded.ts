/**
 * What a master and a minion of different make must do together when they are told to be careful,
 * and how a master refuses whom it does not know.
 * @module
 */
import assert from "node:assert/strict";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { scenario } from "../support/scenario.ts";
import type { Software } from "../support/software.ts";

/** Defines the test of one pair with every signature, SHA-224 and publications by topic. */
export function carefulScenario(masterSoftware: Software, minionSoftware: Software): void {
  const name = `careful ${minionSoftware} minion on ${masterSoftware} master`;
  scenario(name, async (lab, step) => {
    const id = "careful";
    const master = await lab.master(masterSoftware, {
      master_sign_pubkey: true,
      publish_signing_algorithm: "PKCS1v15-SHA224",
      zmq_filtering: true,
    });
    await master.start();
    const minion = await lab.minion(minionSoftware, id, master, {
      encryption_algorithm: "OAEP-SHA224",
      signing_algorithm: "PKCS1v15-SHA224",
      sign_pub_messages: true,
      verify_master_pubkey_sign: true,
      zmq_filtering: true,
    });
    await mkdir(minion.pkiDir, { recursive: true });
    const signer = "master_sign.pub";
    await copyFile(join(master.pkiDir, signer), join(minion.pkiDir, signer));
    await minion.start();
    await step("it signs in with signed master key and SHA-224", async () => {
      await master.accept(id);
      await minion.ready();
    });
    for (
      const target of [[id], ["-L", `${id},other`], ["-E", "care.*"], ["-C", `${id} and not x`]]
    ) {
      await step(`it takes a signed publication to ${target.join(" ")}`, async () => {
        const found = await master.ask(...target as [string], "test.ping");
        assert.equal(found[id], true, JSON.stringify(found));
      });
    }
    // A saltx minion has no function that shows it.
    if (minionSoftware === "saltx") return;
    await step("its pillar is signed and sealed for it", async () => {
      assert.deepEqual(await master.ask(id, "pillar.items"), { [id]: {} });
    });
  });
}

/** Defines the test of refusals: rejected key, second key of a known id, wrong master. */
export function refusalScenario(masterSoftware: Software, minionSoftware: Software): void {
  const name = `refused ${minionSoftware} minions on ${masterSoftware} master`;
  scenario(name, async (lab, step) => {
    const master = await (await lab.master(masterSoftware)).start();
    await step("a rejected minion is told so", async () => {
      const minion = await (await lab.minion(minionSoftware, "unwanted", master)).start();
      await master.awaitKey("unwanted", "minions_pre");
      await master.key("-y", "-r", "unwanted");
      await master.awaitKey("unwanted", "minions_rejected");
      await minion.daemon.line(/rejected this minion's public key/i);
      await minion.stop("SIGKILL");
    });
    await step("a second key for a known id is denied, the first one stays in force", async () => {
      const first = await (await lab.minion(minionSoftware, "known", master)).start();
      await master.accept("known");
      await first.ready();
      const second = await (await lab.minion(minionSoftware, "known", master)).start();
      await master.awaitKey("known", "minions_denied");
      assert.deepEqual(await master.ask("known", "test.ping"), { known: true });
      await second.stop("SIGKILL");
    });
    await step("a minion with another master_finger does not trust the master", async () => {
      const minion = await lab.minion(minionSoftware, "warned", master, {
        master_finger: Array.from({ length: 32 }, () => "ab").join(":"),
      });
      await minion.start();
      await master.accept("warned");
      assert.equal(await minion.daemon.exited, 42);
    });
  });
}
