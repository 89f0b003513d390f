/**
 * A minion's channel with a scripted master, a fake clock and its own folder of keys.
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MinionChannelOptions } from "../../src/channel/minion_channel.ts";
import { createMinionChannel } from "../../src/channel/minion_channel.ts";
import type { MinionAuthOpts } from "../../src/channel/minion_options.ts";
import type { MinionChannel } from "../../src/channel/types.ts";
import type { Logger } from "../../src/logging/mod.ts";
import type { MinionId } from "../../src/types/mod.ts";
import { FakeClock } from "./fake_clock.ts";
import { minionAuthOpts } from "./minion_auth_opts.ts";
import { ScriptedMaster } from "./scripted_master.ts";
import { testKey } from "./vectors.ts";

/** What a test works with. Disposing closes the channel and removes the folder. */
export interface ChannelLab extends AsyncDisposable {
  channel: MinionChannel;
  master: ScriptedMaster;
  clock: FakeClock;
  pkiDir: string;
  /** `level: message` of each line. */
  log: string[];
  /** Another channel of the same minion, as after a restart. */
  restart(changes?: Partial<MinionAuthOpts>): Promise<void>;
}

/** Opens a lab; the minion has the key of the vectors. */
export async function channelLab(
  changes: Partial<MinionAuthOpts> = {},
  extra: Partial<MinionChannelOptions> = {},
): Promise<ChannelLab> {
  const pkiDir = mkdtempSync(join(tmpdir(), "saltx-channel-"));
  const { privateKey, publicKey } = testKey("test-minion");
  writeFileSync(join(pkiDir, "minion.pem"), privateKey, { mode: 0o400 });
  writeFileSync(join(pkiDir, "minion.pub"), publicKey);
  const master = new ScriptedMaster();
  const clock = new FakeClock();
  const log: string[] = [];
  const open = (more: Partial<MinionAuthOpts>) =>
    createMinionChannel({
      id: "vec-m1" as MinionId,
      opts: minionAuthOpts({ pki_dir: pkiDir, ...changes, ...more }),
      masterUri: "tcp://127.0.0.1:4506",
      transport: master.transport(),
      logger: listLogger(log),
      clock,
      ...extra,
    });
  const lab: ChannelLab = {
    channel: await open({}),
    master,
    clock,
    pkiDir,
    log,
    restart: async (more = {}) => {
      lab.channel.close();
      lab.channel = await open(more);
    },
    [Symbol.asyncDispose]: () => {
      lab.channel.close();
      rmSync(pkiDir, { recursive: true });
      return Promise.resolve();
    },
  };
  return lab;
}

function listLogger(lines: string[]): Logger {
  const write = (level: string) => (message: string | (() => string)) => {
    lines.push(`${level}: ${typeof message === "function" ? message() : message}`);
  };
  return {
    name: "test",
    enabled: () => true,
    trace: write("trace"),
    debug: write("debug"),
    info: write("info"),
    warning: write("warning"),
    error: write("error"),
    critical: write("critical"),
  };
}
