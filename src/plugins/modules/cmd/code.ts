/** Source text run by an interpreter: `cmd.exec_code`, `cmd.exec_code_all`. @module */
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandExecutionError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { findUser } from "../../../process/mod.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { type CommandArgs, type CommandResult, runCommand } from "./run.ts";

const args = {
  lang: { type: "string", required: true, doc: "Interpreter to start, such as `python3`." },
  code: { type: "string", required: true, doc: "The source text." },
  cwd: { type: "string", doc: "Folder to run in." },
  args: { type: "any", doc: "More words for the command line: one text, or a list." },
  kwargs: { type: "map", keywords: true, doc: "What `cmd.run_all` also takes." },
} as const;

interface CodeArgs {
  lang: string;
  code: string;
  cwd: string | null;
  args: Data;
  kwargs: DataMap;
}

/** A file that only the user who runs it can read, for the time of `use`. */
async function withFile<T>(text: string, runas: Data, use: (path: string) => Promise<T>) {
  const user = typeof runas === "string" ? await findUser(runas) : undefined;
  if (typeof runas === "string" && !user) {
    throw new CommandExecutionError(`User '${runas}' is not available`);
  }
  const folder = mkdtempSync(join(tmpdir(), "saltx-code-"));
  try {
    const path = join(folder, "code");
    writeFileSync(path, text, { mode: 0o600 });
    if (user) {
      chownSync(path, user.uid, -1);
      chownSync(folder, user.uid, -1);
    }
    return await use(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runCode(ctx: ExecContext, given: CodeArgs): Promise<CommandResult> {
  const more = typeof given.args === "string"
    ? [given.args]
    : Array.isArray(given.args)
    ? given.args.map(pyStr)
    : [];
  return withFile(given.code, given.kwargs["runas"] ?? null, (path) =>
    runCommand(ctx, {
      ...given.kwargs as Partial<CommandArgs>,
      cwd: given.cwd,
      cmd: [given.lang, path, ...more],
      python_shell: false,
      kwargs: given.kwargs,
    }));
}

/** `cmd.exec_code` */
export const execCode = fn({
  doc: "Has an interpreter run a source text and returns its standard output.",
  args,
  example: "salt '*' cmd.exec_code python3 'print(6 * 7)'",
  run: async (ctx, given) => (await runCode(ctx, given)).stdout,
});

/** `cmd.exec_code_all` */
export const execCodeAll = fn({
  doc: "Has an interpreter run a source text and returns what `cmd.run_all` does.",
  args,
  example: "salt '*' cmd.exec_code_all perl 'print 6 * 7'",
  run: async (ctx, given) => ({ ...await runCode(ctx, given) }),
});
