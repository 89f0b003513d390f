/** The simplest functions of `test`. @module */
import { setTimeout as delay } from "node:timers/promises";
import { fn } from "../../../loader/types.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { integer } from "./integer.ts";

/** Longest sleep that a timer can hold, in seconds. */
const longest = 0x7fffffff / 1000;

async function sleep(seconds: number, signal: AbortSignal): Promise<boolean> {
  for (let left = Math.max(seconds, 0); left > 0; left -= longest) {
    await delay(Math.min(left, longest) * 1000, undefined, { signal });
  }
  return true;
}

/** Ping, echo, sleep and their like. */
export const basicFunctions = {
  ping: fn({
    doc: "Says that the minion is up and answers. Sends no ICMP packet.",
    args: {},
    example: "salt '*' test.ping",
    run: () => true,
  }),
  echo: fn({
    doc: "Returns what it was given.",
    args: { text: { type: "any", required: true, doc: "What to return." } },
    example: "salt '*' test.echo 'foo bar baz quo qux'",
    run: (_ctx, { text }) => text,
  }),
  true: fn({
    doc: "Returns yes, always.",
    args: {},
    example: "salt '*' test.true",
    run: () => true,
  }),
  false: fn({
    doc: "Returns no, always.",
    args: {},
    example: "salt '*' test.false",
    run: () => false,
  }),
  sleep: fn({
    doc: "Waits, then returns yes.",
    args: { length: { type: "any", required: true, doc: "Seconds, a whole number." } },
    example: "salt '*' test.sleep 20",
    run: (ctx, { length }) => sleep(Number(integer(length)), ctx.signal),
  }),
  rand_sleep: fn({
    doc: "Waits for a random time, then returns yes.",
    args: { max: { type: "int", default: 60, doc: "Longest wait, in seconds." } },
    example: "salt '*' test.rand_sleep 60",
    run: (ctx, { max }) => sleep(Math.floor(Math.random() * (max + 1)), ctx.signal),
  }),
  outputter: fn({
    doc: "Returns what it was given, to try out outputters.",
    args: { data: { type: "any", required: true, doc: "What to return." } },
    example: "salt '*' test.outputter foobar",
    run: (_ctx, { data }) => data,
  }),
  retcode: fn({
    doc: "Returns yes with an exit code of your choice.",
    args: { code: { type: "int", default: 42, doc: "The exit code." } },
    example: "salt '*' test.retcode 42",
    run(ctx, { code }) {
      ctx.context.retcode = code;
      return true;
    },
  }),
  tty: fn({
    doc: "Says that this function has moved to `cmd.tty`.",
    args: {
      args: { type: "list", variadic: true, doc: "" },
      kwargs: { type: "map", keywords: true, doc: "" },
    },
    example: "salt '*' test.tty tty0 'This is a test'",
    run: () => "ERROR: This function has been moved to cmd.tty",
  }),
  conf_test: fn({
    doc: "Returns the option `test.foo`, to see that options reach modules.",
    args: {},
    example: "salt '*' test.conf_test",
    run: (ctx) => ctx.salt("config.option", ["test.foo"]),
  }),
  get_opts: fn({
    doc: "Returns the minion's options.",
    args: {},
    example: "salt '*' test.get_opts",
    run: (ctx) => plainOpts(ctx.opts),
  }),
  opts_pkg: fn({
    doc: "Returns the minion's options together with its grains.",
    args: {},
    example: "salt '*' test.opts_pkg",
    run: (ctx) => ({ ...plainOpts(ctx.opts), grains: ctx.grains }),
  }),
};

/** Options without what cannot travel. */
function plainOpts(opts: object): DataMap {
  const entries = Object.entries(opts as Record<string, Data>);
  return Object.fromEntries(
    entries.filter(([, value]) => value !== undefined && typeof value !== "function"),
  );
}
