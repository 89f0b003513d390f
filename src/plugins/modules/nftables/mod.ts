/** The packet filter of Linux, by nft. (`salt/modules/nftables.py`) @module */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { CommandExecutionError, messageOf } from "../../../errors.ts";
import { atomicWrite } from "../../../fs/mod.ts";
import { type ExecContext, executionModule, fn } from "../../../loader/types.ts";
import { which } from "../../../process/mod.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import * as nfts from "./nft.ts";
import { answer, type Chain, nft, nftName } from "./nft.ts";
import { buildRule, familyOf, nftFamilies } from "./rule.ts";

/** Where rules are kept, where the system has a place for them. */
const CONF = "/etc/nftables";

const family = {
  type: "string",
  default: "ipv4",
  doc: "`ipv4`, `ipv6`, `inet`, `arp`, `bridge` or `netdev`.",
} as const;
const table = { type: "string", default: "filter", doc: "The table." } as const;
const neededTable = { type: "string", required: true, doc: "The table." } as const;
const chain = { type: "string", default: null, doc: "The chain." } as const;
const rule = { type: "string", default: null, doc: "The rule, as nft writes it." } as const;
const position = { type: "any", default: null, doc: "Handle of a rule." } as const;

interface RuleArgs extends Chain {
  rule: string | null;
}

/** What is wrong before a rule is looked for: nothing given, or no such place. */
async function refuse(ctx: ExecContext, place: RuleArgs): Promise<DataMap | undefined> {
  if (!place.chain) return answer("Chain needs to be specified", false);
  if (!place.rule) return answer("Rule needs to be specified", false);
  return await nfts.missingPlace(ctx, place);
}

async function check(ctx: ExecContext, place: RuleArgs): Promise<DataMap> {
  const refused = await refuse(ctx, place);
  if (refused) return refused;
  const { rule, chain, table, family } = place;
  const there = await nfts.findHandle(ctx, place, rule!) !== undefined;
  const state = there ? "exists" : "does not exist";
  return answer(
    `Rule ${rule} in chain ${chain} in table ${table} in family ${family} ${state}`,
    there,
  );
}

/** Adds a rule at the end, or with `insert` before a rule or all others. */
async function addRule(
  ctx: ExecContext,
  verb: "add" | "insert",
  place: RuleArgs,
  at: Data,
): Promise<DataMap> {
  const refused = await refuse(ctx, place);
  if (refused) return refused;
  const { rule, chain, table, family } = place;
  const where = `chain ${chain} in table ${table} in family ${family}`;
  if ((await check(ctx, place))["result"]) {
    return answer(`Rule ${rule} ${where} already exists`, false);
  }
  const words = ["--", verb, "rule", familyOf(family), table!, chain!];
  if (at !== null && at !== "") words.push("position", handle(at));
  const said = await nft(ctx, ...words, nfts.oneRule(rule!));
  return said === ""
    ? answer(`Added rule "${rule}" ${where}.`, true)
    : answer(`Failed to add rule "${rule}" ${where}.`, false);
}

/** @throws CommandExecutionError when it is no number. */
function handle(value: Data): string {
  const text = pyStr(value);
  if (/^\d+$/.test(text)) return text;
  throw new CommandExecutionError(`"${text}" is no handle of a rule`);
}

async function deleteRule(ctx: ExecContext, place: RuleArgs, at: Data): Promise<DataMap> {
  const { rule, chain, table, family } = place;
  const given = at !== null && at !== "";
  if (given && rule) return answer("Only specify a position or a rule, not both", false);
  const missing = await nfts.missingPlace(ctx, place);
  if (missing) return missing;
  if (!given && !rule) return answer("Rule needs to be specified", false);
  const found = given ? handle(at) : await nfts.findHandle(ctx, place, rule!);
  if (found === undefined) {
    const where = `chain ${chain} in table ${table} in family ${family}`;
    return answer(`Rule ${rule} ${where} does not exist`, false);
  }
  const said = await nft(ctx, "delete", "rule", familyOf(family), table!, chain!, "handle", found);
  const shown = rule ?? `handle ${found}`;
  return said === ""
    ? answer(
      `Deleted rule "${shown}" in chain ${chain} in table ${table} in family ${family}.`,
      true,
    )
    : answer(
      `Failed to delete rule "${shown}" in chain ${chain}  table ${table} in family ${family}`,
      false,
    );
}

