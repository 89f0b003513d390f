/**
 * Pages of the reference that scripts write: formatted as the rest, and checked for being up to date.
 * @module
 */
import { execFileSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

const root = resolve(import.meta.dirname ?? ".", "..");

/** One page. */
export interface Page {
  /** From the root of the repository. */
  path: string;
  text: string;
}

/** One cell of a table. */
export function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

/** A table; cells are escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows.map((row) => row.map(cell))]
    .map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** Without what a formatter changes. */
function words(text: string): string {
  return text.replace(/[\s|-]+/g, " ").trim();
}

/** The pages that are not what they should be. */
async function stalePages(pages: readonly Page[]): Promise<Page[]> {
  const there = await Promise.all(
    pages.map(({ path }) => readFile(join(root, path), "utf8").catch(() => "")),
  );
  return pages.filter(({ text }, at) => words(there[at]!) !== words(text));
}

function formatted(text: string): string {
  const argv = ["fmt", "--ext", "md", "--line-width", "100", "-"];
  return execFileSync(process.execPath, argv, { input: text, encoding: "utf8" });
}

/** Writes those that changed. To be run by Deno, whose formatter it uses. */
export async function writePages(pages: readonly Page[]): Promise<void> {
  for (const { path, text } of await stalePages(pages)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), formatted(text));
  }
}

/** Names those that are not up to date, and the script that writes them. @returns how many. */
export async function checkPages(pages: readonly Page[], script: string): Promise<number> {
  const stale = await stalePages(pages);
  for (const { path } of stale) console.error(`${path} is stale: run deno run -A ${script}`);
  return stale.length;
}
