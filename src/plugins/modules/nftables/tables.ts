/** Tables of a family: `nftables.new_table`, `nftables.list_tables` … @module */
import { fn } from "../../../loader/types.ts";
import { family, neededTable } from "./args.ts";
import * as nfts from "./nft.ts";
import { change } from "./nft.ts";
import { familyOf } from "./rule.ts";

/** Functions for tables. */
export const tableFunctions = {
  list_tables: fn({
    doc: "Returns the tables of a family.",
    args: { family },
    example: "salt '*' nftables.list_tables\nsalt '*' nftables.list_tables family=ipv6",
    run: (ctx, { family }) => nfts.listTables(ctx, family),
  }),
  check_table: fn({
    doc: "Whether there is a table.",
    args: { table: { type: "string", default: null, doc: "The table." }, family },
    example: "salt '*' nftables.check_table nat",
    run: (ctx, args) => nfts.checkTable(ctx, { ...args, chain: null }),
  }),
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
};
