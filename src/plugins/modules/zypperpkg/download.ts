/** Package files: `pkg.download`, `pkg.list_downloaded`. @module */
import { join } from "node:path";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { isTrue } from "../../../text/is_true.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { elementsOf, textOf } from "../../../text/xml.ts";
import { type DataMap, isMap } from "../../../types/mod.ts";
import {
  downloadedPackages,
  kwargsArg,
  namesArg,
  packageWord,
  rootArg,
} from "../_package_manager.ts";
import { refreshDb } from "./available.ts";
import { rootOf, zypperXml } from "./zypper.ts";

async function download(
  ctx: ExecContext,
  names: readonly string[],
  kwargs: DataMap,
): Promise<DataMap> {
  if (names.length === 0) throw new SaltInvocationError("No packages specified");
  const root = rootOf(kwargs);
  if (isTrue(kwargs["refresh"])) await refreshDb(ctx, { root });
  const answer = await zypperXml(ctx, ["download", ...names.map(packageWord)], { root });
  const found: DataMap = {};
  for (const result of elementsOf(answer, "download-result")) {
    const [repo, file] = ["repository", "localfile"].map((name) => elementsOf(result, name)[0]);
    const path = file?.attributes["path"] ?? "";
    const fine = await ctx.salt("lowpkg.checksum", [path], root === null ? {} : { root });
    const name = elementsOf(result, "name")[0];
    if (!name || !isMap(fine) || fine[path] !== true) continue;
    found[textOf(name)] = {
      "repository-name": repo?.attributes["name"] ?? "",
      "repository-alias": repo?.attributes["alias"] ?? "",
      path,
    };
  }
  const failed = names.filter((name) => !Object.hasOwn(found, name));
  if (Object.keys(found).length === 0) {
    throw new CommandExecutionError(`Unable to download packages: ${names.join(", ")}`);
  }
  return failed.length === 0 ? found : {
    ...found,
    _error: `The following package(s) failed to download: ${failed.join(", ")}`,
  };
}

/** Functions for package files. */
export const downloadFunctions = {
  list_downloaded: fn({
    doc: "Returns the package files that were fetched.",
    args: { root: rootArg, kwargs: kwargsArg },
    example: "salt '*' pkg.list_downloaded",
    run: (ctx, { root }) => downloadedPackages(ctx, join(root ?? "/", "var/cache/zypp/packages")),
  }),
  download: fn({
    doc: "Fetches package files into the cache. Returns their paths.",
    args: { packages: namesArg, kwargs: { ...kwargsArg, doc: "`refresh=True`; `root`." } },
    example: "salt '*' pkg.download httpd\nsalt '*' pkg.download httpd postfix",
    run: (ctx, { packages, kwargs }) => download(ctx, packages.map(pyStr), kwargs),
  }),
};
