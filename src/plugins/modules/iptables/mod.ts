/** Packet filter rules by iptables. (`salt/modules/iptables.py`) @module */
import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { CommandExecutionError, messageOf, SaltException } from "../../../errors.ts";
import { atomicWriteSync } from "../../../fs/mod.ts";
import { type ExecContext, executionModule, fn } from "../../../loader/types.ts";
import { which } from "../../../process/mod.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { shlexSplit } from "../../../text/shlex.ts";
import type { Data } from "../../../types/mod.ts";
import { operand, type ProgramResult, runProgram } from "../_program.ts";
import { parseRules, type Tables } from "./parse.ts";
import { buildRule } from "./rule.ts";

const table = { type: "string", default: "filter", doc: "`filter`, `nat`, `mangle` …" } as const;
const chain = { type: "string", default: null, doc: "The chain." } as const;
const rule = { type: "string", default: null, doc: "The rule, as on a command line." } as const;
const family = { type: "string", default: "ipv4", doc: "`ipv4` or `ipv6`." } as const;
const confFile = {
  type: "string",
  default: null,
  doc: "File; the system's when left out.",
} as const;

const noChain = "Error: Chain needs to be specified";
const noRule = "Error: Rule needs to be specified";

function programOf(family: string): string {
  return family === "ipv6" ? "ip6tables" : "iptables";
}

/** Files by `os_family`, or by `os`, for both families. */
const savedFiles: Readonly<Record<string, readonly [v4: string, v6: string]>> = {
  RedHat: ["/etc/sysconfig/iptables", "/etc/sysconfig/ip6tables"],
  Arch: ["/etc/iptables/iptables.rules", "/etc/iptables/ip6tables.rules"],
  Debian: ["/etc/iptables/rules.v4", "/etc/iptables/rules.v6"],
  Gentoo: ["/var/lib/iptables/rules-save", "/var/lib/ip6tables/rules-save"],
  Suse: [
    "/etc/sysconfig/scripts/SuSEfirewall2-custom",
    "/etc/sysconfig/scripts/SuSEfirewall2-custom",
  ],
  Void: ["/etc/iptables/iptables.rules", "/etc/iptables/ip6tables.rules"],
  Alpine: ["/etc/iptables/rules-save", "/etc/iptables/rules6-save"],
};

/** Where the system keeps its rules. @throws SaltException where that is not known. */
export function savedFile(ctx: Pick<ExecContext, "grains">, family: string): string {
  for (const grain of ["os_family", "os"]) {
    const name = pyStr(ctx.grains[grain] ?? "");
    const files = Object.hasOwn(savedFiles, name) ? savedFiles[name] : undefined;
    if (files) return files[family === "ipv6" ? 1 : 0];
  }
  throw new SaltException(
    `Saving iptables to file is not supported on ${pyStr(ctx.grains["os"] ?? null)}.`,
  );
}

/** Runs iptables, which waits for its lock. */
function iptables(ctx: ExecContext, family: string, argv: string[]): Promise<ProgramResult> {
  return runProgram(ctx, [programOf(family), "--wait", ...argv]);
}

function tableWords(name: string): string[] {
  return ["-t", operand(name, "a table")];
}

async function liveText(ctx: ExecContext, family: string, words: string[] = []): Promise<string> {
  const done = await runProgram(ctx, [`${programOf(family)}-save`, ...words]);
  return `${done.stdout}\n`;
}

async function liveRules(ctx: ExecContext, family: string): Promise<Tables> {
  return parseRules(await liveText(ctx, family));
}

function savedRules(ctx: ExecContext, file: string | null, family: string): Tables {
  const path = file ?? savedFile(ctx, family);
  try {
    return parseRules(readFileSync(path, "utf8"));
  } catch (error) {
    throw new CommandExecutionError(`Cannot read "${path}": ${messageOf(error)}`);
  }
}

function policyOf(tables: Tables, name: string, chain: string): string | null {
  return tables[name]?.[chain]?.policy ?? null;
}

interface RuleArgs {
  table: string;
  chain: string | null;
  rule: string | null;
  family: string;
}

async function isThere(ctx: ExecContext, args: RuleArgs): Promise<boolean> {
  const words = shlexSplit(args.rule ?? "");
  const argv = [...tableWords(args.table), "-C", operand(args.chain, "a chain"), ...words];
  const done = await runProgram(ctx, [programOf(args.family), "--wait", ...argv], {
    ignoreRetcode: true,
  });
  return done.retcode === 0;
}

