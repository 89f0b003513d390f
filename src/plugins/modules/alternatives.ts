/** Which of several programs serves a name. (`salt/modules/alternatives.py`) @module */
import { readlinkSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { SaltInvocationError } from "../../errors.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { operand, type ProgramResult, runProgram } from "./_program.ts";
import { readSystemFile } from "./_system_file.ts";

const folder = "/etc/alternatives";

const name = { type: "string", required: true, doc: "The name, such as `editor`." } as const;
const path = { type: "string", required: true, doc: "Path of the program." } as const;

function checkName(value: string): string {
  if (value === "" || value.startsWith(".") || value !== basename(value)) {
    throw new SaltInvocationError(`"${value}" cannot be the name of an alternative`);
  }
  return operand(value, "the name of an alternative");
}

function tool(ctx: ExecContext): string {
  return ctx.grains["os_family"] === "RedHat" ? "alternatives" : "update-alternatives";
}

/** Asks about a name; a failure is no failure of the job. */
function ask(ctx: ExecContext, option: string, value: string): Promise<ProgramResult> {
  return runProgram(ctx, [tool(ctx), option, checkName(value)], { ignoreRetcode: true });
}

/** Where a name leads to now; undefined when there is no such name. */
function current(value: string): string | undefined {
  const path = join(folder, checkName(value));
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** The link of a name, by the file that the tool keeps: its second line. */
function linkByFile(folderOfFiles: string, value: string): string | false {
  const text = readSystemFile(join(folderOfFiles, checkName(value)));
  return text?.split("\n")[1] || false;
}

async function link(ctx: ExecContext, value: string): Promise<string | false> {
  const family = ctx.grains["os_family"];
  if (family === "RedHat") return linkByFile("/var/lib/alternatives", value);
  if (family === "Suse") return linkByFile("/var/lib/rpm/alternatives", value);
  const { retcode, stderr, stdout } = await ask(ctx, "--query", value);
  if (retcode > 0 && stderr !== "") return false;
  return /^Link:(.*)$/m.exec(stdout.split("\n\n")[0]!)?.[1]?.trim() ?? false;
}

/** What the tool wrote: what it complained of when it failed. */
async function change(ctx: ExecContext, ...words: string[]): Promise<string> {
  const { retcode, stdout, stderr } = await runProgram(ctx, [tool(ctx), ...words]);
  return retcode > 0 && stderr !== "" ? stderr : stdout;
}

/** The module `alternatives`. */
export const alternatives = executionModule({
  name: "alternatives",
  doc: "Which of several programs serves a name.",
  virtual: () =>
    statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true ||
    `Cannot load alternatives module: ${folder} dir not found`,
  functions: {
    display: fn({
      doc: "Returns what the tool says of a name.",
      args: { name },
      example: "salt '*' alternatives.display editor",
      out: "txt",
      async run(ctx, args) {
        const { retcode, stdout, stderr } = await ask(ctx, "--display", args.name);
        return retcode > 0 && stderr !== "" ? stderr : stdout;
      },
    }),
    show_link: fn({
      doc: "Returns the link that a name stands for, such as `/usr/bin/editor`; False if unknown.",
      args: { name },
      example: "salt '*' alternatives.show_link editor",
      run: (ctx, args) => link(ctx, args.name),
    }),
    show_current: fn({
      doc: "Returns the program that serves a name now; False if there is no such name.",
      args: { name },
      example: "salt '*' alternatives.show_current editor",
      run: (_ctx, args) => current(args.name) ?? false,
    }),
    check_exists: fn({
      doc: "Says whether a program may serve a name.",
      args: { name, path },
      example: "salt '*' alternatives.check_exists name path",
      async run(ctx, args) {
        const { retcode, stdout, stderr } = await ask(ctx, "--display", args.name);
        if (retcode > 0 && stderr !== "") return false;
        return stdout.split("\n").some((line) => line.startsWith(args.path));
      },
    }),
    check_installed: fn({
      doc: "Says whether a program serves a name now.",
      args: { name, path },
      example: "salt '*' alternatives.check_installed name path",
      run: (_ctx, args) => current(args.name) === args.path,
    }),
    install: fn({
      doc: "Lets a program serve a name.",
      args: {
        name,
        link: { type: "string", required: true, doc: "The link that the name stands for." },
        path,
        priority: { type: "int", required: true, doc: "The highest one serves the name." },
      },
      example: "salt '*' alternatives.install editor /usr/bin/editor /usr/bin/emacs23 50",
      out: "txt",
      run: (ctx, args) =>
        change(
          ctx,
          "--install",
          operand(args.link, "a link"),
          checkName(args.name),
          operand(args.path, "a program"),
          String(args.priority),
        ),
    }),
    remove: fn({
      doc: "Lets a program serve a name no more.",
      args: { name, path },
      example: "salt '*' alternatives.remove name path",
      out: "txt",
      run: (ctx, args) =>
        change(ctx, "--remove", checkName(args.name), operand(args.path, "a program")),
    }),
    auto: fn({
      doc: "Lets the program of the highest priority serve a name.",
      args: { name },
      example: "salt '*' alternatives.auto name",
      run: (ctx, args) => change(ctx, "--auto", checkName(args.name)),
    }),
    set: fn({
      doc: "Lets a program serve a name, whatever its priority.",
      args: { name, path },
      example: "salt '*' alternatives.set name path",
      run: (ctx, args) =>
        change(ctx, "--set", checkName(args.name), operand(args.path, "a program")),
    }),
  },
});
