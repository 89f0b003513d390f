/**
 * What the tables say of an option, and what a daemon's options are in the end.
 * @module
 */
import { dumpYaml } from "../serializers/yaml.ts";
import type { Data } from "../types/mod.ts";
import { wantedText } from "./coerce.ts";
import type { Honoured, OptionSpec, OptionTable } from "./option.ts";
import { type MasterOpts, masterTable, type MinionOpts, minionTable } from "./tables.ts";

/** Whose option. */
export type Role = "master" | "minion";

/** One option in words and values, for docs and help. */
export interface OptionDescription {
  key: string;
  role: Role;
  /** What it takes: `true or false`, `one of "ipc", "tcp"`. */
  wants: string;
  /** Its default; undefined when it has none. */
  default: unknown;
  /** The default in words, where it depends on the host. */
  defaultDoc: string | undefined;
  honoured: Honoured;
  doc: string;
}

const tables: Record<Role, OptionTable> = { master: masterTable, minion: minionTable };

function describe(role: Role, key: string, spec: OptionSpec): OptionDescription {
  return {
    key,
    role,
    wants: wantedText(spec),
    default: spec.default,
    defaultDoc: spec.defaultDoc,
    honoured: spec.honoured,
    doc: spec.doc,
  };
}

/** What is known of `key`; undefined for a key that passes through. */
export function describeOption(key: string, role: Role): OptionDescription | undefined {
  const spec = Object.hasOwn(tables[role], key) ? tables[role][key] : undefined;
  return spec && describe(role, key, spec);
}

/** Every option of a daemon, sorted by key. */
export function describeOptions(role: Role): OptionDescription[] {
  return Object.entries(tables[role])
    .map(([key, spec]) => describe(role, key, spec))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** All options of a daemon as YAML, sorted, for `--config-dump`. */
export function dumpConfig(opts: MasterOpts | MinionOpts): string {
  return dumpYaml({ ...opts } as Data);
}