async function insert(ctx: ExecContext, args: RuleArgs & { position: number | null }) {
  if (!args.chain) return noChain;
  if (!args.position) return "Error: Position needs to be specified or use append (-A)";
  if (!args.rule) return noRule;
  let { position } = args;
  if (position < 0) {
    const tables = await liveRules(ctx, args.family);
    const size = tables[args.table]?.[args.chain]?.rules.length ?? 0;
    position = Math.max(1, size + position + 1);
  }
  if (await isThere(ctx, args)) return false;
  const place = [operand(args.chain, "a chain"), String(position)];
  const words = [...tableWords(args.table), "-I", ...place, ...shlexSplit(args.rule)];
  return (await iptables(ctx, args.family, words)).stderr;
}

async function save(ctx: ExecContext, filename: string | null, family: string): Promise<string> {
  const path = filename ?? savedFile(ctx, family);
  const filters = await ctx.salt("config.option", ["iptables.save_filters", []]);
  const patterns = (Array.isArray(filters) ? filters : []).map((one) => new RegExp(pyStr(one)));
  const lines = (await liveText(ctx, family)).split("\n");
  const kept = lines.filter((line) => !patterns.some((pattern) => pattern.test(line)));
  mkdirSync(dirname(path), { recursive: true });
  atomicWriteSync(path, kept.join("\n"), { mode: 0o600 });
  return `Wrote ${kept.length - 1} lines to "${path}"`;
}

function onChain(doc: string, name: string, option: "-N" | "-X") {
  return fn({
    doc,
    args: { table, chain, family },
    example: `salt '*' iptables.${name} filter CUSTOM_CHAIN`,
    async run(ctx, args) {
      if (!args.chain) return noChain;
      const words = [...tableWords(args.table), option, operand(args.chain, "a chain")];
      return (await iptables(ctx, args.family, words)).stderr || true;
    },
  });
}

const asking = {
  version: fn({
    doc: "Returns the version of iptables.",
    args: { family },
    example: "salt '*' iptables.version",
    async run(ctx, args) {
      const done = await runProgram(ctx, [programOf(args.family), "--version"]);
      return done.stdout.split(/\s+/)[1] ?? "";
    },
  }),
  build_rule: fn({
    doc: "Returns the text of a rule made of keyword arguments, with `full` the whole command.",
    args: {
      table,
      chain,
      command: { type: "string", default: null, doc: "`A`, `I`, `append`, `insert` …" },
      position: { type: "any", default: "", doc: "Where it goes, for `insert`." },
      full: { type: "any", default: null, doc: "The whole command." },
      family,
      kwargs: {
        type: "map",
        keywords: true,
        doc: "Options without their dashes; `if`, `of`, `jump`.",
      },
    },
    example:
      "salt '*' iptables.build_rule match=state connstate=RELATED,ESTABLISHED jump=ACCEPT\n" +
      "salt '*' iptables.build_rule filter INPUT command=A full=True match=state jump=ACCEPT",
    run(_ctx, args) {
      const text = buildRule(args.kwargs);
      if (!args.full || text.startsWith("Error:")) return text;
      if (!args.table) return "Error: Table needs to be specified";
      if (!args.chain) return noChain;
      if (!args.command) return "Error: Command needs to be specified";
      const dash = "ACDIRLSFZNXPE".includes(args.command) ? "-" : "--";
      const path = which(programOf(args.family)) ?? programOf(args.family);
      const place = `${dash}${args.command} ${args.chain} ${pyStr(args.position)}`;
      return `${path} --wait -t ${args.table} ${place} ${text}`;
    },
  }),
  get_rules: fn({
    doc: "Returns the rules in force, by table and chain.",
    args: { family },
    example: "salt '*' iptables.get_rules",
    run: (ctx, args) => liveRules(ctx, args.family),
  }),
  get_saved_rules: fn({
    doc: "Returns the rules in a file, by table and chain.",
    args: { conf_file: confFile, family },
    example: "salt '*' iptables.get_saved_rules",
    run: (ctx, args) => savedRules(ctx, args.conf_file, args.family),
  }),
  get_policy: fn({
    doc: "Returns the policy of a chain in force.",
    args: { table, chain, family },
    example: "salt '*' iptables.get_policy filter INPUT",
    async run(ctx, args) {
      if (!args.chain) return noChain;
      return policyOf(await liveRules(ctx, args.family), args.table, args.chain);
    },
  }),
  get_saved_policy: fn({
    doc: "Returns the policy of a chain in a file.",
    args: { table, chain, conf_file: confFile, family },
    example: "salt '*' iptables.get_saved_policy filter INPUT",
    run(ctx, args) {
      if (!args.chain) return noChain;
      return policyOf(savedRules(ctx, args.conf_file, args.family), args.table, args.chain);
    },
  }),
  check: fn({
    doc: "Says whether a rule is in force.",
    args: { table, chain, rule, family },
    example: "salt '*' iptables.check filter INPUT rule='-m state --state RELATED -j ACCEPT'",
    run(ctx, args): Data | Promise<Data> {
      if (!args.chain) return noChain;
      return args.rule ? isThere(ctx, args) : noRule;
    },
  }),
  check_chain: fn({
    doc: "Says whether a chain is there.",
    args: { table, chain, family },
    example: "salt '*' iptables.check_chain filter INPUT",
    async run(ctx, args) {
      if (!args.chain) return noChain;
      const text = await liveText(ctx, args.family, tableWords(args.table));
      return text.includes(`:${args.chain} `);
    },
  }),
};

