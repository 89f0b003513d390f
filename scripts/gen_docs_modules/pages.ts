/**
 * Reference pages of the execution modules, as Markdown.
 * @module
 */
import type { Comparison, Row, State, UsedRow } from "./compare.ts";
import { signatureOf } from "./compare.ts";

const MADE =
  "<!-- Written by scripts/gen_docs_modules.ts from src/plugins/modules; change it there. -->";

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function count(rows: readonly Row[], ...states: State[]): number {
  return rows.filter(({ state }) => states.includes(state)).length;
}

function stateText({ state, why }: Row): string {
  return why === "" ? state : `${state}: ${why}`;
}

function entry(called: string, row: Row): string {
  const { fn, name } = row;
  if (!fn) return "";
  const args = Object.entries(fn.args).filter(([, spec]) => spec.doc !== "")
    .map(([arg, spec]) => `- \`${arg}\`: ${spec.doc.replaceAll("\n", " ")}`);
  return [
    `## ${called}.${name}\n`,
    `\`${called}.${name}(${signatureOf(fn)})\`\n`,
    `${fn.doc.trim()}\n`,
    ...(args.length > 0 ? [`${args.join("\n")}\n`] : []),
    ...(fn.example ? [`\`\`\`sh\n${fn.example.trim()}\n\`\`\`\n`] : []),
    ...(row.state === "same" ? [] : [`Beside Salt: ${stateText(row)}.\n`]),
  ].join("\n");
}

/** The page of one module that is here. */
export function modulePage({ file, called, module, rows }: Comparison): string {
  const missing = rows.filter(({ fn }) => !fn);
  const left = missing.map((row) => [`\`${called}.${row.name}\``, row.theirs ?? "", row.why]);
  const by = file === called ? "" : ` (${file})`;
  return [
    `# ${called}${by}\n\n${MADE}\n\n${module!.doc.trim()}\n`,
    ...rows.filter(({ fn }) => fn).map((row) => entry(called, row)),
    ...(left.length > 0
      ? [`## Not here yet\n\n${table(["Function", "Arguments in Salt", "Why"], left)}\n`]
      : []),
  ].join("\n");
}

/** The page of what is not here at all. */
export function absentPage(all: readonly Comparison[]): string {
  const parts = all.filter(({ module }) => !module).map(({ file, called, gone, rows }) => {
    const by = file === called ? "" : ` (${file})`;
    const release = gone ? ` Not in the newest Salt either; ${gone} had it.` : "";
    const groups = Map.groupBy(rows, ({ why }) => why);
    const lines = [...groups].map(([why, some]) =>
      `${some.map(({ name }) => `\`${name}\``).join(", ")}: ${why}.`
    );
    return `## ${called}${by}\n\n${lines.join("\n\n")}${release}\n`;
  });
  return `# Modules of Salt that are not here yet\n\n${MADE}\n\n${parts.join("\n")}`;
}

function overviewRow({ file, called, module, gone, rows }: Comparison): string[] {
  const link = module ? `[${called}](modules/${file}.md)` : `[${called}](modules/absent.md)`;
  const differing = rows.filter(({ state }) => state === "differs")
    .map((row) => `${row.name}: ${row.why}`);
  const missing = module ? rows.filter(({ state }) => state === "not yet") : [];
  const reasons = [...Map.groupBy(missing, ({ why }) => why)]
    .map(([why, some]) => `${some.map(({ name }) => name).join(", ")}: ${why}`);
  return [
    link,
    file === called ? "" : file,
    module ? String(count(rows, "same")) : "",
    String(count(rows, "differs") || ""),
    String(count(rows, "not yet") || ""),
    String(count(rows, "only here") || ""),
    module ? [...differing, ...reasons].join("; ") : rows[0]?.why ?? gone ?? "",
  ];
}

/** The page of all modules. */
export function overviewPage(all: readonly Comparison[], version: string): string {
  const rows = all.flatMap((one) => one.rows);
  const here = all.filter(({ module }) => module).length;
  const head = ["Module", "Salt's file", "Same", "Differ", "Not yet", "Only here", "What and why"];
  return `# Execution modules

${MADE}

${here} modules with ${
    count(rows, "same", "differs", "only here")
  } functions, beside those of Salt ${version}. A
function counts as the same when it takes every call that Salt's takes and answers alike; how
that is tested is written in [Writing execution modules](../authors/execution-modules.md).
The most used modules come first; [the most used functions](modules/most_used.md) are listed by
themselves.

${table(head, all.map(overviewRow))}
`;
}

function usedState({ rows, otherwise }: UsedRow): string {
  if (rows.length === 0) return `not here: ${otherwise}`;
  const texts = rows.map(({ file, row }) => [file, stateText(row)] as const);
  const different = Map.groupBy(texts, ([, text]) => text);
  if (different.size === 1) return texts[0]![1];
  return [...different].map(([text, some]) => `${some.map(([file]) => file).join(", ")}: ${text}`)
    .join("; ");
}

/** The page of functions that are used most. */
export function usedPage(used: readonly UsedRow[]): string {
  const rows = used.map((one) => {
    const page = one.rows.some(({ row }) => row.fn) ? `${one.rows[0]!.file}.md` : "absent.md";
    return [`[${one.name}](${page})`, usedState(one)];
  });
  const here = used.filter((one) => one.rows.some(({ row }) => row.fn)).length;
  return `# Functions that are used most

${MADE}

Those that states, pillars and docs of operators call, most used modules first: ${here} of
${used.length} are here. \`pkg\`, \`service\` and \`lowpkg\` are served by several files; what differs names the file.

${table(["Function", "State here"], rows)}
`;
}
