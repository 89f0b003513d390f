/**
 * `saltx salt -b`: shows a run in batches. (`salt/cli/batch.py:Batch.run`)
 * @module
 */
import { type BatchEvent, type MinionResult, runBatches } from "../client/mod.ts";
import { EX } from "../errors.ts";
import { pyRepr } from "../text/py_repr.ts";
import { cameBack, type Data, type DataMap } from "../types/mod.ts";
import { flagOption } from "./invocation.ts";
import { ProgressLine } from "./progress_line.ts";
import { interruptText, type SaltRun } from "./salt.ts";
import { Summary } from "./salt_summary.ts";
import { effectiveOption } from "./tool_config.ts";

/** An exit code that a shell sees as it is, and never as success. */
export function exitCodeOf(retcode: number): number {
  return Number.isInteger(retcode) && retcode >= 0 && retcode <= 255 ? retcode : EX.GENERIC;
}

class BatchView {
  readonly #run: SaltRun;
  readonly #summary = new Summary();
  readonly #line: ProgressLine;
  readonly #active = new Set<string>();
  /** With `--static`: shown when all is done. */
  readonly #all: DataMap | undefined;
  #started = 0;
  #worst = 0;
  #lastJid = "";

  constructor(run: SaltRun) {
    this.#run = run;
    this.#all = flagOption(run.call, "static") ? {} : undefined;
    this.#line = new ProgressLine(run.call.io, () => ({
      returned: this.#started - this.#active.size,
      expected: this.#started,
      waiting: [...this.#active],
    }));
  }

  take(event: BatchEvent): void {
    this.#line.clear();
    switch (event.kind) {
      case "down":
        this.#summary.add(event.result);
        this.#worst ||= EX.GENERIC;
        return this.#note(`Minion ${event.id} did not respond. No job will be sent.`);
      case "started":
        return this.#start(event.jid, event.ids);
      case "skipped":
        this.#worst ||= EX.GENERIC;
        return this.#note(`Not started: ${[...event.ids].sort().join(" ")}`);
      default:
        return this.#result(event.result);
    }
  }

  #note(text: string): void {
    if (!this.#all) this.#run.output.note(text);
  }

  #start(jid: string, ids: readonly string[]): void {
    this.#lastJid = jid;
    this.#started += ids.length;
    for (const id of ids) this.#active.add(id);
    this.#note(`\nExecuting run on ${pyRepr([...ids].sort())}\n`);
    const { call } = this.#run;
    if (flagOption(call, "verbose")) {
      const text = `Executing job with jid ${jid}`;
      this.#note(`${text}\n${"-".repeat(text.length)}\n`);
    } else if (flagOption(call, "show_jid")) {
      this.#note(`jid: ${jid}`);
    }
  }

  #result(result: MinionResult): void {
    const { id, ret, retcode, jid, out, end } = result;
    this.#active.delete(id);
    this.#summary.add(result);
    if (Math.abs(retcode) > Math.abs(this.#worst)) this.#worst = retcode;
    if (this.#all) {
      this.#all[id] = ret;
    } else if (cameBack(end)) {
      const shown: Record<string, Data> = { retcode, jid, [id]: ret };
      this.#run.output.show(shown, { out });
    } else {
      this.#note(`Minion '${id}' failed to respond to job sent`);
    }
  }

  /** @returns the exit code. */
  end(interrupted: boolean): number {
    this.#line.close();
    const { call, opts, output } = this.#run;
    if (interrupted) {
      call.io.err(interruptText(this.#lastJid));
      return EX.GENERIC;
    }
    if (this.#all) output.show(this.#all);
    const wantsSummary = Boolean(effectiveOption(call, opts, "cli_summary")) && !output.forPrograms;
    if (wantsSummary) call.io.out(this.#summary.text(flagOption(call, "verbose")));
    if (this.#started === 0) {
      call.io.err("ERROR: No return received\n");
      return 2;
    }
    return exitCodeOf(this.#worst);
  }
}

/** Runs the command in batches of `size`. Gives the exit code: the worst return code. */
export async function runInBatches(run: SaltRun, size: string): Promise<number> {
  const { call, opts, client, request, parts } = run;
  const stop = new AbortController();
  let interrupted = false;
  const forget = parts.onInterrupt(() => {
    interrupted = true;
    stop.abort();
  });
  const view = new BatchView(run);
  try {
    const rules = {
      size,
      wait: Number(effectiveOption(call, opts, "batch_wait")) || 0,
      failhard: flagOption(call, "failhard"),
    };
    for await (const event of runBatches(client, request, rules, stop.signal)) {
      if (!interrupted) view.take(event);
    }
  } finally {
    forget();
  }
  return view.end(interrupted);
}
