/** Loading anew what the minion has in memory. (`salt/modules/saltutil.py`) @module */
import { SaltInvocationError } from "../../../errors.ts";
import { fn } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { DataMap } from "../../../types/mod.ts";

const kwargs = { type: "map", keywords: true, doc: "" } as const;

/** Keyword arguments of the caller, without those that the publication adds. */
function refuseUnknown(given: DataMap, known: readonly string[]): void {
  const unknown = Object.entries(given).filter(([name]) =>
    !name.startsWith("__") && !known.includes(name)
  );
  if (unknown.length === 0) return;
  const shown = unknown.map(([name, value]) => `${name}=${pyStr(value)}`).join(", ");
  throw new SaltInvocationError(`The following keyword arguments are not valid: ${shown}`);
}

/** Functions that load anew. */
export const refreshFunctions = {
  refresh_grains: fn({
    doc: "Collects the grains anew, and the pillar with them.",
    args: { kwargs },
    example: "salt '*' saltutil.refresh_grains\n" +
      "salt '*' saltutil.refresh_grains refresh_pillar=False",
    async run(ctx, args) {
      refuseUnknown(args.kwargs, ["refresh_pillar", "clean_pillar_cache"]);
      await ctx.minion.refreshGrains();
      if (args.kwargs["refresh_pillar"] !== false) await ctx.minion.refreshPillar();
      return true;
    },
  }),
  refresh_pillar: fn({
    doc: "Has the master make the pillar anew.",
    args: {
      wait: { type: "bool", default: false, doc: "Has no effect: it is always waited for." },
      timeout: { type: "int", default: 30, doc: "Has no effect." },
      clean_cache: { type: "bool", default: true, doc: "Has no effect: nothing is cached." },
    },
    example: "salt '*' saltutil.refresh_pillar",
    run: (ctx) => ctx.minion.refreshPillar(),
  }),
  refresh_modules: fn({
    doc: "Loads the modules anew.",
    args: { kwargs },
    example: "salt '*' saltutil.refresh_modules",
    run: (ctx) => ctx.minion.refreshModules(),
  }),
  refresh_beacons: fn({
    doc: "Tells the minion to read its beacons anew.",
    args: {},
    example: "salt '*' saltutil.refresh_beacons",
    run: (ctx) => ctx.minion.fireLocal("beacons_refresh", {}),
  }),
  refresh_matchers: fn({
    doc: "Tells the minion to load its matchers anew.",
    args: {},
    example: "salt '*' saltutil.refresh_matchers",
    run: (ctx) => ctx.minion.fireLocal("matchers_refresh", {}),
  }),
};
