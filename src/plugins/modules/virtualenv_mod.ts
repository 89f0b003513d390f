/** Virtual environments of Python. (`salt/modules/virtualenv_mod.py`) @module */
import { existsSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { CommandExecutionError, SaltInvocationError } from "../../errors.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { which } from "../../process/mod.ts";
import { pyRepr, pyStr } from "../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import { flag } from "./_arguments.ts";

interface Create {
  path: string;
  venv_bin: string | null;
  system_site_packages: boolean;
  distribute: boolean;
  clear: boolean;
  python: string | null;
  extra_search_dir: Data;
  never_download: boolean | null;
  prompt: string | null;
  pip: boolean;
  symlinks: boolean | null;
  upgrade: boolean | null;
  user: string | null;
  kwargs: DataMap;
}

function isPython(name: string): boolean {
  return /^(python|pypy)[0-9.]*$/i.test(basename(name));
}

/** The program that makes environments when none is named: virtualenv, or Python's own `venv`. */
function usualProgram(ctx: ExecContext): string {
  const given = ctx.pillar["venv_bin"] ?? (ctx.opts as DataMap)["venv_bin"];
  if (given) return pyStr(given);
  return ["virtualenv3", "virtualenv"].find((name) => which(name) !== null) ?? "venv";
}

function interpreter(python: string | null): string {
  const name = python?.trim() || ["python3", "python"].find((one) => which(one) !== null);
  if (name && which(name) !== null) return name;
  throw new CommandExecutionError(`Cannot find requested python (${name ?? "python3"}).`);
}

/** Numbers of a version. @throws CommandExecutionError when there is none. */
export function parseVersion(text: string): number[] {
  const found = /(?:^|\s)(\d+(?:\.\d+)*)/.exec(text);
  if (found) return found[1]!.split(".").map(Number);
  throw new CommandExecutionError(`Unable to get the virtualenv version of '${text}'`);
}

async function versionOf(ctx: ExecContext, bin: string, user: string | null): Promise<number[]> {
  const done = await ctx.salt("cmd.run_all", [[bin, "--version"]], {
    python_shell: false,
    runas: user,
    redirect_stderr: true,
  });
  if (isMap(done) && done["retcode"] === 0) return parseVersion(pyStr(done["stdout"] ?? ""));
  throw new CommandExecutionError(
    `Unable to get the virtualenv version output using '${bin} --version'.`,
  );
}

function refuse(bin: string, given: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === "") continue;
    const option = name.replaceAll("_", "-");
    throw new CommandExecutionError(
      `The \`${name}\`(\`--${option}\`) option is not supported by '${bin}'`,
    );
  }
}

/** Words for Python's own `venv`. */
function venvWords(bin: string, args: Create): string[] {
  const { extra_search_dir, never_download } = args;
  refuse(bin, { extra_search_dir, never_download });
  if (isPython(bin) && args.python?.trim()) {
    throw new CommandExecutionError(
      "Pass the target interpreter either as `venv_bin` or as `python`, not both.",
    );
  }
  return [
    ...(bin === "venv"
      ? [interpreter(args.python), "-m", "venv"]
      : isPython(bin)
      ? [interpreter(bin), "-m", "venv"]
      : [bin]),
    ...(args.upgrade ? ["--upgrade"] : []),
    ...(args.symlinks ? ["--symlinks"] : []),
    ...(args.prompt?.trim() ? ["--prompt", args.prompt] : []),
  ];
}

/** Words for virtualenv. */
async function virtualenvWords(ctx: ExecContext, bin: string, args: Create): Promise<string[]> {
  const { upgrade, symlinks } = args;
  refuse(bin, { upgrade, symlinks });
  const [major = 0] = await versionOf(ctx, bin, args.user);
  const folders = Array.isArray(args.extra_search_dir)
    ? args.extra_search_dir.map(pyStr)
    : pyStr(args.extra_search_dir ?? "").split(",").map((one) => one.trim()).filter(Boolean);
  const python = args.python?.trim() ? [`--python=${interpreter(args.python)}`] : [];
  const download = args.never_download === null
    ? []
    : args.never_download
    ? ["--never-download"]
    : major >= 20
    ? ["--download"]
    : [];
  return [
    bin,
    ...python,
    ...folders.map((one) => `--extra-search-dir=${one}`),
    ...download,
    ...(args.prompt?.trim() ? [`--prompt=${args.prompt}`] : []),
  ];
}

async function create(ctx: ExecContext, args: Create): Promise<DataMap> {
  if (args.path.startsWith("-")) {
    throw new SaltInvocationError(`"${args.path}" cannot be the path of an environment`);
  }
  const bin = args.venv_bin ?? usualProgram(ctx);
  const words = bin.includes("venv") || isPython(bin)
    ? venvWords(bin, args)
    : await virtualenvWords(ctx, bin, args);
  const argv = [
    ...words,
    ...(args.clear ? ["--clear"] : []),
    ...(args.system_site_packages ? ["--system-site-packages"] : []),
    args.path,
  ];
  const handed = Object.entries(args.kwargs).filter(([key]) => !key.startsWith("__"));
  const isNew = !existsSync(args.path);
  const done = await ctx.salt("cmd.run_all", [argv], {
    ...Object.fromEntries(handed),
    python_shell: false,
    runas: args.user,
  });
  if (!isMap(done)) throw new CommandExecutionError(`${bin} could not be run`);
  if (done["retcode"] !== 0 && isNew) rmSync(args.path, { recursive: true, force: true });
  if (done["retcode"] === 0 && args.pip && !existsSync(join(args.path, "bin/pip"))) {
    return await addPip(ctx, args, done);
  }
  return done;
}

