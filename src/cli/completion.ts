/**
 * Completions for shells, from the definitions.
 * @module
 */
import { type OptionDef, ROLES, type ToolDef } from "./definitions/mod.ts";
import { SHELLS } from "./definitions/completion.ts";
import type { RunTool } from "./invocation.ts";
import { nearMiss } from "./near_miss.ts";
import { optionsOf } from "./parse_args.ts";
import { UsageError } from "./usage_error.ts";

function takesValue(option: OptionDef): boolean {
  return option.kind !== "flag" && option.kind !== "action";
}

function flagsOf(tool: ToolDef): string[] {
  return optionsOf(tool).flatMap((option) => option.flags);
}

function roleNames(tool: ToolDef): string[] {
  return tool.program === tool.role ? [tool.role] : [tool.role, tool.program];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** How bash completes the value of an option. */
function bashValue(option: OptionDef): string {
  if (option.choices) {
    return `COMPREPLY=($(compgen -W ${quote(option.choices.join(" "))} -- "$cur"))`;
  }
  if (option.completes === "dir") return 'COMPREPLY=($(compgen -d -- "$cur"))';
  if (option.completes === "user") return 'COMPREPLY=($(compgen -u -- "$cur"))';
  if (option.completes === "file") return 'COMPREPLY=($(compgen -f -- "$cur"))';
  return "COMPREPLY=()";
}

function bashRole(tool: ToolDef): string[] {
  const values = optionsOf(tool).filter(takesValue).map((option) =>
    `        ${option.flags.join("|")}) ${bashValue(option)}; return ;;`
  );
  return [
    `    ${roleNames(tool).join("|")})`,
    ...(values.length > 0 ? ['      case "$prev" in', ...values, "      esac"] : []),
    `      words=${
      quote([...flagsOf(tool), ...(tool.role === "completion" ? SHELLS : [])].join(" "))
    }`,
    "      ;;",
  ];
}

function bash(tools: readonly ToolDef[]): string {
  const roles = tools.map((tool) => tool.role).join(" ");
  const programs = tools.filter((tool) => tool.program !== tool.role || tool.role === "salt")
    .map((tool) => tool.program);
  return [
    "# Completions of saltx for bash: source <(saltx completion bash)",
    "_saltx() {",
    '  local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" role words=""',
    '  [[ $prev == "=" && COMP_CWORD -gt 1 ]] && prev="${COMP_WORDS[COMP_CWORD-2]}"',
    '  [[ $cur == "=" ]] && { prev="${COMP_WORDS[COMP_CWORD-1]}"; cur=""; }',
    '  role="${COMP_WORDS[0]##*/}"',
    "  if [[ $role == saltx ]]; then",
    "    if [[ COMP_CWORD -eq 1 ]]; then",
    `      COMPREPLY=($(compgen -W ${
      quote(`${roles} --help --version --versions-report`)
    } -- "$cur"))`,
    "      return",
    "    fi",
    '    role="${COMP_WORDS[1]}"',
    "  fi",
    '  case "$role" in',
    ...tools.flatMap(bashRole),
    "  esac",
    '  if [[ $cur == -* || $role == completion ]]; then COMPREPLY=($(compgen -W "$words" -- "$cur"))',
    '  else COMPREPLY=($(compgen -f -- "$cur")); fi',
    "}",
    `complete -o filenames -F _saltx saltx ${programs.join(" ")}`,
    "",
  ].join("\n");
}

function zshText(text: string): string {
  return text.replace(/[[\]:\\]/g, "\\$&").replaceAll("'", "'\\''");
}

function zshValue(option: OptionDef): string {
  if (!takesValue(option)) return "";
  const action = option.choices
    ? `(${option.choices.join(" ")})`
    : option.completes === "dir"
    ? "_files -/"
    : option.completes === "user"
    ? "_users"
    : option.completes === "file"
    ? "_files"
    : " ";
  return `:${zshText(option.metavar ?? option.dest)}:${action}`;
}

function zshRole(tool: ToolDef): string[] {
  const specs = optionsOf(tool).map((option) => {
    const value = zshValue(option);
    const flags = option.flags.map((flag) => value && flag.startsWith("--") ? `${flag}=` : flag);
    const doc = `[${zshText(option.doc)}]`;
    const repeat = option.kind === "list" ? "*" : "";
    return flags.length === 1
      ? `'${repeat}${flags[0]}${doc}${value}'`
      : `${repeat ? "'*'" : `'(${option.flags.join(" ")})'`}{${flags.join(",")}}'${doc}${value}'`;
  });
  const rest = tool.role === "completion"
    ? `'1:shell:(${SHELLS.join(" ")})'`
    : "'*:argument:_files'";
  return [
    `    ${roleNames(tool).join("|")})`,
    "      _arguments -s -S \\",
    ...specs.map((spec) => `        ${spec} \\`),
    `        ${rest}`,
    "      ;;",
  ];
}

function zsh(tools: readonly ToolDef[]): string {
  const roles = ROLES.map(({ role, summary }) => `    '${role}:${zshText(summary)}'`);
  const programs = ROLES.flatMap(({ program }) => program ?? []);
  return [
    `#compdef saltx ${programs.join(" ")}`,
    "# Completions of saltx for zsh: saltx completion zsh > ~/.zfunc/_saltx",
    "_saltx() {",
    '  local role="${words[1]:t}"',
    "  if [[ $role == saltx ]]; then",
    "    if (( CURRENT == 2 )); then",
    "      local -a roles=(",
    ...roles.map((role) => `    ${role}`),
    "      )",
    "      _describe role roles",
    "      return",
    "    fi",
    "    shift words; (( CURRENT-- ))",
    '    role="${words[1]}"',
    "  fi",
    '  case "$role" in',
    ...tools.flatMap(zshRole),
    "  esac",
    "}",
    '_saltx "$@"',
    "",
  ].join("\n");
}

function fishOption(condition: string, option: OptionDef): string {
  const names = option.flags.map((flag) =>
    flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`
  );
  const value = !takesValue(option)
    ? ""
    : option.choices
    ? ` -x -a ${quote(option.choices.join(" "))}`
    : option.completes === "dir"
    ? " -x -a '(__fish_complete_directories)'"
    : option.completes === "user"
    ? " -x -a '(__fish_complete_users)'"
    : option.completes === "file"
    ? " -r -F"
    : " -x";
  return `${condition} ${names.join(" ")}${value} -d ${quote(option.doc)}`;
}

function fish(tools: readonly ToolDef[]): string {
  const lines = [
    "# Completions of saltx for fish: saltx completion fish > ~/.config/fish/completions/saltx.fish",
  ];
  for (const { role, summary } of ROLES) {
    lines.push(`complete -c saltx -n __fish_use_subcommand -f -a ${role} -d ${quote(summary)}`);
  }
  for (const tool of tools) {
    const inRole = `complete -c saltx -n '__fish_seen_subcommand_from ${
      roleNames(tool).join(" ")
    }'`;
    for (const option of optionsOf(tool)) lines.push(fishOption(inRole, option));
    if (tool.role === "completion") lines.push(`${inRole} -f -a ${quote(SHELLS.join(" "))}`);
    if (tool.program === tool.role && tool.role !== "salt") continue;
    for (const option of optionsOf(tool)) {
      lines.push(fishOption(`complete -c ${tool.program}`, option));
    }
  }
  return lines.join("\n") + "\n";
}

/** The completions of all roles for one shell. */
export async function completions(shell: (typeof SHELLS)[number]): Promise<string> {
  const tools = await Promise.all(ROLES.map((role) => role.define()));
  return { bash, zsh, fish }[shell](tools);
}

/** `saltx completion SHELL`. */
export const run: RunTool = async ({ args, io }) => {
  const [name, ...more] = args;
  const shell = SHELLS.find((known) => known === name);
  if (!shell || more.length > 0) {
    const near = name === undefined ? undefined : nearMiss(name, SHELLS);
    const hint = near && near !== name ? ` Did you mean ${near}?` : "";
    throw new UsageError(`Requires one of ${SHELLS.join(", ")}.${hint}`);
  }
  io.out(await completions(shell));
  return 0;
};
