/** Temporary files and folders. (`salt/modules/temp.py`) @module */
import { closeSync, mkdirSync, openSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { randomBytes } from "node:crypto";
import { CommandExecutionError, SaltInvocationError } from "../../errors.ts";
import { executionModule, fn } from "../../loader/types.ts";

/** How often another name is tried when one is taken. */
const TRIES = 100;

const args = {
  suffix: { type: "string", default: "", doc: "What its name ends with." },
  prefix: { type: "string", default: "tmp", doc: "What its name begins with." },
  parent: { type: "string", default: null, doc: "The folder it is in; the system's own." },
} as const;

interface Naming {
  suffix: string;
  prefix: string;
  parent: string | null;
}

/** Has a maker take the first free name. @throws CommandExecutionError */
function make({ suffix, prefix, parent }: Naming, maker: (path: string) => void): string {
  if (/[/\0]/.test(prefix + suffix)) {
    throw new SaltInvocationError("prefix and suffix are parts of a name, without /");
  }
  const folder = resolve(parent ?? tmpdir());
  for (let tried = 0; tried < TRIES; tried++) {
    const path = `${folder}/${prefix}${randomBytes(6).toString("hex")}${suffix}`;
    try {
      maker(path);
      return path;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== "EEXIST") throw new CommandExecutionError(message);
    }
  }
  throw new CommandExecutionError(`There is no free name in "${folder}"`);
}

/** The module `temp`. */
export const temp = executionModule({
  name: "temp",
  doc: "Temporary files and folders, for this program's user alone. Nobody removes them.",
  functions: {
    dir: fn({
      doc: "Makes a temporary folder and returns its path.",
      args,
      example: "salt '*' temp.dir\nsalt '*' temp.dir prefix='mytemp-' parent='/var/run/'",
      run: (_ctx, naming) => make(naming, (path) => mkdirSync(path, { mode: 0o700 })),
    }),
    file: fn({
      doc: "Makes an empty temporary file and returns its path.",
      args,
      example: "salt '*' temp.file\nsalt '*' temp.file prefix='mytemp-' parent='/var/run/'",
      run: (_ctx, naming) => make(naming, (path) => closeSync(openSync(path, "wx", 0o600))),
    }),
  },
});
