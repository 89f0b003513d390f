/** Chains of a table: `nftables.new_chain`, `nftables.set_policy` … @module */
import { CommandExecutionError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import { chain, family, table } from "./args.ts";
import * as nfts from "./nft.ts";
import { answer, type Chain, change, nft, nftName } from "./nft.ts";
import { familyOf } from "./rule.ts";

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
    words.push(`{ ${kind} priority ${priorityWord(priority!)}; }`);
  }
  const said = await nft(ctx, ...words);
  return answer(`${where} ${said === "" ? "created" : "could not be created"}`, said === "");
}

/** A priority: a number, which may be negative, or a name. @throws CommandExecutionError */
function priorityWord(value: Data): string {
  const text = pyStr(value);
  if (/^(-?\d+|[a-z]+( [+-] \d+)?)$/.test(text)) return text;
  throw new CommandExecutionError(`"${text}" is no priority`);
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

/** Functions for chains. */
export const chainFunctions = {
  check_chain: fn({
    doc: "Whether a chain is in a table.",
    args: { table, chain, family },
    example: "salt '*' nftables.check_chain filter input",
    run: (ctx, args) => nfts.checkChain(ctx, args),
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
};
