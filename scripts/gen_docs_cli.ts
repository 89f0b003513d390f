/**
 * Writes the reference pages of the command lines from their definitions: `docs/ref/cli.md`, a page
 * for each role below `docs/ref/cli/`, and `docs/ref/targets.md`. Each option and each form of target
 * has its state beside it: whether it works as Salt's, differs, or is not there yet.
 *
 *     deno run -A scripts/gen_docs_cli.ts           writes them
 *     deno run -A scripts/gen_docs_cli.ts --check   exits 1 when they are not what it would write, or
 *                                                   an option of Salt's programs is missing, or one
 *                                                   is said to work that nothing reads
 * @module
 */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type OptionDef, ROLES, type ToolDef } from "../src/cli/definitions/mod.ts";
import { optionDoc, optionSynopsis } from "../src/cli/help.ts";
import { optionsOf } from "../src/cli/parse_args.ts";
import { checkPages, table, writePages } from "./docs_pages.ts";
import { unreadOptions } from "./docs_states.ts";
import { targetPage } from "./docs_targets.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const MADE =
  "<!-- Written by scripts/gen_docs_cli.ts from src/cli/definitions; change it there. -->";

/** Options of Salt that saltx leaves out, and why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  "--enable-profiling": "profiles Salt's own Python code",
  "--profiling-path": "profiles Salt's own Python code",
};

function stateOf(option: OptionDef): string {
  if (option.later) return `not yet: ${option.later}`;
  if (option.ours) return "only in saltx";
  return option.differs ? `differs: ${option.differs}` : "works";
}

function optionTable(options: readonly OptionDef[]): string {
  const rows = options.map((option) => [
    `\`${optionSynopsis(option)}\``,
    optionDoc(option),
    stateOf(option),
  ]);
  return table(["Option", "What it does", "State"], rows);
}

function page(tool: ToolDef, missing: readonly string[]): string {
  const names = tool.program === tool.role ? "" : ` (\`${tool.program}\`)`;
  const groups = tool.groups.map(({ title, doc, options }) =>
    `## ${title}\n\n${doc ? `${doc}\n\n` : ""}${optionTable(options)}\n`
  );
  const codes = tool.exitCodes ?? [];
  const left = missing.map((flag) => `\`${flag}\` (${LEFT_OUT[flag]})`);
  return [
    `# saltx ${tool.role}${names}\n\n${MADE}\n`,
    `${tool.description}\n`,
    `    saltx ${tool.role} ${tool.usage}\n`,
    ...(tool.examples.length > 0 ? [`\`\`\`sh\n${tool.examples.join("\n")}\n\`\`\`\n`] : []),
    ...groups,
    ...(left.length > 0 ? [`Not here: ${left.join(", ")}.\n`] : []),
    ...(codes.length > 0 ? [`## Exit codes\n\n${table(["Code", "Meaning"], codes)}\n`] : []),
  ].join("\n");
}

function overview(tools: readonly ToolDef[]): string {
  const rows = tools.map((tool, at) => [
    `[${tool.role}](cli/${tool.role}.md)`,
    ROLES[at]?.program ?? "",
    tool.description,
  ]);
  return `# Command lines

${MADE}

Each role of the executable is one of Salt's programs. It may be called as \`saltx ROLE\`, by Salt's
name (\`saltx salt-key\`), or through a link of that name to the executable.

Options may stand anywhere and may be shortened as long as they stay unique, as in Salt. Given options
win over the \`Saltfile\`, which wins over the configuration.

${table(["Role", "Salt's program", "What it does"], rows)}

## Exit codes of all roles

| Code | Meaning |
| --- | --- |
| 0 | Done. |
| 1 | Not done; standard error says why. |
| 64 | The command line cannot be read. |
| 69 | A port or another resource is taken. |
| 70 | A defect in saltx; standard error has the stack. |
| 77 | Not permitted, or the master refused this minion's key. |
`;
}

/** Options that Salt's program has and ours does not, by name; throws when no reason is known. */
function missingOptions(tool: ToolDef, known: Readonly<Record<string, string[]>>): string[] {
  const ours = new Set(optionsOf(tool).flatMap((option) => option.flags));
  const missing = (known[tool.program] ?? []).filter((flag) => !ours.has(flag));
  const unexplained = missing.filter((flag) => !(flag in LEFT_OUT));
  if (unexplained.length > 0) {
    throw new Error(`${tool.program} lacks ${unexplained.join(", ")}`);
  }
  return missing;
}

const known = JSON.parse(await readFile(join(root, "tests/cases/cli_options.json"), "utf8"));
const tools = await Promise.all(ROLES.map((role) => role.define()));
const pages = [
  { path: "docs/ref/cli.md", text: overview(tools) },
  ...tools.map((tool) => ({
    path: `docs/ref/cli/${tool.role}.md`,
    text: page(tool, missingOptions(tool, known)),
  })),
  await targetPage(tools.find(({ role }) => role === "salt")!),
];

if (process.argv.includes("--check")) {
  const stale = await checkPages(pages, "scripts/gen_docs_cli.ts");
  const unread = await unreadOptions(tools);
  for (const line of unread) console.error(line);
  process.exitCode = stale + unread.length === 0 ? 0 : 1;
} else await writePages(pages);