/** Has Python put its own pip into an environment. */
async function addPip(ctx: ExecContext, args: Create, before: DataMap): Promise<DataMap> {
  const argv = [join(args.path, "bin/python"), "-m", "ensurepip"];
  const options = { python_shell: false, runas: args.user, env: { VIRTUAL_ENV: args.path } };
  const done = await ctx.salt("cmd.run_all", [argv], options);
  if (!isMap(done)) return before;
  const both = (key: string) => `${pyStr(before[key] ?? "")}\n${pyStr(done[key] ?? "")}`.trim();
  return { ...before, retcode: done["retcode"]!, stdout: both("stdout"), stderr: both("stderr") };
}

function pythonOf(venv: string): string {
  const path = join(venv, "bin/python");
  if (existsSync(path)) return path;
  throw new CommandExecutionError(
    `Path '${venv}' does not appear to be a virtualenv: '${path}' not found.`,
  );
}

/** What a script prints in an environment. */
async function ask(ctx: ExecContext, venv: string, code: string): Promise<string> {
  const done = await ctx.salt("cmd.exec_code_all", [pythonOf(venv), code]);
  if (isMap(done) && done["retcode"] === 0) return pyStr(done["stdout"] ?? "");
  const text = isMap(done) ? `${pyStr(done["stdout"] ?? "")}\n${pyStr(done["stderr"] ?? "")}` : "";
  throw new CommandExecutionError(text);
}

/** A text as Python writes it, so that it cannot be code. */
function literal(value: string | null): string {
  if (value === null || value === "") throw new SaltInvocationError("A name must be given");
  return pyRepr(value);
}

const venv = { type: "string", required: true, doc: "Path of the environment." } as const;
const maybe = (doc: string) => ({ type: "bool", default: null, doc }) as const;
const text = (doc: string) => ({ type: "string", default: null, doc }) as const;

/** The module `virtualenv`. */
export const virtualenvMod = executionModule({
  name: "virtualenv_mod",
  virtualname: "virtualenv",
  doc: "Virtual environments of Python.",
  functions: {
    create: fn({
      doc: "Makes a virtual environment. Returns how the program ended, as `cmd.run_all` does.",
      args: {
        path: venv,
        venv_bin: text("virtualenv, an interpreter, or venv for Python's own."),
        system_site_packages: flag("With the packages of the system."),
        distribute: flag("Has no effect; for old versions."),
        clear: flag("Make it anew where it is there."),
        python: text("Interpreter of the environment."),
        extra_search_dir: {
          type: "any",
          default: null,
          doc: "Folders in which virtualenv looks for packages.",
        },
        never_download: maybe("Whether virtualenv fetches nothing."),
        prompt: text("What the shell's prompt begins with."),
        pip: flag("Make sure that pip is in it."),
        symlinks: maybe("Link to the interpreter in place of copying it."),
        upgrade: maybe("Bring an environment to a new interpreter."),
        user: text("User to make it as."),
        use_vt: flag("Has no effect."),
        saltenv: { type: "string", default: "base", doc: "Has no effect." },
        kwargs: { type: "map", keywords: true, doc: "As of `cmd.run_all`." },
      },
      example: "salt '*' virtualenv.create /path/to/new/virtualenv",
      run: create,
    }),
    virtualenv_ver: fn({
      doc: "Returns the version of virtualenv, as a list of numbers.",
      args: {
        venv_bin: { type: "string", required: true, doc: "The program." },
        user: text("User to run it as."),
        kwargs: { type: "map", keywords: true, doc: "" },
      },
      example: "salt '*' virtualenv.virtualenv_ver virtualenv",
      run: (ctx, args) => versionOf(ctx, args.venv_bin, args.user),
    }),
    get_site_packages: fn({
      doc: "Returns the folder of an environment's packages.",
      args: { venv },
      example: "salt '*' virtualenv.get_site_packages /path/to/my/venv",
      run: (ctx, args) =>
        ask(ctx, args.venv, 'import sysconfig; print(sysconfig.get_path("purelib"))'),
    }),
    get_distribution_path: fn({
      doc: "Returns the folder that a package of an environment is in.",
      args: {
        venv,
        distribution: { type: "string", required: true, doc: "Name of the package." },
      },
      example: "salt '*' virtualenv.get_distribution_path /path/to/my/venv my_distribution",
      run: (ctx, args) =>
        ask(
          ctx,
          args.venv,
          `import importlib.metadata as m, os\nprint(os.path.realpath(m.distribution(${
            literal(args.distribution)
          }).locate_file("")))`,
        ),
    }),
    get_resource_path: fn({
      doc: "Returns the path of a file that belongs to a package of an environment.",
      args: { venv, package: text("Name of the package."), resource: text("Path in it.") },
      example: "salt '*' virtualenv.get_resource_path /path/to/my/venv my_package my/resource.xml",
      run: (ctx, args) =>
        ask(
          ctx,
          args.venv,
          `import importlib.resources as r\nprint(r.files(${literal(args.package)}).joinpath(${
            literal(args.resource)
          }))`,
        ),
    }),
    get_resource_content: fn({
      doc: "Returns the content of a file that belongs to a package of an environment.",
      args: { venv, package: text("Name of the package."), resource: text("Path in it.") },
      example:
        "salt '*' virtualenv.get_resource_content /path/to/my/venv my_package my/resource.xml",
      run: (ctx, args) =>
        ask(
          ctx,
          args.venv,
          `import importlib.resources as r\nprint(r.files(${literal(args.package)}).joinpath(${
            literal(args.resource)
          }).read_bytes())`,
        ),
    }),
  },
});
