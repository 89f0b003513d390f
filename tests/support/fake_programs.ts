/**
 * Programs that note how they are called, in place of those that would change the machine.
 * @module
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setJobVariable } from "../../src/loader/environment.ts";
import type { ExecContext } from "../../src/loader/mod.ts";
import { testContext, type TestContextOptions } from "./exec_context.ts";

/** A folder of programs, and a context whose job finds them first. */
export interface FakeMachine {
  ctx: ExecContext;
  /** A folder for the test's files; gone after it. */
  folder: string;
  /** How programs were called, in their order: name and arguments. */
  calls(): string[][];
}

/**
 * Runs a test with programs of its own.
 *
 * @param programs What each does, as lines of `sh`; `$FOLDER` is the test's folder.
 */
export async function withPrograms(
  programs: Record<string, string>,
  use: (machine: FakeMachine) => Promise<void>,
  options: TestContextOptions = {},
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "saltx-programs-"));
  try {
    const bin = join(folder, "bin");
    const log = join(folder, "calls.log");
    mkdirSync(bin);
    writeFileSync(log, "");
    for (const [name, body] of Object.entries(programs)) {
      const note = `{ printf '%s\\037' ${name} "$@"; printf '\\036'; } >> '${log}'`;
      writeFileSync(join(bin, name), `#!/bin/sh\nFOLDER='${folder}'\n${note}\n${body}\n`);
      chmodSync(join(bin, name), 0o755);
    }
    const ctx = await testContext({ ...options, opts: { root_dir: folder, ...options.opts } });
    setJobVariable(ctx, "PATH", `${bin}:${process.env["PATH"] ?? "/usr/bin:/bin"}`);
    const calls = () =>
      readFileSync(log, "utf8").split("\x1e").slice(0, -1)
        .map((call) => call.split("\x1f").slice(0, -1));
    await use({ ctx, folder, calls });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