const changing = {
  set_policy: fn({
    doc: "Sets the policy of a chain. Returns what iptables complained of.",
    args: {
      table,
      chain,
      policy: { type: "string", default: null, doc: "`ACCEPT` or `DROP`." },
      family,
    },
    example: "salt '*' iptables.set_policy filter INPUT ACCEPT",
    async run(ctx, args) {
      if (!args.chain) return noChain;
      if (!args.policy) return "Error: Policy needs to be specified";
      const place = [operand(args.chain, "a chain"), operand(args.policy, "a policy")];
      return (await iptables(ctx, args.family, [...tableWords(args.table), "-P", ...place])).stderr;
    },
  }),
  save: fn({
    doc: "Writes the rules in force to a file.",
    args: { filename: confFile, family },
    example: "salt '*' iptables.save /etc/sysconfig/iptables",
    run: (ctx, args) => save(ctx, args.filename, args.family),
  }),
  new_chain: onChain("Makes a chain.", "new_chain", "-N"),
  delete_chain: onChain("Removes a chain.", "delete_chain", "-X"),
  append: fn({
    doc: "Adds a rule at the end of a chain, unless it is there, and says whether it did.",
    args: { table, chain, rule, family },
    example: "salt '*' iptables.append filter INPUT rule='-m state --state RELATED -j ACCEPT'",
    async run(ctx, args) {
      if (!args.chain) return noChain;
      if (!args.rule) return noRule;
      if (await isThere(ctx, args)) return false;
      const place = [operand(args.chain, "a chain"), ...shlexSplit(args.rule)];
      const words = [...tableWords(args.table), "-A", ...place];
      return (await iptables(ctx, args.family, words)).stderr === "";
    },
  }),
  insert: fn({
    doc: "Puts a rule into a chain, unless it is there. Negative positions count from the end.",
    args: {
      table,
      chain,
      position: { type: "int", default: null, doc: "From 1." },
      rule,
      family,
    },
    example: "salt '*' iptables.insert filter INPUT position=3 rule='-j ACCEPT'",
    run: insert,
  }),
  delete: fn({
    doc: "Removes a rule, by its position or its text. Returns what iptables complained of.",
    args: {
      table: { type: "string", required: true, doc: table.doc },
      chain,
      position: { type: "int", default: null, doc: "From 1." },
      rule,
      family,
    },
    example: "salt '*' iptables.delete filter INPUT position=3",
    async run(ctx, args) {
      if (args.position && args.rule) {
        return "Error: Only specify a position or a rule, not both";
      }
      if (!args.chain) return noChain;
      const what = args.position ? [String(args.position)] : shlexSplit(args.rule ?? "");
      const words = [...tableWords(args.table), "-D", operand(args.chain, "a chain"), ...what];
      return (await iptables(ctx, args.family, words)).stderr;
    },
  }),
  flush: fn({
    doc: "Removes all rules of a chain, or of a table. Returns what iptables complained of.",
    args: { table, chain: { ...chain, default: "" }, family },
    example: "salt '*' iptables.flush filter INPUT",
    async run(ctx, args) {
      const which = args.chain ? [operand(args.chain, "a chain")] : [];
      return (await iptables(ctx, args.family, [...tableWords(args.table), "-F", ...which])).stderr;
    },
  }),
};

/** The module `iptables`. */
export const iptablesModule = executionModule({
  name: "iptables",
  doc: "Packet filter rules by iptables.\n\n" +
    "The option `iptables.save_filters` lists patterns of lines that `save` leaves out.",
  virtual: () =>
    which("iptables") !== null ||
    "The iptables execution module cannot be loaded: iptables not installed.",
  functions: { ...asking, ...changing },
});
