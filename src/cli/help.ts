/**
 * Help texts from definitions, laid out as optparse lays out Salt's.
 * @module
 */
import type { OptionDef, ToolDef } from "./definitions/types.ts";
import { ROLES } from "./definitions/mod.ts";

const HELP_COLUMN = 24;

/** Breaks a text at spaces so that no line is longer than `width`, unless a word is. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  if (line !== "") lines.push(line);
  return lines;
}

/** How an option is typed: `-c CONFIG_DIR, --config-dir=CONFIG_DIR`. */
export function optionSynopsis(option: OptionDef): string {
  const takesValue = option.kind !== "flag" && option.kind !== "action";
  const value = option.metavar ?? option.dest.toUpperCase();
  return option.flags.map((flag) => {
    if (!takesValue) return flag;
    return flag.startsWith("--") ? `${flag}=${value}` : `${flag} ${value}`;
  }).join(", ");
}

/** The doc of an option with its default. */
export function optionDoc(option: OptionDef): string {
  const value = option.defaultDoc ?? option.default;
  const shown = option.kind !== "flag" && value !== undefined && String(value) !== "";
  return shown ? `${option.doc} Default: ${value}.` : option.doc;
}

function optionLines(option: OptionDef, indent: number, width: number): string[] {
  const synopsis = " ".repeat(indent) + optionSynopsis(option);
  const doc = wrap(optionDoc(option), width - HELP_COLUMN);
  if (synopsis.length <= HELP_COLUMN - 2) {
    const [first = "", ...more] = doc;
    return [synopsis.padEnd(HELP_COLUMN) + first, ...more.map(indented)];
  }
  return [synopsis, ...doc.map(indented)];
}

function indented(line: string): string {
  return " ".repeat(HELP_COLUMN) + line;
}

/** `Usage: …`. */
export function usageLine(tool: ToolDef, program: string): string {
  return `Usage: ${program} ${tool.usage}`;
}

/** The help of one tool, called as `program`. */
export function toolHelp(tool: ToolDef, program: string, width = 78): string {
  const lines = [usageLine(tool, program), "", ...wrap(tool.description, width)];
  tool.groups.forEach((group, at) => {
    const indent = at === 0 ? 2 : 4;
    lines.push("", `${at === 0 ? "" : "  "}${group.title}:`);
    if (group.doc) {
      lines.push(...wrap(group.doc, width - 4).map((line) => `    ${line}`), "");
    }
    for (const option of group.options) lines.push(...optionLines(option, indent, width));
  });
  if (tool.examples.length > 0) {
    lines.push("", "Examples:", ...tool.examples.map((example) => `  ${example}`));
  }
  return lines.join("\n") + "\n";
}

/** The help of the executable itself. */
export function topHelp(): string {
  const rows = ROLES.map(({ role, summary, program }) => {
    const also = program && program !== role ? ` (${program})` : "";
    return `  ${role.padEnd(12)}${summary}${also}`;
  });
  return [
    "Usage: saltx ROLE [options] [arguments]",
    "",
    "Salt as one executable: each role is one of Salt's programs.",
    "",
    "Roles:",
    ...rows,
    "",
    "Options:",
    "  --version             Print the version and exit.",
    "  -V, --versions-report",
    "                        Print the versions of runtime, libraries and operating",
    "                        system, and exit.",
    "  -h, --help            Show this help and exit.",
    "",
    "'saltx ROLE --help' tells more about a role. A role may also be called by Salt's",
    "name, as in 'saltx salt-key', or through a link of that name to this executable.",
    "",
  ].join("\n");
}
