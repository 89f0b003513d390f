/**
 * Writes the reference pages of the options from the tables: `docs/ref/master-options.md` and
 * `docs/ref/minion-options.md`.
 *
 *     deno run -A scripts/gen_docs_options.ts           writes them
 *     deno run -A scripts/gen_docs_options.ts --check   exits 1 when they are not what it would write
 *     deno run -A scripts/gen_docs_options.ts --unused  lists options said to be honoured that no
 *                                                       source file names; exits 1 if there are any
 * @module
 */
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  describeOptions,
  type Honoured,
  type OptionDescription,
  type Role,
} from "../src/config/mod.ts";
import { dumpYaml } from "../src/serializers/yaml.ts";
import type { Data } from "../src/types/mod.ts";
import { checkPages, type Page, writePages } from "./docs_pages.ts";
import { namesIn } from "./docs_states.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const SECTIONS: readonly { honoured: Honoured; title: string; text: string }[] = [
  { honoured: "yes", title: "Honoured", text: "These do what they say." },
  {
    honoured: "later",
    title: "Planned",
    text: "These are read, checked and kept; what they are about is not built yet.",
  },
  {
    honoured: "no",
    title: "Without effect",
    text: "These are read, checked and kept, so that a configuration of Salt loads as it is.",
  },
];

/** YAML on one line, as one would write it into the file. */
function inlineValue(option: OptionDescription): string {
  if (option.defaultDoc) return option.defaultDoc;
  if (option.default === undefined) return "";
  const { default: value } = option;
  if (typeof value === "object" && value !== null) return `\`${JSON.stringify(value)}\``;
  return `\`${dumpYaml(value as Data).trimEnd()}\``;
}

function entry(option: OptionDescription): string {
  const value = inlineValue(option);
  const takes = value === "" ? option.wants : `${option.wants}; default ${value}`;
  return `- **\`${option.key}\`**: ${takes}. ${option.doc}`;
}

function page(role: Role): string {
  const options = describeOptions(role);
  const sections = SECTIONS.map(({ honoured, title, text }) => {
    const chosen = options.filter((option) => option.honoured === honoured);
    return `## ${title} (${chosen.length})\n\n${text}\n\n${chosen.map(entry).join("\n")}\n`;
  });
  return `# Options of the ${role}

<!-- Written by scripts/gen_docs_options.ts from src/config; change it there. -->

\`/etc/salt/${role}\`, then \`${role}.d/*.conf\` beside it in the order of their names, then what
\`include\` names. \`-c\` or \`SALT_CONFIG_DIR\` give another folder. Options of the command line win.
Keys that are not listed pass through to modules and templates. A value of the wrong type stops the
start with file, line, key and what was wanted; an option left empty has its default.

${sections.join("\n")}`;
}

const pages: readonly Page[] = (["master", "minion"] as const).map(
  (role) => ({ path: `docs/ref/${role}-options.md`, text: page(role) }),
);

async function unused(): Promise<number> {
  const files = await readdir(join(root, "src"), { recursive: true });
  // Tables and command line definitions name options without doing anything with them.
  const sources = files.filter((file) =>
    file.endsWith(".ts") && !/^config.*options|^cli.definitions/.test(file)
  );
  const texts = await Promise.all(sources.map((file) => readFile(join(root, "src", file), "utf8")));
  const named = namesIn(texts);
  const keys = new Set(
    (["master", "minion"] as const).flatMap((role) =>
      describeOptions(role).filter(({ honoured }) => honoured === "yes").map(({ key }) => key)
    ),
  );
  const missing = [...keys].filter((key) => !named(key)).sort();
  for (const key of missing) console.error(`${key} is said to be honoured, and no source names it`);
  return missing.length === 0 ? 0 : 1;
}

const [flag] = process.argv.slice(2);
if (flag === "--unused") process.exitCode = await unused();
else if (flag === "--check") {
  const stale = await checkPages(pages, "scripts/gen_docs_options.ts");
  process.exitCode = stale === 0 ? 0 : 1;
} else await writePages(pages);