async function newChain(ctx: ExecContext, place: Chain, base: Record<string, Data>) {
  const { table, chain, family } = place;
  if (!chain) return answer("Chain needs to be specified", false);
  const there = await nfts.checkTable(ctx, place);
  if (!there["result"]) return there;
  const where = `Chain ${chain} in table ${table} in family ${family}`;
  if ((await nfts.checkChain(ctx, place))["result"]) {
    return answer(`${where} already exists`, false);
  }
  const { table_type: type, hook, priority } = base;
  const some = [type, hook, priority].some((value) => value !== null && value !== "");
  const words = ["--", "add", "chain", familyOf(family), table!, chain];
  if (some) {
    if (!type || !hook || priority === null) {
      return answer("Table_type, hook, and priority required.", false);
    }
    const kind = `type ${nftName(pyStr(type), "type")} hook ${nftName(pyStr(hook), "hook")}`;
    words.push(`{ ${kind} priority ${handleOrName(priority!)}; }`);
  }
  const said = await nft(ctx, ...words);
  return answer(`${where} ${said === "" ? "created" : "could not be created"}`, said === "");
}

/** A priority: a number, which may be negative, or a name. @throws CommandExecutionError */
function handleOrName(value: Data): string {
  const text = pyStr(value);
  if (/^(-?\d+|[a-z]+( [+-] \d+)?)$/.test(text)) return text;
  throw new CommandExecutionError(`"${text}" is no priority`);
}

/** Changes that nft makes in silence, and what Salt says of them. */
async function change(
  ctx: ExecContext,
  words: string[],
  good: string,
  bad: string,
): Promise<DataMap> {
  const said = await nft(ctx, ...words);
  return said === "" ? answer(good, true) : answer(bad, false);
}

async function flush(ctx: ExecContext, place: Chain): Promise<DataMap> {
  const { table, chain, family } = place;
  const missing = chain ? await nfts.missingPlace(ctx, place) : await nfts.checkTable(ctx, place);
  if (missing && !missing["result"]) return missing;
  const from = chain
    ? `from chain ${chain} in table ${table} in family ${family}.`
    : `from table ${table} in family ${family}.`;
  const what = chain
    ? ["chain", familyOf(family), table!, chain]
    : ["table", familyOf(family), table!];
  return await change(
    ctx,
    ["flush", ...what],
    `Flushed rules ${from}`,
    `Failed to flush rules ${from}`,
  );
}

async function chainInfo(ctx: ExecContext, { table, chain, family }: Chain) {
  const all = await nfts.listJson(ctx, "ruleset", familyOf(family));
  return all.map((item) => isMap(item) ? item["chain"] : undefined)
    .find((one): one is DataMap => isMap(one) && one["table"] === table && one["name"] === chain);
}

async function setPolicy(ctx: ExecContext, place: Chain, policy: string): Promise<boolean> {
  const info = await chainInfo(ctx, place);
  if (!info || ["type", "hook", "prio"].some((key) => info[key] === undefined)) return false;
  const base = `type ${pyStr(info["type"]!)} hook ${pyStr(info["hook"]!)} priority ${
    pyStr(info["prio"]!)
  }`;
  const words = ["--", "add", "chain", familyOf(place.family), place.table!, place.chain!];
  return await nft(ctx, ...words, `{ ${base}; policy ${nftName(policy, "policy")}; }`) === "";
}

async function save(ctx: ExecContext, filename: string | null): Promise<string> {
  let text = "#! nft -f\n";
  for (const family of nftFamilies) {
    const rules = await nfts.listRules(ctx, family);
    text += (rules.length > 0 ? "\n" : "") + rules.join("\n");
  }
  text += "\n";
  const path = filename ?? CONF;
  const inFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  try {
    await atomicWrite(inFolder ? join(path, "salt-all-in-one.nft") : path, text);
  } catch (error) {
    throw new CommandExecutionError(`Problem writing to configuration file: ${messageOf(error)}`);
  }
  return text;
}

function savedRules(path: string): string[] {
  if (!existsSync(path)) throw new CommandExecutionError(`There is no file "${path}"`);
  return readFileSync(path, "utf8").split(/(?<=\n)/)
    .filter((line) => line.trim() !== "" && !line.trim().startsWith("#"));
}

