/**
 * The pillar top file: which sls are for a minion. (`salt/pillar/__init__.py:Pillar.get_tops, top_matches`)
 * @module
 */
import { messageOf } from "../../errors.ts";
import { type Data, type DataMap, isMap, type TgtType } from "../../types/mod.ts";
import { matches, type MinionFacts, type Nodegroups } from "../matchers/mod.ts";

/** One sls that is for the minion. */
export interface TopEntry {
  saltenv: string;
  sls: string;
  ignoreMissing: boolean;
}

/** What reading a top file needs besides. */
export interface TopOptions {
  nodegroups: Nodegroups;
  /** Gets what could not be read. */
  errors: string[];
}

/**
 * The entries of one top file that are for this minion, in the file's order.
 */
export function topEntries(top: DataMap, facts: MinionFacts, options: TopOptions): TopEntry[] {
  const { nodegroups, errors } = options;
  const entries: TopEntry[] = [];
  for (const [saltenv, targets] of Object.entries(top)) {
    if (!isMap(targets)) {
      errors.push(`Pillar top file: '${saltenv}' is not a map of targets`);
      continue;
    }
    for (const [tgt, list] of Object.entries(targets)) {
      try {
        entries.push(
          ...entriesOf(
            saltenv,
            list,
            (tgt_type) => matches({ tgt, tgt_type }, facts, { nodegroups }),
          ),
        );
      } catch (error) {
        errors.push(`Pillar top file: target '${tgt}' of '${saltenv}': ${messageOf(error)}`);
      }
    }
  }
  return entries;
}

function entriesOf(
  saltenv: string,
  list: Data,
  isFor: (tgt_type: TgtType) => boolean,
): TopEntry[] {
  if (!Array.isArray(list)) throw new TypeError("its value is not a list of sls");
  const options: DataMap = {};
  for (const item of list) if (isMap(item)) Object.assign(options, item);
  const match = typeof options["match"] === "string" ? options["match"] : "compound";
  if (!isFor(match as TgtType)) return [];
  const ignoreMissing = options["ignore_missing"] === true;
  return list
    .filter((item) => typeof item === "string")
    .map((sls) => ({ saltenv, sls, ignoreMissing }));
}
