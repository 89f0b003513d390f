/** Answers to the questions of Debian packages. (`salt/modules/debconfmod.py`) @module */
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { which } from "../../process/mod.ts";
import { pyStr } from "../../text/py_repr.ts";
import { CommandExecutionError } from "../../errors.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { operand, runProgram } from "./_program.ts";

const line = /^([^#]\S+)[\t ]+(\S+)[\t ]+(\S+)[\t ]+([^\n]*)$/gm;

/** What `debconf-get-selections` prints: by package, lists of question, type and answer. */
export function parseSelections(text: string, fetchEmpty = true): Record<string, string[][]> {
  const found = new Map<string, string[][]>();
  for (const [, name, question, type, value] of text.matchAll(line)) {
    if (!fetchEmpty && value === "") continue;
    const list = found.get(name!) ?? [];
    list.push([question!, type!, value!]);
    found.set(name!, list);
  }
  return Object.fromEntries(found);
}

async function selections(ctx: ExecContext, fetchEmpty: boolean) {
  const done = await runProgram(ctx, ["debconf-get-selections"]);
  return parseSelections(done.stdout, fetchEmpty);
}

/** A part of a line for debconf, which a line end would make into several lines. */
function word(value: Data, what: string): string {
  const text = pyStr(value);
  if (!/[\0\r\n]/.test(text)) return text;
  throw new CommandExecutionError(`${what} must not hold a line end`);
}

async function setFile(ctx: ExecContext, path: string, saltenv: string): Promise<boolean> {
  const cached = await ctx.salt("cp.cache_file", [path, saltenv]);
  if (typeof cached !== "string" || cached === "") return false;
  await runProgram(ctx, ["debconf-set-selections", operand(cached, "a path")]);
  return true;
}

const saltenv = {
  type: "string",
  default: "base",
  doc: "Environment of a `salt://` URL.",
} as const;
const kwargs = { type: "map", keywords: true, doc: "Passed on to what fetches the file." } as const;

/** The module `debconf`. */
export const debconfmod = executionModule({
  name: "debconfmod",
  virtualname: "debconf",
  doc: "Answers to the questions of Debian packages.",
  virtual({ grains }) {
    if (grains["os_family"] !== "Debian") {
      return "The debconfmod module could not be loaded: unsupported OS family";
    }
    return which("debconf-get-selections") !== null ||
      "The debconfmod module could not be loaded: debconf-utils is not installed.";
  },
  functions: {
    get_selections: fn({
      doc: "Returns all answers, by package: lists of question, type and answer.",
      args: { fetchempty: { type: "bool", default: true, doc: "Empty answers too." } },
      example: "salt '*' debconf.get_selections",
      run: (ctx, args) => selections(ctx, args.fetchempty),
    }),
    show: fn({
      doc: "Returns the answers of a package, or nothing.",
      args: { name: { type: "string", required: true, doc: "The package." } },
      example: "salt '*' debconf.show mysql-server",
      async run(ctx, args) {
        const all = await selections(ctx, true);
        return Object.hasOwn(all, args.name) ? all[args.name]! : null;
      },
    }),
    set: fn({
      doc: "Gives an answer.",
      args: {
        package: { type: "any", required: true, doc: "The package that asks." },
        question: { type: "any", required: true, doc: "The question." },
        type: { type: "any", required: true, doc: "Its type: `string`, `boolean`, `select` …" },
        value: { type: "any", required: true, doc: "The answer." },
        extra: { type: "list", variadic: true, doc: "More words of the answer." },
      },
      example: "salt '*' debconf.set mysql-server mysql-server/root_password password secret",
      async run(ctx, args) {
        const words = [args.package, args.question, args.type, args.value, ...args.extra];
        const text = words.map((part) => word(part, "An answer")).join(" ");
        await runProgram(ctx, ["debconf-set-selections"], { stdin: `${text}\n` });
        return true;
      },
    }),
    set_file: fn({
      doc: "Gives the answers that a file holds.",
      args: { path: { type: "string", required: true, doc: "Path or URL." }, saltenv, kwargs },
      example: "salt '*' debconf.set_file salt://path/to/pkg.selections",
      run: (ctx, args) => setFile(ctx, args.path, args.saltenv),
    }),
    set_template: fn({
      doc: "Gives the answers that a template holds.",
      args: {
        path: { type: "string", required: true, doc: "Path or URL of the template." },
        template: { type: "string", required: true, doc: "Its engine." },
        context: { type: "any", required: true, doc: "Variables of the template." },
        defaults: { type: "any", required: true, doc: "Their defaults." },
        saltenv,
        kwargs,
      },
      example: "salt '*' debconf.set_template salt://path/to/pkg.selections.jinja jinja " +
        "context='{}' defaults='{}'",
      async run(ctx, args) {
        const { path, template, context, defaults, saltenv, kwargs } = args;
        const options: DataMap = { ...kwargs, template, context, defaults, saltenv, dest: null };
        const rendered = await ctx.salt("cp.get_template", [path], options);
        return setFile(ctx, pyStr(rendered), saltenv);
      },
    }),
  },
});