/** Functions that tell of rules. */
const readers = {
  version: fn({
    doc: "Returns the version of nft.",
    args: {},
    example: "salt '*' nftables.version",
    run: async (ctx) => (await nft(ctx, "--version")).split(/\s+/)[1] ?? "",
  }),
  build_rule: fn({
    doc: "Makes a rule of keyword arguments: `if`, `of`, `proto`, `connstate`, `source`, " +
      "`destination`, `dport`, `sport`, `dports`, `sports`, `jump` …",
    args: {
      table: { type: "string", default: null, doc: "The table; needed with `full`." },
      chain: { type: "string", default: null, doc: "The chain; needed with `full`." },
      command: { type: "string", default: null, doc: "`insert`, `add` or `delete`." },
      position: { type: "any", default: "", doc: "Handle of the rule to insert before." },
      full: { type: "any", default: null, doc: "`True` for the whole command." },
      family,
      kwargs: { type: "map", keywords: true, doc: "The rule." },
    },
    example: "salt '*' nftables.build_rule match=state connstate=RELATED,ESTABLISHED jump=ACCEPT",
    run: (_ctx, { full, position, kwargs, ...place }) => {
      const whole = full === true || full === "True" || full === "true";
      return buildRule({ ...place, position: pyStr(position), full: whole }, kwargs);
    },
  }),
  get_saved_rules: fn({
    doc: "Returns the lines of a file of rules.",
    args: { conf_file: { type: "string", default: null, doc: `The file; ${CONF}.` } },
    example: "salt '*' nftables.get_saved_rules",
    run: (_ctx, { conf_file }) => savedRules(conf_file ?? CONF),
  }),
  list_tables: fn({
    doc: "Returns the tables of a family.",
    args: { family },
    example: "salt '*' nftables.list_tables\nsalt '*' nftables.list_tables family=ipv6",
    run: (ctx, { family }) => nfts.listTables(ctx, family),
  }),
  get_rules: fn({
    doc: "Returns the rules of each table, as text.",
    args: { family },
    example: "salt '*' nftables.get_rules\nsalt '*' nftables.get_rules family=ipv6",
    run: (ctx, { family }) => nfts.listRules(ctx, family),
  }),
  get_rules_json: fn({
    doc: "Returns all rules of a family as nft's JSON has them.",
    args: { family },
    example: "salt '*' nftables.get_rules_json\nsalt '*' nftables.get_rules_json family=ipv6",
    run: (ctx, { family }) => nfts.listJson(ctx, "ruleset", familyOf(family)),
  }),
  get_rule_handle: fn({
    doc: "Returns the handle of a rule.",
    args: { table, chain, rule, family },
    example: "salt '*' nftables.get_rule_handle filter input rule='tcp dport 22 log accept'",
    async run(ctx, args) {
      const checked = await check(ctx, args);
      if (!checked["result"]) return checked;
      const found = await nfts.findHandle(ctx, args, args.rule!);
      return found === undefined
        ? { result: false, comment: `Could not find rule ${args.rule}` }
        : { result: true, handle: found };
    },
  }),
  check: fn({
    doc: "Whether a rule is in a chain.",
    args: { table, chain, rule, family },
    example: "salt '*' nftables.check filter input rule='tcp dport 22 log accept'",
    run: (ctx, args) => check(ctx, args),
  }),
  check_chain: fn({
    doc: "Whether a chain is in a table.",
    args: { table, chain, family },
    example: "salt '*' nftables.check_chain filter input",
    run: (ctx, args) => nfts.checkChain(ctx, args),
  }),
  check_table: fn({
    doc: "Whether there is a table.",
    args: { table: { type: "string", default: null, doc: "The table." }, family },
    example: "salt '*' nftables.check_table nat",
    run: (ctx, args) => nfts.checkTable(ctx, { ...args, chain: null }),
  }),
  get_policy: fn({
    doc:
      "Returns what becomes of packets that no rule of a chain takes; null where it has no hook.",
    args: { table, chain, family },
    example: "salt '*' nftables.get_policy filter input",
    async run(ctx, args) {
      if (!args.chain) return "Error: Chain needs to be specified";
      return (await chainInfo(ctx, args))?.["policy"] ?? null;
    },
  }),
};

