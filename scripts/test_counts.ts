/**
 * How many tests there were, read from what the test runners print at their end.
 * @module
 */

/** Tests and steps of tests. */
export interface Counts {
  passed: number;
  failed: number;
}

/** Of `deno test`: `FAILED | 2 passed (9 steps) | 1 failed (1 step) | 3 ignored (1s)`. */
export function countDeno(output: string): Counts {
  const pick = (word: string) => {
    const pattern = new RegExp(`^(?:ok|FAILED) \\|.*?(\\d+) ${word}(?: \\((\\d+) steps?\\))?`, "m");
    const found = pattern.exec(output);
    return Number(found?.[1] ?? 0) + Number(found?.[2] ?? 0);
  };
  return { passed: pick("passed"), failed: pick("failed") };
}

/** Of `node --test`: `ℹ pass 15`, or `# pass 15` without colours. What was cancelled has failed. */
export function countNode(output: string): Counts {
  const pick = (word: string) => {
    return Number(new RegExp(`^(?:ℹ|#) ${word} (\\d+)$`, "m").exec(output)?.[1] ?? 0);
  };
  return { passed: pick("pass"), failed: pick("fail") + pick("cancelled") };
}
