/**
 * Values from and for stores that options name, by `sdb://profile/key`. (`salt/modules/sdb.py`,
 * `salt/utils/sdb.py`)
 * @module
 */
import { randomInt } from "node:crypto";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, executionModule, fn } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import { envDriver, yamlDriver } from "./drivers.ts";
import type { SdbDriver } from "./types.ts";

const scheme = "sdb://";

const uri = {
  type: "any",
  required: true,
  doc: "`sdb://profile/key`. The profile is an option, or a key of the pillar, with its `driver`.",
} as const;

interface Place {
  profile: DataMap;
  driver: string;
  key: string;
}

function named(map: Readonly<Record<string, unknown>>, name: string): DataMap | undefined {
  const value = Object.hasOwn(map, name) ? map[name] : undefined;
  return isMap(value) && Object.keys(value).length > 0 ? value : undefined;
}

/** What a URI means, or why it means nothing. */
function locate(ctx: ExecContext, given: Data): Place | string {
  if (typeof given !== "string" || !given.startsWith(scheme)) {
    return 'SDB uri must start with "sdb://"';
  }
  const [name = "", ...rest] = given.slice(scheme.length).split("/");
  const key = rest.join("/");
  if (key === "") {
    return "SDB uri must have a profile name as a first part of the uri before the /";
  }
  const profile = named(ctx.opts, name) ?? named(ctx.pillar, name);
  const driver = profile?.["driver"];
  if (profile === undefined || driver === undefined) {
    return `SDB profile "${name}" wasnt found in the minion configuration`;
  }
  return { profile, driver: pyStr(driver), key };
}

async function driverOf(name: string): Promise<SdbDriver> {
  if (name === "env") return envDriver;
  if (name === "yaml") return yamlDriver;
  if (name === "sqlite3") return (await import("./sqlite.ts")).sqliteDriver;
  throw new CommandExecutionError(`There is no sdb driver "${name}"; there are env, sqlite3, yaml`);
}

async function get(ctx: ExecContext, given: Data, strict: boolean): Promise<Data> {
  const place = locate(ctx, given);
  if (typeof place !== "string") {
    return (await driverOf(place.driver)).get(ctx, place.key, place.profile);
  }
  if (strict) throw new SaltInvocationError(place);
  return given;
}

async function set(ctx: ExecContext, given: Data, value: Data): Promise<Data> {
  const place = locate(ctx, given);
  if (typeof place === "string") return false;
  const { set } = await driverOf(place.driver);
  if (!set) throw new CommandExecutionError(`The sdb driver ${place.driver} can only read`);
  return set(ctx, place.key, value, place.profile);
}

async function remove(ctx: ExecContext, given: Data): Promise<Data> {
  const place = locate(ctx, given);
  if (typeof place === "string") return false;
  const driver = await driverOf(place.driver);
  if (!driver.delete) {
    throw new CommandExecutionError(`The sdb driver ${place.driver} cannot delete`);
  }
  return driver.delete(ctx, place.key, place.profile);
}

async function getOrSet(
  ctx: ExecContext,
  args: { uri: Data; length: number; chars: string },
): Promise<Data> {
  if (typeof args.uri !== "string" || !args.uri.startsWith(scheme)) return false;
  const known = await get(ctx, args.uri, false);
  if (known !== null) return known;
  const chars = [...args.chars];
  if (chars.length === 0) throw new SaltInvocationError("chars must not be empty");
  const picked = Array.from({ length: args.length }, () => chars[randomInt(chars.length)]!);
  const value = picked.join("");
  await set(ctx, args.uri, value);
  return value;
}

/** The module `sdb`. */
export const sdb = executionModule({
  name: "sdb",
  doc: "Values from and for stores that options name.\n\n" +
    "Drivers: `env` (environment variables), `yaml` (files, read only), `sqlite3`.",
  functions: {
    get: fn({
      doc: "Returns a value. What is no URI of a known profile is returned as it is.",
      args: { uri, strict: { type: "bool", default: false, doc: "Fail on such a URI." } },
      example: "salt '*' sdb.get sdb://mymemcached/foo\n" +
        "salt '*' sdb.get sdb://mymemcached/foo strict=True",
      run: (ctx, args) => get(ctx, args.uri, args.strict),
    }),
    set: fn({
      doc: "Sets a value.",
      args: { uri, value: { type: "any", required: true, doc: "The value." } },
      example: "salt '*' sdb.set sdb://mymemcached/foo bar",
      run: (ctx, args) => set(ctx, args.uri, args.value),
    }),
    delete: fn({
      doc: "Removes a value.",
      args: { uri },
      example: "salt '*' sdb.delete sdb://mysqlite/foo",
      run: (ctx, args) => remove(ctx, args.uri),
    }),
    get_or_set_hash: fn({
      doc: "Returns a value; where there is none, makes a random one and keeps it.",
      args: {
        uri,
        length: { type: "int", default: 8, doc: "Characters of a new value." },
        chars: {
          type: "string",
          default: "abcdefghijklmnopqrstuvwxyz0123456789!@#$%^&*(-_=+)",
          doc: "Characters to choose from.",
        },
      },
      example: "salt '*' sdb.get_or_set_hash sdb://SECRET_KEY/foo",
      run: getOrSet,
    }),
  },
});
