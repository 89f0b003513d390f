/** Files of packages: `pkg.file_list`, `pkg.owner` … @module */
import { type ExecContext, fn } from "../../../loader/types.ts";
import type { Data } from "../../../types/mod.ts";
import { kwargsArg, namesArg, ownersOf, packageWord } from "../_package_manager.ts";
import { runProgram } from "../_program.ts";
import { parseFiles } from "./pacman.ts";

async function filesOf(ctx: ExecContext, packages: readonly Data[]) {
  const argv = ["pacman", "-Ql", ...packages.map(packageWord)];
  const done = await runProgram(ctx, argv);
  return parseFiles(done.stdout, done.stderr);
}

/** Functions for files of packages. */
export const fileFunctions = {
  file_list: fn({
    doc: "Lists the files of packages; of all when none is named.",
    args: { packages: namesArg, kwargs: kwargsArg },
    example: "salt '*' pkg.file_list httpd\nsalt '*' pkg.file_list httpd postfix",
    async run(ctx, { packages }) {
      const { errors, files } = await filesOf(ctx, packages);
      return { errors, files: Object.values(files).flat() };
    },
  }),
  file_dict: fn({
    doc: "Lists the files of packages, by package; of all when none is named.",
    args: { packages: namesArg, kwargs: kwargsArg },
    example: "salt '*' pkg.file_dict httpd\nsalt '*' pkg.file_dict httpd postfix",
    async run(ctx, { packages }) {
      const { errors, files } = await filesOf(ctx, packages);
      return { errors, packages: files };
    },
  }),
  owner: fn({
    doc: "Returns the package that a file belongs to; an empty text when there is none.",
    args: { paths: { type: "any", variadic: true, doc: "Paths of files." }, kwargs: kwargsArg },
    example: "salt '*' pkg.owner /usr/bin/apachectl\n" +
      "salt '*' pkg.owner /usr/bin/apachectl /usr/bin/zerofree",
    run: (ctx, { paths }) =>
      ownersOf(paths, async (path) => (await runProgram(ctx, ["pacman", "-Qqo", path])).stdout),
  }),
};
