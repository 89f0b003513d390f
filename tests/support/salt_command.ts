/**
 * Calls `saltx salt` against a scripted master.
 * @module
 */
import { callTool } from "../../src/cli/call_tool.ts";
import { findRole } from "../../src/cli/definitions/mod.ts";
import { runSalt, type SaltParts } from "../../src/cli/salt.ts";
import type { MasterOpts } from "../../src/config/mod.ts";
import { FakeIo } from "./fake_io.ts";
import type { ScriptedFleet } from "./scripted_fleet.ts";

/** What a command did. */
export interface CommandOutcome {
  code: number;
  stdout: string;
  stderr: string;
  io: FakeIo;
}

/** What a test may change. */
export interface CommandSetup {
  io?: FakeIo;
  /** ms on the master's clock at which Ctrl-C is pressed. */
  interruptAt?: number;
  parts?: Partial<SaltParts>;
}

/** Runs the words of a command to its end, on the master's clock. */
export async function saltCommand(
  master: ScriptedFleet,
  words: readonly string[],
  setup: CommandSetup = {},
): Promise<CommandOutcome> {
  const io = setup.io ?? new FakeIo();
  const role = findRole("salt");
  if (!role) throw new Error("there is no role salt");
  const parts: SaltParts = {
    loadConfig: () => ({
      token_expire: 43_200,
      state_output: "full",
      state_verbose: true,
      batch_safe_limit: 0,
      batch_safe_size: 8,
      ...master.opts,
    } as unknown as MasterOpts),
    openClient: () => master.client(),
    preview: () => Promise.resolve(Object.keys(master.minions)),
    onInterrupt: (listener) => {
      if (setup.interruptAt !== undefined) {
        void master.clock.wait(setup.interruptAt - master.clock.now()).then(listener);
      }
      return () => {};
    },
    ...setup.parts,
  };
  const running = callTool(
    role,
    { program: "salt", argv: words, io, versionLine: "" },
    () => Promise.resolve((call) => runSalt(call, parts)),
  );
  const code = await master.clock.run(running);
  return { code, stdout: io.stdout, stderr: io.stderr, io };
}
