/** Environment variables of jobs and of the minion. (`salt/modules/environ.py`) @module */
import { jobEnvironment, setJobVariable } from "../../loader/environment.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { pyStr } from "../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";

const key = { type: "any", required: true, doc: "Name of the variable." } as const;
const falseUnsets = {
  type: "bool",
  default: false,
  doc: "The value False unsets a variable. Otherwise it makes it empty.",
} as const;
const permanent = {
  type: "any",
  default: false,
  doc: "Has an effect on Windows only.",
} as const;

function valueOf(ctx: ExecContext, name: string): string | undefined {
  const env = jobEnvironment(ctx);
  return Object.hasOwn(env, name) ? env[name] : undefined;
}

/** The value that was set, null when the variable was unset, false when that cannot be done. */
function setVariable(ctx: ExecContext, name: Data, value: Data, unsets: boolean): Data {
  const text = value === false ? "" : value;
  if (typeof name !== "string" || name === "" || /[=\0]/.test(name)) {
    ctx.log.error(`${pyStr(name)} cannot be the name of an environment variable`);
    return false;
  }
  if (typeof text !== "string" || text.includes("\0")) {
    ctx.log.debug(`The value of environment variable ${name} is neither text nor False`);
    return false;
  }
  const unset = value === false && unsets;
  setJobVariable(ctx, name, unset ? null : text);
  return unset ? null : text;
}

/** The module `environ`. */
export const environ = executionModule({
  name: "environ",
  doc: "Environment variables of jobs and of the minion.\n\n" +
    "What is set holds for the rest of the job and the programs that it starts.",
  functions: {
    get: fn({
      doc: "Returns a variable.",
      args: { key, default: { type: "any", default: "", doc: "When there is none." } },
      example: "salt '*' environ.get foo\nsalt '*' environ.get baz default=False",
      run(ctx, args) {
        if (typeof args.key !== "string") return false;
        return valueOf(ctx, args.key) ?? args.default;
      },
    }),
    has_value: fn({
      doc: "Says whether there is a variable, and, if given, whether it has a value.",
      args: { key, value: { type: "any", default: null, doc: "Value to compare with." } },
      example: "salt '*' environ.has_value foo",
      run(ctx, args) {
        if (typeof args.key !== "string") return false;
        const value = valueOf(ctx, args.key);
        return value !== undefined && (args.value === null || value === args.value);
      },
    }),
    item: fn({
      doc: "Returns variables by name.",
      args: {
        keys: { type: "any", required: true, doc: "One name, or a list." },
        default: { type: "any", default: "", doc: "For those that are not there." },
      },
      example: "salt '*' environ.item foo\nsalt '*' environ.item '[foo, baz]' default=None",
      run(ctx, args) {
        const names = Array.isArray(args.keys) ? args.keys : [args.keys];
        return Object.fromEntries(
          names.filter((name) => typeof name === "string")
            .map((name) => [name, valueOf(ctx, name) ?? args.default]),
        );
      },
    }),
    items: fn({
      doc: "Returns all variables.",
      args: {},
      example: "salt '*' environ.items",
      run: (ctx) => jobEnvironment(ctx),
    }),
    setval: fn({
      doc: "Sets a variable for the rest of the job, and returns its value.",
      args: {
        key,
        val: { type: "any", required: true, doc: "Text, or False." },
        false_unsets: falseUnsets,
        permanent,
      },
      example: "salt '*' environ.setval foo bar\n" +
        "salt '*' environ.setval baz val=False false_unsets=True",
      run: (ctx, args) => setVariable(ctx, args.key, args.val, args.false_unsets),
    }),
    setenv: fn({
      doc: "Sets several variables for the rest of the job, and returns them.",
      args: {
        environ: { type: "any", required: true, doc: "Map of names to text or False." },
        false_unsets: falseUnsets,
        clear_all: { type: "bool", default: false, doc: "Empty, or unset, all others." },
        update_minion: { type: "bool", default: false, doc: "Set them in the minion too." },
        permanent,
      },
      example: `salt '*' environ.setenv '{"foo": "bar", "baz": "quux"}'\n` +
        `salt '*' environ.setenv '{"a": "b", "c": False}' false_unsets=True`,
      run: setAll,
    }),
  },
});

interface SetAll {
  environ: Data;
  false_unsets: boolean;
  clear_all: boolean;
  update_minion: boolean;
  permanent: Data;
}

async function setAll(ctx: ExecContext, args: SetAll): Promise<Data> {
  const { environ, false_unsets: unsets, clear_all: clearAll } = args;
  if (!isMap(environ)) {
    ctx.log.debug("environ.setenv wants a map");
    return false;
  }
  const done = new Map<string, Data>();
  if (clearAll) {
    for (const name of Object.keys(jobEnvironment(ctx))) {
      if (!Object.hasOwn(environ, name)) done.set(name, setVariable(ctx, name, false, unsets));
    }
  }
  for (const [name, value] of Object.entries(environ)) {
    if (typeof value !== "string" && value !== false) {
      ctx.log.debug(`The value of environment variable ${name} is neither text nor False`);
      return false;
    }
    done.set(name, setVariable(ctx, name, value, unsets));
  }
  if (args.update_minion) {
    const event: DataMap = {
      environ,
      false_unsets: unsets,
      clear_all: clearAll,
      permanent: args.permanent,
    };
    await ctx.minion.fireLocal("environ_setenv", event);
  }
  return Object.fromEntries(done);
}
