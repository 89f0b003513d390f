/** Files of packages, and packages of files: `pkg.owner`, `pkg.file_list` … @module */
import { join } from "node:path";
import { CommandNotFoundError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { which } from "../../../process/mod.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { type DataMap, isMap } from "../../../types/mod.ts";
import { downloadedPackages } from "../_package_manager.ts";
import { operand, runProgram } from "../_program.ts";

const kwargs = { type: "map", keywords: true, doc: "" } as const;
const packages = { type: "any", variadic: true, doc: "Names of packages." } as const;

async function ownerOf(ctx: ExecContext, path: string): Promise<string> {
  const { stdout } = await runProgram(ctx, ["dpkg", "-S", operand(path, "a path")]);
  return stdout.split(":")[0]!;
}

/** Names that `info` gives to what dpkg calls otherwise. */
const renamed: Record<string, string> = {
  package: "name",
  origin: "vendor",
  section: "group",
  maintainer: "packager",
  homepage: "url",
};

async function infoInstalled(ctx: ExecContext, names: string[], failhard: boolean) {
  const all = await ctx.salt("lowpkg.info", names, { failhard });
  const entries = Object.entries(isMap(all) ? all : {}).flatMap(([name, info]) => {
    if (!isMap(info) || pyStr(info["status"] ?? "ii")[1] !== "i") return [];
    const fields = Object.entries(info).filter(([key]) => key !== "status")
      .map(([key, value]) => [renamed[key] ?? key, value]);
    return [[name, Object.fromEntries(fields) as DataMap] as const];
  });
  return Object.fromEntries(entries);
}

/** Names of the services that `checkrestart --machine` would have restarted. */
export function parseRestarts(text: string): string[] {
  const names = [...text.matchAll(/^SERVICE:([^,\n]*)/gm)].map(([, name]) => name!);
  return [...new Set(names)];
}

/** Functions about files. */
export const fileFunctions = {
  owner: fn({
    doc: "Returns the package that a file belongs to; an empty text when there is none.",
    args: { paths: { type: "any", variadic: true, doc: "Paths of files." }, kwargs },
    example: "salt '*' pkg.owner /usr/bin/apachectl\n" +
      "salt '*' pkg.owner /usr/bin/apachectl /usr/bin/basename",
    async run(ctx, { paths }) {
      const owners: Record<string, string> = {};
      for (const path of paths.map(pyStr)) owners[path] = await ownerOf(ctx, path);
      if (paths.length === 0) return "";
      return paths.length === 1 ? Object.values(owners)[0]! : owners;
    },
  }),
  file_list: fn({
    doc: "Lists the files of packages; of all when none is named.",
    args: { packages, kwargs },
    example: "salt '*' pkg.file_list httpd\nsalt '*' pkg.file_list httpd postfix",
    run: (ctx, args) => ctx.salt("lowpkg.file_list", args.packages),
  }),
  file_dict: fn({
    doc: "Lists the files of packages, by package; of all when none is named.",
    args: { packages, kwargs },
    example: "salt '*' pkg.file_dict httpd\nsalt '*' pkg.file_dict httpd postfix",
    run: (ctx, args) => ctx.salt("lowpkg.file_dict", args.packages),
  }),
  info_installed: fn({
    doc: "Returns what is known of installed packages; of all when none is named.",
    args: {
      names: packages,
      kwargs: {
        type: "map",
        keywords: true,
        doc: "`failhard=False`: leave out those that are not installed.",
      },
    },
    example: "salt '*' pkg.info_installed <package1>\n" +
      "salt '*' pkg.info_installed <package1> <package2> failhard=false",
    run: (ctx, { names, kwargs }) =>
      infoInstalled(ctx, names.map(pyStr), kwargs["failhard"] !== false),
  }),
  list_downloaded: fn({
    doc: "Returns the package files that apt has fetched.",
    args: {
      root: { type: "string", default: null, doc: "Folder of another system." },
      kwargs,
    },
    example: "salt '*' pkg.list_downloaded",
    run: (ctx, { root }) => downloadedPackages(ctx, join(root ?? "/", "var/cache/apt"), ".deb"),
  }),
  services_need_restart: fn({
    doc: "Lists the services that use files which are gone since an upgrade.",
    args: { kwargs },
    example: "salt '*' pkg.services_need_restart",
    async run(ctx) {
      if (which("checkrestart") === null) {
        throw new CommandNotFoundError(
          "'checkrestart' is needed. It is part of the 'debian-goodies' package which can be " +
            "installed from official repositories.",
        );
      }
      const argv = ["checkrestart", "--machine", "--package"];
      return parseRestarts((await runProgram(ctx, argv)).stdout);
    },
  }),
};
