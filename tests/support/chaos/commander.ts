/**
 * Publishes what stdin asks for on one master, each line a JSON map of `jid`, `ids` and `work`; says on
 * stdout whether the master took it. Runs in the master's network namespace.
 *
 *     deno run -A commander.ts DIR    # the master's configuration
 * @module
 */
import { createInterface } from "node:readline";
import { openLocalClient } from "../../../src/client/mod.ts";
import { loadMasterConfig } from "../../../src/config/mod.ts";
import { messageOf } from "../../../src/errors.ts";

/** ms that a master has to take a command. */
const PATIENCE = 5000;

const config = await loadMasterConfig({ configDir: process.argv[2]! });
const opts = { ...config, publish_timeout: PATIENCE / 1000 };

async function publish(line: string): Promise<void> {
  const { jid, ids, work } = JSON.parse(line);
  try {
    const client = await openLocalClient(opts);
    try {
      const target = { tgt: ids, tgt_type: "list" as const };
      await client.publish({ target, fun: "cmd.run", arg: [work], jid });
    } finally {
      client.close();
    }
    console.log(`took ${jid}`);
  } catch (error) {
    console.log(`refused ${jid}: ${messageOf(error).split("\n")[0]}`);
  }
}

for await (const line of createInterface({ input: process.stdin })) void publish(line);
