/** The packet filter of Linux, by nft. (`salt/modules/nftables.py`) @module */
import { executionModule, fn } from "../../../loader/types.ts";
import { which } from "../../../process/mod.ts";
import { chainFunctions } from "./chains.ts";
import { nft } from "./nft.ts";
import { ruleFunctions } from "./rules.ts";
import { savedFunctions } from "./saved.ts";
import { tableFunctions } from "./tables.ts";

/** The module `nftables`. */
export const nftables = executionModule({
  name: "nftables",
  doc: "The packet filter of Linux, by nft.",
  virtual: () =>
    which("nft") !== null ||
    "The nftables execution module failed to load: nftables is not installed.",
  functions: {
    version: fn({
      doc: "Returns the version of nft.",
      args: {},
      example: "salt '*' nftables.version",
      run: async (ctx) => (await nft(ctx, "--version")).split(/\s+/)[1] ?? "",
    }),
    ...tableFunctions,
    ...chainFunctions,
    ...ruleFunctions,
    ...savedFunctions,
  },
});
