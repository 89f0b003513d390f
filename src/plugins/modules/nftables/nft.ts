/** What nft is asked for tables, chains and rules. (`salt/modules/nftables.py`) @module */
import { SaltInvocationError } from "../../../errors.ts";
import type { ExecContext } from "../../../loader/types.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import { runProgram } from "../_program.ts";
import { familyOf } from "./rule.ts";

/** Which table and chain, in which family as the caller names it. */
export interface Chain {
  table: string | null;
  chain: string | null;
  family: string;
}

/** `{comment, result}`, as most functions return. */
export function answer(comment: string, result: boolean): DataMap {
  return { comment, result };
}

/** What nft prints, both streams; nothing when all is well. */
export async function nft(ctx: ExecContext, ...words: string[]): Promise<string> {
  const { stdout, stderr } = await runProgram(ctx, ["nft", ...words]);
  return [stdout, stderr].filter(Boolean).join("\n");
}

/** Has nft change something, which it does in silence, and says so in one of two sentences. */
export async function change(
  ctx: ExecContext,
  words: string[],
  good: string,
  bad: string,
): Promise<DataMap> {
  const said = await nft(ctx, ...words);
  return said === "" ? answer(good, true) : answer(bad, false);
}

/** A name that nft takes for nothing else. @throws SaltInvocationError */
export function nftName(value: string, what: string): string {
  if (/^[A-Za-z_][\w./\\-]*$/.test(value)) return value;
  throw new SaltInvocationError(`"${value}" cannot be the name of a ${what}`);
}

/** A rule's text. @throws SaltInvocationError when it would be more than one line. */
export function oneRule(rule: Data): string {
  const text = String(rule);
  if (!/[\n\0]/.test(text)) return text;
  throw new SaltInvocationError("A rule is one line");
}

/** Whether there is such a table; the answer is that of `check_table`. */
export async function checkTable(ctx: ExecContext, { table, family }: Chain): Promise<DataMap> {
  if (!table) return answer("Table needs to be specified", false);
  const name = familyOf(family);
  const wanted = `table ${name} ${nftName(table, "table")}`;
  const there = (await nft(ctx, "list", "tables", name)).split("\n").includes(wanted);
  const state = there ? "exists" : "does not exist";
  return answer(`Table ${table} in family ${family} ${state}`, there);
}

/** Whether there is such a chain; the answer is that of `check_chain`. */
export async function checkChain(ctx: ExecContext, place: Chain): Promise<DataMap> {
  const { table, chain, family } = place;
  if (!chain) return answer("Chain needs to be specified", false);
  const text = await nft(ctx, "list", "table", familyOf(family), nftName(table ?? "", "table"));
  const there = text.includes(`chain ${nftName(chain, "chain")} {`);
  const state = there ? "exists" : "does not exist";
  return answer(`Chain ${chain} in table ${table} in family ${family} ${state}`, there);
}

/** Why table or chain are missing, in the words of their checks; undefined when both are there. */
export async function missingPlace(ctx: ExecContext, place: Chain): Promise<DataMap | undefined> {
  const table = await checkTable(ctx, place);
  if (!table["result"]) return table;
  const chain = await checkChain(ctx, place);
  return chain["result"] ? undefined : chain;
}

/** The handle of a rule in what `nft --handle list chain` prints; undefined when it is not there. */
export function handleOf(listing: string, rule: string): string | undefined {
  const literal = rule.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  // nft drops the braces around a set of one.
  const pattern = literal.replaceAll("\\{ ", "(?:\\{ )?").replaceAll(" \\}", "(?: \\})?");
  return new RegExp(`${pattern} # handle (\\d+)`).exec(listing)?.[1];
}

/** The handle of a rule of a chain that is there. */
export async function findHandle(
  ctx: ExecContext,
  { table, chain, family }: Chain,
  rule: string,
): Promise<string | undefined> {
  const place = [familyOf(family), nftName(table ?? "", "table"), nftName(chain ?? "", "chain")];
  return handleOf(await nft(ctx, "--handle", "list", "chain", ...place), rule);
}

/** What `nft --json` lists, without what it says of itself. */
export async function listJson(ctx: ExecContext, ...words: string[]): Promise<Data[]> {
  const text = await nft(ctx, "--json", "--numeric", "--numeric", "--numeric", "list", ...words);
  try {
    const data = JSON.parse(text) as Data;
    const list = isMap(data) ? data["nftables"] : undefined;
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

/** Tables of a family. */
export async function listTables(ctx: ExecContext, family: string): Promise<Data[]> {
  return (await listJson(ctx, "tables", familyOf(family)))
    .flatMap((item) => isMap(item) && item["table"] !== undefined ? [item["table"]] : []);
}

/** The rules of each table of a family, as text. */
export async function listRules(ctx: ExecContext, family: string): Promise<string[]> {
  const texts: string[] = [];
  for (const table of await listTables(ctx, family)) {
    const { name } = table as { name: string };
    const place = ["list", "table", familyOf(family), name];
    texts.push(await nft(ctx, "--numeric", "--numeric", "--numeric", ...place));
  }
  return texts;
}
