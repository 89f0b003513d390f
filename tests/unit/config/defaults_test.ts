import { deepEqual, equal, notDeepEqual, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { describeOption, masterTable, minionTable } from "../../../src/config/mod.ts";
import type { OptionTable } from "../../../src/config/mod.ts";
import { toPython } from "../../support/python_values.ts";

interface Recorded {
  /** Type names of Salt, `|` between them. */
  types: Record<string, string>;
  master: Record<string, unknown>;
  minion: Record<string, unknown>;
}

const salt = JSON.parse(
  readFileSync(new URL("../../cases/config/defaults.json", import.meta.url), "utf8"),
) as Recorded;

/** Where saltx' default is another one, and why. */
const OTHER_DEFAULTS: Record<string, string> = {
  minimum_auth_version: "minions before 3006.17 speak version 2",
  cache: "one database in place of a file for each minion",
  event_return: "always a list",
};

/** A default as Salt's Python has it: `60.0` and `60` are the same number to saltx. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== "object" || value === null) return value;
  const { $float, $map } = value as { $float?: string; $map?: [string, unknown][] };
  if ($float !== undefined) return Number($float);
  return $map ? { $map: $map.map(([key, item]) => [key, comparable(item)]) } : value;
}

for (const [role, table] of [["master", masterTable], ["minion", minionTable]] as const) {
  test(`the ${role}'s table has every default of Salt`, () => {
    const options: OptionTable = table;
    for (const [key, value] of Object.entries(salt[role])) {
      ok(Object.hasOwn(options, key), `${key} is missing`);
      const ours = comparable(toPython(options[key]?.default));
      if (OTHER_DEFAULTS[key] === undefined) deepEqual(ours, comparable(value), key);
      else notDeepEqual(ours, comparable(value), `${key} is no exception any more`);
    }
  });
}

const KIND_OF_TYPE: Record<string, string> = {
  bool: "bool",
  int: "int",
  float: "float",
  str: "str",
  list: "list",
  tuple: "list",
  dict: "map",
  null: "null",
};

/** Where saltx asks for another type than Salt, and why. */
const OTHER_TYPES: Record<string, string> = {
  master_port: "a port is a number",
  source_ret_port: "a port is a number",
  source_publish_port: "a port is a number",
  log_fmt_logfile: "a tuple of formats has no meaning",
  ipc_write_buffer: "Salt also knows the word dynamic",
};

test("the tables have every option that Salt checks, with Salt's types", () => {
  for (const [key, types] of Object.entries(salt.types)) {
    if (key === "conf_file" || OTHER_TYPES[key] !== undefined) continue;
    const tables: OptionTable[] = [masterTable, minionTable];
    const specs = tables.filter((table) => Object.hasOwn(table, key)).map((table) => table[key]);
    ok(specs.length > 0, `${key} is missing`);
    for (const spec of specs) {
      const wanted = [...new Set(types.split("|").map((type) => KIND_OF_TYPE[type]))];
      const kinds: readonly unknown[] = spec?.kinds ?? [];
      ok(wanted.every((kind) => kinds.includes(kind)), `${key}: ${kinds} is not ${types}`);
    }
  }
});

test("every option has a doc that is a sentence", () => {
  const tables: OptionTable[] = [masterTable, minionTable];
  for (const table of tables) {
    for (const [key, spec] of Object.entries(table)) {
      ok(/^[A-Z`].*[.]$/.test(spec.doc) && !/[—…]/.test(spec.doc), `${key}: ${spec.doc}`);
    }
  }
});

test("every default is a value that its own option takes", async () => {
  const { coerce } = await import("../../../src/config/coerce.ts");
  const tables: OptionTable[] = [masterTable, minionTable];
  for (const table of tables) {
    for (const [key, spec] of Object.entries(table)) {
      if (spec.default === undefined) continue;
      deepEqual(coerce(spec, spec.default), { value: spec.default }, key);
    }
  }
});

test("describeOption() tells what an option wants, and nothing of unknown ones", () => {
  const option = describeOption("worker_threads", "master");
  equal(option?.wants, "a whole number from 1 to 1024");
  equal(option?.default, 5);
  equal(option?.honoured, "yes");
  equal(describeOption("worker_threads", "minion"), undefined);
  equal(describeOption("toString", "master"), undefined);
});
