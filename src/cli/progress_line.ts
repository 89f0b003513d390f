/**
 * One line at the foot of a terminal that says how far a job is.
 * @module
 */
import type { JobProgress } from "../client/mod.ts";
import type { CliIo } from "./invocation.ts";

/** ms between two looks at the job, and how old a job is before anything is shown of it. */
const INTERVAL_MS = 500;
const QUIET_MS = 1000;

/** What is shown: `12/40 returned, 3 s, waiting for w1, w2 and 26 more`. */
export function progressText(progress: JobProgress, elapsedMs: number, columns: number): string {
  const { returned, expected, waiting } = progress;
  const head = `${returned}/${expected} returned, ${Math.floor(elapsedMs / 1000)} s`;
  if (waiting.length === 0) return head;
  const names: string[] = [];
  let text = head;
  for (const id of waiting) {
    const more = waiting.length - names.length - 1;
    const tail = more > 0 ? ` and ${more} more` : "";
    const next = `${head}, waiting for ${[...names, id].join(", ")}${tail}`;
    if (next.length >= columns || names.length === 3) break;
    names.push(id);
    text = next;
  }
  return text.slice(0, columns - 1);
}

/** Shown on standard error, and only when both outputs are a terminal: results stay clean. */
export class ProgressLine {
  readonly #io: CliIo;
  readonly #progress: () => JobProgress;
  readonly #started = performance.now();
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #shown = false;

  constructor(io: CliIo, progress: () => JobProgress) {
    this.#io = io;
    this.#progress = progress;
    if (!io.stderrIsTerminal || !io.stdoutIsTerminal) return;
    this.#timer = setInterval(() => this.#draw(), INTERVAL_MS);
    this.#timer.unref?.();
  }

  #draw(): void {
    const elapsed = performance.now() - this.#started;
    if (elapsed < QUIET_MS) return;
    this.#io.err(`\r\x1b[K${progressText(this.#progress(), elapsed, this.#io.columns)}`);
    this.#shown = true;
  }

  /** Takes the line away, for results to be printed in its place. */
  clear(): void {
    if (this.#shown) this.#io.err("\r\x1b[K");
    this.#shown = false;
  }

  close(): void {
    clearInterval(this.#timer);
    this.clear();
  }
}
