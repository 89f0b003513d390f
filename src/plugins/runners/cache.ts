/** What the master keeps of minions. (`salt/runners/cache.py`) @module */
import { type RunnerContext, runnerFn, runnerModule } from "../../loader/runner_types.ts";
import type { DataMap, MinionId, TgtType } from "../../types/mod.ts";
import { compileTarget } from "../matchers/mod.ts";

const tgt = { type: "string", default: "*", doc: "Whom." } as const;
const tgtType = { type: "string", default: "glob", doc: "How to read that." } as const;
/** Clearing wants to be told whose data. */
const clearArgs = { tgt: { type: "string", doc: "Whom." }, tgt_type: tgtType } as const;

/** Ids of accepted minions and of minions with kept data that the target matches. */
function targeted(ctx: RunnerContext, wanted: string, type: string): MinionId[] {
  const meant = compileTarget({ tgt: wanted, tgt_type: type as TgtType }, {
    nodegroups: ctx.opts.nodegroups as Record<string, unknown>,
  });
  const ids = new Set<string>([...ctx.keys.ids("accepted"), ...ctx.minionData.ids()]);
  return [...ids].sort().filter((id) => {
    const { grains = {}, pillar = {} } = ctx.minionData.data(id) ?? {};
    return meant({ id, grains, pillar });
  }) as MinionId[];
}

function collect(ids: readonly string[], read: (id: string) => DataMap | null): DataMap {
  return Object.fromEntries(ids.map((id) => [id, read(id) ?? {}]));
}

/** False without a target, as in Salt: nothing is cleared by mistake. */
function clear(
  ctx: RunnerContext,
  args: { tgt: string | null; tgt_type: string },
  forget: (id: MinionId) => void,
): boolean {
  if (args.tgt === null) return false;
  for (const id of targeted(ctx, args.tgt, args.tgt_type)) forget(id);
  return true;
}

/** The runner `cache`. */
export const cache = runnerModule({
  name: "cache",
  doc: "What the master keeps of minions.",
  functions: {
    grains: runnerFn({
      doc: "Kept grains by minion.",
      args: { tgt, tgt_type: tgtType },
      example: "salt-run cache.grains '*'",
      run: (ctx, args) =>
        collect(targeted(ctx, args.tgt, args.tgt_type), (id) => ctx.minionData.grains(id)),
    }),
    pillar: runnerFn({
      doc: "Kept pillar by minion.",
      args: { tgt, tgt_type: tgtType },
      example: "salt-run cache.pillar",
      run: (ctx, args) =>
        collect(targeted(ctx, args.tgt, args.tgt_type), (id) => ctx.minionData.pillar(id)),
    }),
    mine: runnerFn({
      doc: "Mine data by minion.",
      args: { tgt, tgt_type: tgtType },
      example: "salt-run cache.mine",
      run: (ctx, args) => collect(targeted(ctx, args.tgt, args.tgt_type), (id) => ctx.mine.all(id)),
    }),
    clear_mine: runnerFn({
      doc: "Forgets the mine data of minions.",
      args: clearArgs,
      example: "salt-run cache.clear_mine tgt='*'",
      run: (ctx, args) => clear(ctx, args, (id) => ctx.mine.flush([id])),
    }),
    clear_mine_func: runnerFn({
      doc: "Forgets what one function gave minions' mines.",
      args: {
        ...clearArgs,
        clear_mine_func_flag: { type: "string", doc: "The function." },
      },
      example: "salt-run cache.clear_mine_func tgt='*' clear_mine_func_flag='network.interfaces'",
      run: (ctx, args) => {
        const { clear_mine_func_flag: fun } = args;
        return fun !== null && clear(ctx, args, (id) => ctx.mine.remove(id, fun));
      },
    }),
    clear_grains: runnerFn({
      doc: "Forgets the grains of minions.",
      args: clearArgs,
      example: "salt-run cache.clear_grains tgt='*'",
      run: (ctx, args) => clear(ctx, args, (id) => ctx.minionData.setGrains(id, {})),
    }),
    clear_pillar: runnerFn({
      doc: "Forgets the pillar of minions.",
      args: clearArgs,
      example: "salt-run cache.clear_pillar tgt='*'",
      run: (ctx, args) => clear(ctx, args, (id) => ctx.minionData.setPillar(id, {})),
    }),
    clear_all: runnerFn({
      doc: "Forgets grains, pillar and mine data of minions.",
      args: clearArgs,
      example: "salt-run cache.clear_all tgt='*'",
      run: (ctx, args) =>
        clear(ctx, args, (id) => {
          ctx.minionData.forget([id]);
          ctx.mine.flush([id]);
        }),
    }),
  },
});
