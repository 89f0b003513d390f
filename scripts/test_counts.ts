/**
 * How many tests there were and which failed, read from what the test runners print at their end.
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

/** What `deno test` lists under its last heading: `name ... step => file:line:column`. */
export function failuresOfDeno(output: string): string[] {
  const list = /^ FAILURES $([^]*?)^(?:ok|FAILED) \|/m.exec(output)?.[1] ?? "";
  return list.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

/** What `node --test` lists under its last heading: `test at file:line:column`, then `✖ name (ms)`. */
export function failuresOfNode(output: string): string[] {
  const list = /^(?:✖|#) failing tests:$([^]*)/m.exec(output)?.[1] ?? "";
  return [...list.matchAll(/^test at (.*)\n✖ (.*?)(?: \([\d.]+ms\))?$/gm)]
    .map(([, at, name]) => `${name} => ${at}`);
}

/** Of a run that was ended: the tests that `deno test` waited for, as far as it said so. */
export function hanging(output: string): string {
  const lines = output.split("\n");
  const slow = lines.map((line) => /^'(.*)' has been running for over/.exec(line)?.[1])
    .filter((name) => name !== undefined);
  const open = [...new Set(slow)].filter((name) => {
    const done = new RegExp(`=> ${RegExp.escape(name)} \\.\\.\\. (?:ok|FAILED)`);
    return !lines.some((line) => done.test(line));
  });
  return open.length > 0 ? `it waited for ${open.join(", ")}` : `last: ${lines.at(-2) ?? ""}`;
}
