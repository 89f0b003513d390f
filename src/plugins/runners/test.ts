/** Runners to try runners with. (`salt/runners/test.py`) @module */
import { setTimeout as delay } from "node:timers/promises";
import { type RunnerContext, runnerFn, runnerModule } from "../../loader/runner_types.ts";
import type { Data, DataMap } from "../../types/mod.ts";

const args = { type: "any", variadic: true, doc: "Any values." } as const;
const kwargs = { type: "any", keywords: true, doc: "Any named values." } as const;

/** Number of progress events that `stream` fires, and ms between them. */
const STREAM_EVENTS = 99;
const STREAM_PAUSE_MS = 100;

const WORDS: Readonly<Record<string, readonly string[]>> = {
  us: [
    ...["foo", "bar", "baz", "qux", "quux", "quuz", "corge", "grault"],
    ...["garply", "waldo", "fred", "plugh", "xyzzy", "thud"],
  ],
  uk: ["wibble", "wobble", "wubble", "flob"],
};

function publicNames(map: DataMap): DataMap {
  return Object.fromEntries(Object.entries(map).filter(([name]) => !name.startsWith("__")));
}

async function stream(ctx: RunnerContext): Promise<boolean> {
  for (let percent = 1; percent <= STREAM_EVENTS; percent++) {
    await ctx.progress(`Runner is ${percent}% done`);
    await delay(STREAM_PAUSE_MS, undefined, { signal: ctx.signal });
  }
  return true;
}

/** The runner `test`. */
export const test = runnerModule({
  name: "test",
  doc: "For trying runners.",
  functions: {
    arg: runnerFn({
      doc: "The arguments it was given; named ones that begin with two underscores are left out.",
      args: { args, kwargs },
      example: "salt-run test.arg foo bar=baz",
      run: (_ctx, given) => ({ args: given.args, kwargs: publicNames(given.kwargs) }),
    }),
    raw_arg: runnerFn({
      doc: "The arguments it was given, all of them.",
      args: { args, kwargs },
      example: "salt-run test.raw_arg foo __bar=baz",
      run: (_ctx, given) => ({ args: given.args, kwargs: given.kwargs }),
    }),
    metasyntactic: runnerFn({
      doc: "Words that stand for anything.",
      args: { locality: { type: "string", default: "us", doc: "us or uk." } },
      example: "salt-run test.metasyntactic locality=uk",
      run: (_ctx, { locality }) => [...WORDS[locality] ?? []],
    }),
    stdout_print: runnerFn({
      doc: "Prints foo and gives bar.",
      args: {},
      example: "salt-run test.stdout_print",
      run: (ctx) => {
        ctx.print("foo\n");
        return "bar";
      },
    }),
    sleep: runnerFn({
      doc: "Sleeps, then gives true.",
      args: { s_time: { type: "float", default: 10, doc: "Seconds." } },
      example: "salt-run test.sleep s_time=5",
      run: async (ctx, { s_time }) => {
        ctx.print(`${s_time}\n`);
        await delay(s_time * 1000, undefined, { signal: ctx.signal });
        return true;
      },
    }),
    stream: runnerFn({
      doc: "Fires a progress event ten times a second until it is done.",
      args: {},
      example: "salt-run test.stream",
      run: stream,
    }),
    get_opts: runnerFn({
      doc: "The master's configuration.",
      args: {},
      example: "salt-run test.get_opts",
      run: (ctx) => ctx.opts as unknown as Data,
    }),
  },
});
