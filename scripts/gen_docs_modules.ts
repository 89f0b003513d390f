/**
 * Writes the reference pages of the execution modules from their descriptors, each function with its
 * state beside real Salt's: `docs/ref/modules.md` and a page for each module in `docs/ref/modules/`.
 *
 *     deno run -A scripts/gen_docs_modules.ts           writes them
 *     deno run -A scripts/gen_docs_modules.ts --check   exits 1 when they are not what it would write
 *     deno run -A scripts/gen_docs_modules.ts --record  asks real Salt anew what it has, then writes
 *
 * What Salt has stands in `tests/cases/salt_functions.json`; why functions differ or are not here, in
 * `gen_docs_modules/reasons.ts`. A function without a reason that should have one is an error.
 * @module
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { executionModules } from "../src/plugins/modules/mod.ts";
import { compareFile, type SaltTable, unexplained, usedRows } from "./gen_docs_modules/compare.ts";
import { absentPage, modulePage, overviewPage, usedPage } from "./gen_docs_modules/pages.ts";
import { otherwise, usedFunctions } from "./gen_docs_modules/used.ts";
import { wantedModules } from "./gen_docs_modules/wanted.ts";
import { ensureVenvs, saltVersions, venvBin } from "./venvs.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = "docs/ref/modules";

/** A page by its path below the project. */
export type Pages = Record<string, string>;

/** @throws Error that names functions whose state has no reason, and used ones that nobody has. */
export function modulePages(): Pages {
  const text = readFileSync(join(root, "tests/cases/salt_functions.json"), "utf8");
  const salt = JSON.parse(text) as SaltTable;
  const listed = wantedModules.flat();
  const others = executionModules.map(({ name }) => name).filter((name) =>
    !listed.includes(name) && !listed.some((file) => salt.modules[file]?.called === name)
  );
  const all = [...listed, ...others].map((file) => compareFile(file, salt, executionModules))
    .filter((one) => one !== undefined);
  const open = all.flatMap(unexplained);
  if (open.length > 0) {
    throw new Error(
      `These need a word in scripts/gen_docs_modules/reasons.ts:\n  ${open.join("\n  ")}`,
    );
  }
  const here = all.filter(({ module }) => module);
  return {
    "docs/ref/modules.md": overviewPage(all, salt.version),
    [`${folder}/absent.md`]: absentPage(all),
    [`${folder}/most_used.md`]: usedPage(usedRows(usedFunctions, all, otherwise)),
    ...Object.fromEntries(here.map((one) => [`${folder}/${one.file}.md`, modulePage(one)])),
  };
}

/** Paths of pages that are not as they should be, or should not be there. */
export function stalePages(pages: Pages): string[] {
  const stale = Object.entries(pages).filter(([path, text]) => {
    try {
      return readFileSync(join(root, path), "utf8") !== text;
    } catch {
      return true;
    }
  });
  const extra = readdirSync(join(root, folder)).map((name) => `${folder}/${name}`)
    .filter((path) => !(path in pages));
  return [...stale.map(([path]) => path), ...extra];
}

async function record(): Promise<void> {
  await ensureVenvs([saltVersions.newest, saltVersions.lts]);
  const script = join(root, "tests/cases/salt_functions_record.py");
  const older = dirname(venvBin(saltVersions.lts));
  execFileSync(join(venvBin(saltVersions.newest), "python"), [script, older], {
    env: { ...process.env, SHELL: "/bin/sh" }, // the default of `cmd.run`
    stdio: ["ignore", "inherit", "ignore"],
  });
}

function write(pages: Pages): void {
  rmSync(join(root, folder), { recursive: true, force: true });
  mkdirSync(join(root, folder), { recursive: true });
  for (const [path, text] of Object.entries(pages)) writeFileSync(join(root, path), text);
}

if (import.meta.main) {
  if (process.argv.includes("--record")) await record();
  const pages = modulePages();
  if (process.argv.includes("--check")) {
    const stale = stalePages(pages);
    for (const path of stale) {
      console.error(`${path} is stale: run deno run -A scripts/gen_docs_modules.ts`);
    }
    process.exitCode = stale.length > 0 ? 1 : 0;
  } else {
    write(pages);
  }
}
