/** Whether targets mean this minion. (`salt/modules/match.py`) @module */
import { messageOf, SaltException, SaltInvocationError } from "../../errors.ts";
import { updateMap } from "../../loader/dict_update.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { pyStr, pyTruthy } from "../../text/py_repr.ts";
import { type Data, type DataMap, isMap, type TgtType } from "../../types/mod.ts";
import { matches, type Nodegroups } from "../matchers/mod.ts";

/** Functions of the module that hold a target against the minion, and what they take it for. */
const forms = {
  compound: "compound",
  ipcidr: "ipcidr",
  pillar_pcre: "pillar_pcre",
  pillar: "pillar",
  grain_pcre: "grain_pcre",
  grain: "grain",
  list: "list",
  pcre: "pcre",
  glob: "glob",
} as const satisfies Record<string, TgtType>;

function nodegroups(ctx: ExecContext): Nodegroups {
  const groups = ctx.opts["nodegroups"];
  return isMap(groups) ? groups : {};
}

interface Asked {
  delimiter?: string;
  /** Of another minion, to be taken for this one. */
  id?: string | null;
}

/** Whether the target means this minion. One that cannot be read means nobody, and the log says why. */
function isMeant(ctx: ExecContext, type: TgtType, tgt: Data, asked: Asked = {}): boolean {
  const { delimiter, id } = asked;
  const target = {
    tgt: Array.isArray(tgt) ? tgt.map(pyStr) : pyStr(tgt),
    tgt_type: type,
    ...(delimiter === undefined ? {} : { delimiter }),
  };
  const facts = { id: id ?? ctx.id, grains: ctx.grains, pillar: ctx.pillar };
  try {
    return matches(target, facts, { nodegroups: nodegroups(ctx) });
  } catch (error) {
    ctx.log.error(`match.${type}: ${messageOf(error)}`);
    return false;
  }
}

/** The form that `tgt_type` names. @throws SaltInvocationError when there is none. */
function formOf(name: string): TgtType {
  const plain = name === "list_" ? "list" : name;
  if (Object.hasOwn(forms, plain)) return forms[plain as keyof typeof forms];
  throw new SaltInvocationError(
    `There is no tgt_type "${name}"; use one of ${Object.keys(forms).sort().join(", ")}`,
  );
}

function merged(value: Data, merge: Data, mergeLists: boolean): Data {
  if (!pyTruthy(merge)) return value;
  if (!isMap(merge)) throw new SaltException("filter_by merge argument must be a dictionary.");
  if (value === null) return merge;
  if (!isMap(value)) throw new SaltException("filter_by can merge into a dictionary only.");
  return updateMap(value, merge, mergeLists);
}

interface Choice {
  form: TgtType;
  id: string | null;
  merge: Data;
  mergeLists: boolean;
}

/** The value of the first target that means this minion; undefined when none does. */
function firstMatch(
  ctx: ExecContext,
  lookup: readonly (readonly [Data, Data])[],
  choice: Choice,
): Data | undefined {
  const found = lookup.find(([tgt]) => isMeant(ctx, choice.form, tgt, { id: choice.id }));
  return found && merged(found[1], choice.merge, choice.mergeLists);
}

const minionId = {
  type: "string",
  default: null,
  doc: "Id to hold the target against, in place of this minion's.",
} as const;
const tgtType = {
  type: "string",
  default: "compound",
  doc: "How targets are read: the name of a function of this module.",
} as const;
const merge = { type: "any", default: null, doc: "Map to lay over the chosen one." } as const;
const mergeLists = {
  type: "bool",
  default: false,
  doc: "Lists are joined rather than replaced when maps are merged.",
} as const;
const lookup = { type: "map", required: true, doc: "Values by target." } as const;

/** A function that holds a target of one form against this minion's id. */
function byId(type: TgtType, what: string, example: string) {
  return fn({
    doc: `Says whether ${what} means this minion.`,
    args: { tgt: { type: "any", required: true, doc: "The target." }, minion_id: minionId },
    example,
    run: (ctx, args) => isMeant(ctx, type, args.tgt, { id: args.minion_id }),
  });
}

/** A function that holds a target of one form against this minion's grains or pillar. */
function byData(type: TgtType, what: string, example: string) {
  return fn({
    doc: `Says whether ${what} means this minion.`,
    args: {
      tgt: { type: "string", required: true, doc: "Path, delimiter and value: `os:Debian`." },
      delimiter: { type: "string", default: ":", doc: "Stands between the parts of a path." },
    },
    example,
    run: (ctx, args) => isMeant(ctx, type, args.tgt, { delimiter: args.delimiter }),
  });
}

