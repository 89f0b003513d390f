/**
 * The counts at the end of a state run. (`salt/output/highstate.py:_format_host`)
 * @module
 */
import { pyFloat } from "../../text/py_repr.ts";
import { fixed } from "../../text/py_text.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import type { Colors } from "./colors.ts";
import { type OutputOptions, stripEscapes } from "./types.ts";

const LABEL_WIDTH = "Succeeded".length;

/** A duration in ms; runs that passed through Salt's own output have `12.3 ms`. */
function milliseconds(value: Data | undefined): number {
  const number = typeof value === "string" ? parseFloat(value) : Number(value ?? 0);
  return Number.isNaN(number) ? 0 : number;
}

/** Counts as it goes. */
export class Summary {
  readonly #options: OutputOptions;
  readonly #colors: Colors;
  readonly #counts = new Map<Data, number>();
  #warnings = 0;
  #serial = 0;
  #parallel = 0;

  constructor(options: OutputOptions, colors: Colors) {
    this.#options = options;
    this.#colors = colors;
  }

  count(result: Data, by: number): void {
    this.#counts.set(result, (this.#counts.get(result) ?? 0) + by);
  }

  warn(): void {
    this.#warnings += 1;
  }

  /** Parallel states end together: only the longest counts. */
  time(state: DataMap): void {
    const duration = milliseconds(state["duration"]);
    if ("__parallel__" in state) this.#parallel = Math.max(this.#parallel, duration);
    else this.#serial += duration;
  }

  #of(result: Data): number {
    return this.#counts.get(result) ?? 0;
  }

  #percentLines(total: number, width: number): string[] {
    if (total === 0) return [];
    const { GREEN, RED, CYAN, ENDC } = this.#colors;
    const percent = (count: number) => pyFloat(Number(fixed(count / total * 100, 2)));
    const row = (label: string, value: string) =>
      `${label}: ${value.padStart(width - label.length - 2)}`;
    const failed = this.#of(false);
    const good = percent(this.#of(true) + this.#of(null));
    return [
      `${GREEN}${row("Success %", good)}${ENDC}`,
      `${failed > 0 ? RED : CYAN}${row("Failure %", percent(failed))}${ENDC}`,
    ];
  }

  #durationLine(width: number): string {
    const total = this.#serial + this.#parallel;
    const [shown, unit] = total > 999 ? [total / 1000, "s"] : [total, "ms"];
    return `Total run time: ${fixed(shown, 3).padStart(width - 5)} ${unit}`;
  }

  /** The lines for the end of the minion's part. */
  lines(host: string, changes: number): string[] {
    const { GREEN, RED, CYAN, LIGHT_RED, LIGHT_YELLOW, ENDC } = this.#colors;
    const total = [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
    const all = [...this.#counts.values(), ...(this.#warnings > 0 ? [this.#warnings] : [])];
    const digits = Math.max(0, ...all.map((count) => String(count).length));
    const width = LABEL_WIDTH + digits + 2;
    const rule = "-".repeat(width);
    const row = (label: string, count: number) =>
      `${label}: ${String(count).padStart(width - label.length - 2)}`;
    const unchanged = this.#of(null);
    const failed = this.#of(false);
    const notes = [
      ...(unchanged > 0 ? [`${LIGHT_YELLOW}unchanged=${unchanged}${ENDC}`] : []),
      ...(changes > 0 ? [`${GREEN}changed=${changes}${ENDC}`] : []),
    ];
    const out = [
      `${CYAN}\nSummary for ${stripEscapes(host, this.#options)}\n${rule}${ENDC}`,
      `${GREEN}${row("Succeeded", this.#of(true) + unchanged)}${ENDC}` +
      (notes.length > 0 ? ` (${notes.join(", ")})` : ""),
      `${failed > 0 ? RED : CYAN}${row("Failed", failed)}${ENDC}`,
    ];
    if (this.#options.state_output_pct) out.push(...this.#percentLines(total, width));
    if (this.#warnings > 0) out.push(`${LIGHT_RED}${row("Warnings", this.#warnings)}${ENDC}`);
    const totals = `${rule}\nTotal states run: ${String(total).padStart(width - 7)}`;
    out.push(`${CYAN}${totals}${ENDC}`);
    if (this.#options.state_output_profile) {
      out.push(`${CYAN}${this.#durationLine(width)}${ENDC}`);
    }
    return out;
  }
}
