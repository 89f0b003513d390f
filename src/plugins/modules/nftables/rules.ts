/** Rules in the chains of a table: `nftables.append`, `nftables.check` … @module */
import { CommandExecutionError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { chain, family, neededTable, position, rule, table } from "./args.ts";
import * as nfts from "./nft.ts";
import { answer, type Chain, nft } from "./nft.ts";
import { buildRule, familyOf } from "./rule.ts";

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

/** Functions for rules. */
export const ruleFunctions = {
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
};