/** Functions that change rules. */
const changes = {
  new_table: fn({
    doc: "Makes a table.",
    args: { table: neededTable, family },
    example: "salt '*' nftables.new_table filter",
    async run(ctx, { table, family }) {
      const there = await nfts.checkTable(ctx, { table, chain: null, family });
      if (there["result"] || !table) return there;
      const name = `Table ${table} in family ${family}`;
      const words = ["add", "table", familyOf(family), table];
      return await change(ctx, words, `${name} created`, `${name} could not be created`);
    },
  }),
  delete_table: fn({
    doc: "Removes a table with all that is in it.",
    args: { table: neededTable, family },
    example: "salt '*' nftables.delete_table filter",
    async run(ctx, { table, family }) {
      const there = await nfts.checkTable(ctx, { table, chain: null, family });
      if (!there["result"]) return there;
      const name = `Table ${table} in family ${family}`;
      const words = ["delete", "table", familyOf(family), table];
      return await change(ctx, words, `${name} deleted`, `${name} could not be deleted`);
    },
  }),
  new_chain: fn({
    doc: "Makes a chain, of packets that pass a hook where one is named.",
    args: {
      table,
      chain,
      table_type: { type: "string", default: null, doc: "`filter`, `nat` or `route`." },
      hook: { type: "string", default: null, doc: "`input`, `output`, `forward` …" },
      priority: { type: "any", default: null, doc: "Which chain of a hook comes first." },
      family,
    },
    example: "salt '*' nftables.new_chain filter input table_type=filter hook=input priority=0",
    run: (ctx, { table_type, hook, priority, ...place }) =>
      newChain(ctx, place, { table_type, hook, priority }),
  }),
  delete_chain: fn({
    doc: "Removes a chain.",
    args: { table, chain, family },
    example: "salt '*' nftables.delete_chain filter input",
    async run(ctx, args) {
      if (!args.chain) return answer("Chain needs to be specified", false);
      const missing = await nfts.missingPlace(ctx, args);
      if (missing) return missing;
      const name = `Chain ${args.chain} in table ${args.table} in family ${args.family}`;
      const words = ["delete", "chain", familyOf(args.family), args.table, args.chain];
      return await change(ctx, words, `${name} deleted`, `${name} could not be deleted`);
    },
  }),
  append: fn({
    doc: "Adds a rule at the end of a chain.",
    args: { table, chain, rule, family },
    example: "salt '*' nftables.append filter input rule='tcp dport 22 log accept'",
    run: (ctx, args) => addRule(ctx, "add", args, null),
  }),
  insert: fn({
    doc: "Adds a rule before another, or before all of a chain.",
    args: { table, chain, position, rule, family },
    example: "salt '*' nftables.insert filter input rule='tcp dport 22 log accept'\n" +
      "salt '*' nftables.insert filter input position=3 rule='tcp dport 22 log accept'",
    run: (ctx, { position, ...args }) => addRule(ctx, "insert", args, position),
  }),
  delete: fn({
    doc: "Removes a rule, by its text or its handle.",
    args: { table: neededTable, chain, position, rule, family },
    example: "salt '*' nftables.delete filter input position=3\n" +
      "salt '*' nftables.delete filter input rule='tcp dport 22 log accept'",
    run: (ctx, { position, ...args }) => deleteRule(ctx, args, position),
  }),
  flush: fn({
    doc: "Removes all rules of a chain, or of all chains of a table.",
    args: { table, chain: { type: "string", default: "", doc: "The chain; all." }, family },
    example: "salt '*' nftables.flush filter\nsalt '*' nftables.flush filter input",
    run: (ctx, args) => flush(ctx, args),
  }),
  set_policy: fn({
    doc: "Sets what becomes of packets that no rule of a chain takes. Whether that could be done.",
    args: {
      table,
      chain,
      policy: { type: "string", default: null, doc: "`accept`, `drop`." },
      family,
    },
    example: "salt '*' nftables.set_policy filter input accept",
    run(ctx, { policy, ...place }) {
      if (!place.chain) return "Error: Chain needs to be specified";
      return policy ? setPolicy(ctx, place, policy) : "Error: Policy needs to be specified";
    },
  }),
  save: fn({
    doc: "Writes all rules into a file, which `nft -f` reads. Returns what it wrote.",
    args: {
      filename: { type: "string", default: null, doc: `The file or folder; ${CONF}.` },
      family,
    },
    example: "salt '*' nftables.save /etc/nftables",
    run: (ctx, { filename }) => save(ctx, filename),
  }),
};

/** The module `nftables`. */
export const nftables = executionModule({
  name: "nftables",
  doc: "The packet filter of Linux, by nft.",
  virtual: () =>
    which("nft") !== null ||
    "The nftables execution module failed to load: nftables is not installed.",
  functions: { ...readers, ...changes },
});
