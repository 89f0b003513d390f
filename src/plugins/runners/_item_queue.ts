/**
 * Salt's functions of the runner `queue`: lists of items that users fill and empty, and of runner calls
 * for later. (`salt/runners/queue.py`)
 * @module
 */
import { ItemQueues } from "../../cache/item_queues.ts";
import { SaltInvocationError } from "../../errors.ts";
import { type RunnerContext, runnerFn, type RunnerFunction } from "../../loader/runner_types.ts";
import { dumpJson } from "../../serializers/json_dump.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";

const queue = { type: "string", required: true, doc: "Name of the queue." } as const;
const items = { type: "any", required: true, doc: "A text, a list of them, or a map." } as const;
const backend = { type: "string", doc: "sqlite is the one that there is." } as const;
const quantity = { type: "any", default: 1, doc: "How many, or all." } as const;
const isRunner = { type: "bool", default: false, doc: "The items are calls of runners." } as const;
const ownQueue = {
  type: "string",
  doc: "The queue; that of runner_queue in the options else.",
} as const;

function queues(ctx: RunnerContext, backend: string | null): ItemQueues {
  if (backend !== null && backend !== "sqlite") {
    throw new SaltInvocationError(`Function "${backend}" is not available: queues are in sqlite`);
  }
  return new ItemQueues(ctx.opts.sqlite_queue_dir);
}

/** A map as Salt keeps it: JSON, with single quotes where that can be read back. */
function mapText(map: DataMap): string {
  const json = dumpJson(map);
  return json.includes("'") ? json : json.replaceAll('"', "'");
}

function textsOf(items: Data): string[] {
  if (isMap(items)) return [mapText(items)];
  if (Array.isArray(items)) return items.map((item) => isMap(item) ? mapText(item) : String(item));
  return [String(items)];
}

function call(text: string): DataMap {
  for (const json of [text, text.replaceAll("'", '"')]) {
    try {
      const value: Data = JSON.parse(json);
      if (isMap(value)) return value;
    } catch {
      // The other way of writing it, or no call at all.
    }
  }
  throw new SaltInvocationError(`'${text}' is not the call of a runner`);
}

function insert(ctx: RunnerContext, args: { queue: string; items: Data; backend: string | null }) {
  const texts = textsOf(args.items);
  if (queues(ctx, args.backend).insert(args.queue, texts)) return true;
  return `${texts.length > 1 ? "One or more items" : "Item"} already exists in this queue.`;
}

interface PopArgs {
  queue: string;
  quantity: Data;
  backend: string | null;
  is_runner: boolean;
}

function pop(ctx: RunnerContext, args: PopArgs): Data[] {
  const count = args.quantity === "all" ? -1 : Number(args.quantity);
  if (!Number.isInteger(count) || (count < 0 && args.quantity !== "all")) {
    throw new SaltInvocationError('Quantity must be an integer or "all".');
  }
  const popped = queues(ctx, args.backend).pop(args.queue, count);
  return args.is_runner ? popped.map(call) : popped;
}

/** Pops items and tells the bus of them, for a reactor. */
async function process(ctx: RunnerContext, args: PopArgs): Promise<DataMap> {
  const data = { items: pop(ctx, args), backend: args.backend ?? "sqlite", queue: args.queue };
  await ctx.fireEvent(`salt/queue/${args.queue}/process`, data);
  return data;
}

/** The queue of runner calls. */
function runnerQueue({ opts }: RunnerContext, given: string | null): string {
  const configured = isMap(opts["runner_queue"]) ? opts["runner_queue"]["queue"] : undefined;
  const name = given ?? configured;
  if (typeof name === "string") return name;
  throw new SaltInvocationError("Name a queue: queue=NAME, or runner_queue in the options");
}

/** By the names that users call. */
export const itemQueueFunctions: Record<string, RunnerFunction> = {
  insert: runnerFn({
    doc: "Adds items to a queue.",
    args: { queue, items, backend },
    example: "salt-run queue.insert myqueue myitem\n" +
      "salt-run queue.insert myqueue \"['item1', 'item2']\"",
    run: insert,
  }),
  delete: runnerFn({
    doc: "Takes items out of a queue.",
    args: { queue, items, backend },
    example: "salt-run queue.delete myqueue myitem",
    run: (ctx, args) => {
      queues(ctx, args.backend).delete(args.queue, textsOf(args.items));
      return true;
    },
  }),
  list_queues: runnerFn({
    doc: "Names of the queues of items.",
    args: { backend },
    example: "salt-run queue.list_queues",
    run: (ctx, args) => queues(ctx, args.backend).names(),
  }),
  list_length: runnerFn({
    doc: "How many items a queue holds.",
    args: { queue, backend },
    example: "salt-run queue.list_length myqueue",
    run: (ctx, args) => queues(ctx, args.backend).items(args.queue).length,
  }),
  list_items: runnerFn({
    doc: "The items of a queue.",
    args: { queue, backend },
    example: "salt-run queue.list_items myqueue",
    run: (ctx, args) => queues(ctx, args.backend).items(args.queue),
  }),
  pop: runnerFn({
    doc: "Takes the first items out of a queue and gives them.",
    args: { queue, quantity, backend, is_runner: isRunner },
    example:
      "salt-run queue.pop myqueue\nsalt-run queue.pop myqueue 6\nsalt-run queue.pop myqueue all",
    run: pop,
  }),
  process_queue: runnerFn({
    doc: "Takes the first items out of a queue and fires them as an event.",
    args: { queue, quantity, backend, is_runner: isRunner },
    example: "salt-run queue.process_queue myqueue",
    run: process,
  }),
  insert_runner: runnerFn({
    doc: "Puts the call of a runner into a queue.",
    args: {
      fun: { type: "string", required: true, doc: "The runner." },
      args: { type: "any", doc: "Its values: a list, or several with commas." },
      kwargs: { type: "map", doc: "Its named values." },
      queue: ownQueue,
      backend,
    },
    example: "salt-run queue.insert_runner test.stdout_print queue=myqueue",
    run: (ctx, { fun, args, kwargs, queue, backend }) =>
      insert(ctx, {
        queue: runnerQueue(ctx, queue),
        backend,
        items: {
          fun,
          args: Array.isArray(args) ? args : args === null ? [] : String(args).split(","),
          kwargs: kwargs ?? {},
        },
      }),
  }),
  process_runner: runnerFn({
    doc: "Takes calls of runners out of a queue and makes them.",
    args: { quantity, queue: ownQueue, backend },
    example: "salt-run queue.process_runner 5 queue=myqueue",
    run: async (ctx, args) => {
      const from = runnerQueue(ctx, args.queue);
      const { items } = await process(ctx, { ...args, queue: from, is_runner: true });
      for (const { fun, args, kwargs } of items as DataMap[]) {
        await ctx.runner(
          String(fun),
          Array.isArray(args) ? args : [],
          isMap(kwargs) ? kwargs : {},
        );
      }
      return null;
    },
  }),
};