/** Pairs of a target and a value, by a list in which they follow each other. */
function pairs(args: readonly Data[]): [Data, Data][] {
  const list: [Data, Data][] = [];
  for (let i = 0; i + 1 < args.length; i += 2) list.push([args[i]!, args[i + 1]!]);
  return list;
}

function ifelse(ctx: ExecContext, args: readonly Data[], options: DataMap): Data {
  if (args.length % 2 === 0) {
    throw new SaltException("The ifelse function must have an odd number of arguments!");
  }
  const possible = pairs(args).filter(([tgt]) => tgt !== false)
    .map(([tgt, value]) => [tgt === true ? "*" : tgt, value] as const);
  const { tgt_type: type, minion_id: id, merge: over } = options;
  const found = firstMatch(ctx, possible, {
    form: formOf(pyStr(type ?? "compound")),
    id: id === undefined || id === null ? null : pyStr(id),
    merge: over ?? null,
    mergeLists: pyTruthy(options["merge_lists"] ?? false),
  });
  return found === undefined ? args.at(-1)! : found;
}

/** The module `match`. */
export const match = executionModule({
  name: "match",
  doc: "Whether targets mean this minion.",
  functions: {
    compound: byId(
      "compound",
      "a compound target",
      "salt '*' match.compound 'L@cheese,foo and *'",
    ),
    glob: byId("glob", "a glob of ids", "salt '*' match.glob '*'"),
    pcre: byId("pcre", "a regular expression of ids", "salt '*' match.pcre '.*'"),
    list: byId("list", "a list of ids", "salt '*' match.list 'server1,server2'"),
    ipcidr: fn({
      doc: "Says whether an address or a network is one of this minion's.",
      args: { tgt: { type: "string", required: true, doc: "Address, or network in CIDR form." } },
      example: "salt '*' match.ipcidr '192.168.44.0/24'",
      run: (ctx, { tgt }) => isMeant(ctx, "ipcidr", tgt),
    }),
    grain: byData("grain", "a glob of a grain", "salt '*' match.grain 'os:Ubuntu'"),
    grain_pcre: byData(
      "grain_pcre",
      "a regular expression of a grain",
      "salt '*' match.grain_pcre 'os:Fedo.*'",
    ),
    pillar: byData("pillar", "a glob of a pillar value", "salt '*' match.pillar 'cheese:foo'"),
    pillar_pcre: byData(
      "pillar_pcre",
      "a regular expression of a pillar value",
      "salt '*' match.pillar_pcre 'cheese:(swiss|american)'",
    ),
    filter_by: fn({
      doc: "Returns the value of the first target that means this minion.",
      args: {
        lookup,
        tgt_type: tgtType,
        minion_id: minionId,
        merge,
        merge_lists: mergeLists,
        default: { type: "string", default: "default", doc: "Key to use when no target fits." },
      },
      example: "salt '*' match.filter_by '{foo*: Foo!, bar*: Bar!}' minion_id=bar03",
      run(ctx, args) {
        const found = firstMatch(ctx, Object.entries(args.lookup), {
          form: formOf(args.tgt_type),
          id: args.minion_id,
          merge: args.merge,
          mergeLists: args.merge_lists,
        });
        if (found !== undefined) return found;
        return Object.hasOwn(args.lookup, args.default) ? args.lookup[args.default]! : null;
      },
    }),
    search_by: fn({
      doc: "Returns the keys that have a target which means this minion, or nothing.",
      args: {
        lookup: { type: "map", required: true, doc: "Lists of targets by key." },
        tgt_type: tgtType,
        minion_id: minionId,
      },
      example: "salt '*' match.search_by '{web: [node1, node2], db: [node2, node]}'",
      run(ctx, args) {
        const form = formOf(args.tgt_type);
        const keys = Object.entries(args.lookup).flatMap(([key, targets]) =>
          (Array.isArray(targets) ? targets : [targets])
            .filter((tgt) => isMeant(ctx, form, tgt, { id: args.minion_id }))
            .map(() => key)
        );
        return keys.length > 0 ? keys : null;
      },
    }),
    ifelse: fn({
      doc:
        "Returns the value behind the first target that means this minion, or the last argument.",
      args: {
        args: {
          type: "any",
          variadic: true,
          doc: "A target, its value, another target and value …, and the default.",
        },
        kwargs: {
          type: "map",
          keywords: true,
          doc: "`tgt_type`, `minion_id`, `merge` and `merge_lists`, as for `filter_by`.",
        },
      },
      example: "salt '*' match.ifelse 'foo*' 'Foo!' 'bar*' 'Bar!' minion_id=bar03",
      run: (ctx, args) => ifelse(ctx, args.args, args.kwargs),
    }),
  },
});
