/** Users' returners. @module */
import { messageOf } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import {
  type OpenReturner,
  type Returner,
  type ReturnerContext,
  ReturnerUnavailable,
} from "../returner_types.ts";
import { customFiles } from "./files.ts";
import { customHost } from "./host.ts";
import type { CustomFile } from "./messages.ts";

const log = getLogger("saltx.custom");

/** ms that one call of a returner may take. */
const CALL_LIMIT = 60_000;

/** Finds a user's returner by the name it is called by. */
export async function customReturner(opts: object, name: string): Promise<Returner | undefined> {
  for (const file of customFiles(opts, "returners")) {
    try {
      const { doc, functions, virtualname, virtual } = await customHost.describe(file, {
        opts,
        grains: {},
      });
      if ((virtualname ?? file.name) !== name) continue;
      if (virtual !== undefined && virtual !== true) continue;
      const names = Array.isArray(functions) ? functions.map(String) : [];
      return { name, doc: String(doc), open: (ctx) => openCustom(file, names, ctx) };
    } catch (error) {
      log.error(`Custom returner is not loaded: ${messageOf(error)}`);
    }
  }
  return undefined;
}

function openCustom(
  file: CustomFile,
  names: readonly string[],
  ctx: ReturnerContext,
): OpenReturner {
  const call = async (member: string, ...args: Data[]): Promise<Data> => {
    try {
      const { value } = await customHost.call(file, member, args, {
        opts: ctx.opts,
        values: {},
        limit: CALL_LIMIT,
        services: { option: (name) => ctx.option(String(name)) ?? null },
      });
      return value;
    } catch (error) {
      if ((error as Error).name !== "ReturnerUnavailable") throw error;
      throw new ReturnerUnavailable(messageOf(error), { cause: error });
    }
  };
  const map = async (member: string, ...args: Data[]) => {
    const value = await call(member, ...args);
    return isMap(value) ? value : {};
  };
  const all: OpenReturner = {
    async returner(returns) {
      for (const ret of returns) await call("returner", ret);
    },
    async event_return(events) {
      await call("event_return", [...events]);
    },
    async save_load(jid: string, load: DataMap, minions) {
      await call("save_load", jid, load, minions === null ? null : [...minions]);
    },
    get_load: (jid) => map("get_load", jid),
    get_jid: (jid) => map("get_jid", jid),
    get_fun: (fun) => map("get_fun", fun),
    get_jids: () => map("get_jids"),
    async get_minions() {
      const value = await call("get_minions");
      return Array.isArray(value) ? value.map(String) : [];
    },
    async clean_old_jobs() {
      await call("clean_old_jobs");
    },
    close: () => Promise.resolve(),
  };
  const wanted = Object.entries(all).filter(([name]) => name === "close" || names.includes(name));
  return Object.fromEntries(wanted) as unknown as OpenReturner;
}
