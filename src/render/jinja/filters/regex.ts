/** Salt's filters of regular expressions. (`salt/utils/jinja.py`) @module */
import {
  compilePattern,
  type Pattern,
  type PatternMatch,
  replaceMatches,
} from "../../../text/pcre/mod.ts";
import type { Arguments } from "../arguments.ts";
import type { Filters } from "../runtime.ts";
import { str, truthy, Tuple, type Value } from "../value.ts";
import { filter } from "./text.ts";

/** The pattern that the arguments of a filter name. */
export function pattern(args: Arguments): Pattern {
  return compilePattern(str(args.get("rgx")), {
    i: truthy(args.or("ignorecase", false)),
    m: truthy(args.or("multiline", false)),
  });
}

function groups(found: PatternMatch | null): Value {
  return found === null ? null : new Tuple(found.groups.slice(1));
}

const flags = ["ignorecase", "multiline"];

/** The filters. */
export const regexFilters: Filters = {
  regex_search: filter(
    ["rgx", ...flags],
    (value, args) => groups(pattern(args).search(str(value))),
  ),
  regex_match: filter(["rgx", ...flags], (value, args) => groups(pattern(args).match(str(value)))),
  regex_replace: filter(
    ["rgx", "val", ...flags],
    (value, args) => replaceMatches(pattern(args), str(value), str(args.get("val"))).text,
  ),
  regex_escape: filter(
    [],
    (value) => str(value).replace(/[()[\]{}?*+\-|^$\\.&~# \t\n\r\v\f]/g, (char) => `\\${char}`),
  ),
};
