/**
 * How a job ended over all of its minions. (`salt/cli/salt.py:SaltCMD._print_returns_summary`)
 * @module
 */
import type { MinionEnd, MinionResult } from "../client/mod.ts";

/** Ids that one line of the summary names, unless all are wanted. */
const NAMED = 20;

const LINES: readonly (readonly [MinionEnd, string])[] = [
  ["not connected", "Minions not connected"],
  ["queued", "Minions that get the job when they are back"],
  ["timed out", "Minions not responding"],
  ["not known", "Minions not known"],
  ["still running", "Minions still running"],
  ["interrupted", "Minions that were stopped during the job"],
  ["failed", "Minions with failures"],
];

/** Counts ends without keeping what was returned. */
export class Summary {
  readonly #ids = new Map<MinionEnd, string[]>();
  /** Some minion failed or did not return. */
  failed = false;

  add({ id, end, retcode }: MinionResult): void {
    const ids = this.#ids.get(end) ?? [];
    ids.push(id);
    this.#ids.set(end, ids);
    if (retcode !== 0 || end !== "returned") this.failed = true;
  }

  get total(): number {
    return [...this.#ids.values()].reduce((sum, ids) => sum + ids.length, 0);
  }

  #count(...ends: MinionEnd[]): number {
    return ends.reduce((sum, end) => sum + (this.#ids.get(end)?.length ?? 0), 0);
  }

  /** The text; with `all`, every id by name. */
  text(all: boolean): string {
    const rule = "-------------------------------------------";
    const returned = this.#count("returned", "failed", "interrupted");
    const names = LINES.flatMap(([end, title]) => {
      const ids = this.#ids.get(end) ?? [];
      if (ids.length === 0) return [];
      const shown = all ? ids : ids.slice(0, NAMED);
      const more = ids.length > shown.length ? ` and ${ids.length - shown.length} more` : "";
      return [`${title}: ${shown.join(" ")}${more}`];
    });
    return [
      "\n",
      rule,
      "Summary",
      rule,
      `# of minions targeted: ${this.total}`,
      `# of minions returned: ${returned}`,
      `# of minions that did not return: ${this.total - returned}`,
      `# of minions with errors: ${this.#count("failed", "interrupted")}`,
      ...names,
      rule,
    ].join("\n") + "\n";
  }
}
