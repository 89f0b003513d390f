/** Patterns, patches and products: `pkg.list_patterns`, `pkg.list_products` … @module */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { isTrue } from "../../../text/is_true.ts";
import { elementsOf, textOf, type XmlElement } from "../../../text/xml.ts";
import { type DataMap, isMap } from "../../../types/mod.ts";
import { kwargsArg, refreshArg, rootArg } from "../_package_manager.ts";
import { runProgram } from "../_program.ts";
import { refreshDb } from "./available.ts";
import { solvables, zypperXml } from "./zypper.ts";

async function byState(ctx: ExecContext, type: string, root: string | null): Promise<DataMap> {
  const answer = await zypperXml(ctx, ["se", "-t", type], { root, readonly: true, soft: true });
  return Object.fromEntries(
    solvables(answer).map(({ name, status, summary }) => [
      name ?? "",
      { installed: status === "installed", summary: summary ?? "" },
    ]),
  );
}

function installedOnly(all: DataMap): DataMap {
  const own = Object.entries(all).filter(([, one]) => isMap(one) && one["installed"] === true);
  return Object.fromEntries(own);
}

async function installedPatterns(ctx: ExecContext, root: string | null): Promise<DataMap> {
  const elsewhere = root === null ? [] : ["--root", root];
  const argv = ["rpm", ...elsewhere, "-q", "--provides", "--whatprovides", "pattern()"];
  const { stdout } = await runProgram(ctx, argv, { ignoreRetcode: true });
  const hidden = [...stdout.matchAll(/^pattern\(\) = ([^.\s]\S*)/gm)].map(([, name]) => name!);
  const shown = installedOnly(await byState(ctx, "pattern", root));
  const others = hidden.filter((name) => !Object.hasOwn(shown, name))
    .map((name) => [name, { installed: true, summary: "Non-visible pattern" }]);
  return { ...shown, ...Object.fromEntries(others) };
}

/** A product, of `zypper products`. */
export function productOf(element: XmlElement, root: string | null): DataMap {
  const product: DataMap = {};
  for (const [key, value] of Object.entries(element.attributes)) {
    if (key === "isbase" || key === "installed") product[key] = ["true", "1"].includes(value);
    else if (value !== "") product[key] = value;
  }
  const end = elementsOf(element, "endoflife")[0];
  if (end) {
    product["eol"] = end.attributes["text"] ?? "";
    product["eol_t"] = Number(end.attributes["time_t"] || 0);
  }
  const description = elementsOf(element, "description")[0];
  product["description"] = description
    ? textOf(description).split("\n").map((line) => line.trim()).join(" ")
    : "";
  const line = element.attributes["productline"];
  if (line && /^[\w.-]+$/.test(line)) {
    const release = oemRelease(join(root ?? "/", "var/lib/suseRegister/OEM", line));
    if (release !== "") product["release"] = release;
  }
  return product;
}

function oemRelease(path: string): string {
  try {
    return readFileSync(path, "utf8").split("\n")[0]!.trim();
  } catch {
    return "";
  }
}

async function products(ctx: ExecContext, all: boolean, root: string | null): Promise<DataMap[]> {
  const words = [...(all ? [] : ["--disable-repositories"]), "products", ...(all ? [] : ["-i"])];
  const answer = await zypperXml(ctx, words, { root, readonly: true });
  return elementsOf(answer, "product").map((element) => productOf(element, root));
}

/** Functions about what is made of packages. */
export const productFunctions = {
  list_patterns: fn({
    doc: "Returns all patterns, and whether they are installed.",
    args: { refresh: refreshArg(false), root: rootArg },
    example: "salt '*' pkg.list_patterns",
    async run(ctx, { refresh, root }) {
      if (isTrue(refresh)) await refreshDb(ctx, { root });
      return await byState(ctx, "pattern", root);
    },
  }),
  list_installed_patterns: fn({
    doc: "Returns the patterns that are installed.",
    args: { root: rootArg },
    example: "salt '*' pkg.list_installed_patterns",
    run: (ctx, { root }) => installedPatterns(ctx, root),
  }),
  list_patches: fn({
    doc: "Returns all patches, and whether they are installed.",
    args: { refresh: refreshArg(false), root: rootArg, kwargs: kwargsArg },
    example: "salt '*' pkg.list_patches",
    async run(ctx, { refresh, root }) {
      if (isTrue(refresh)) await refreshDb(ctx, { root });
      return await byState(ctx, "patch", root);
    },
  }),
  list_installed_patches: fn({
    doc: "Returns the patches that are installed.",
    args: { root: rootArg, kwargs: kwargsArg },
    example: "salt '*' pkg.list_installed_patches",
    run: async (ctx, { root }) => installedOnly(await byState(ctx, "patch", root)),
  }),
  list_products: fn({
    doc: "Lists the products that are installed.",
    args: {
      all: { type: "bool", default: false, doc: "Those of repositories too." },
      refresh: refreshArg(false),
      root: rootArg,
    },
    example: "salt '*' pkg.list_products\nsalt '*' pkg.list_products all=True",
    async run(ctx, { all, refresh, root }) {
      if (isTrue(refresh)) await refreshDb(ctx, { root });
      return await products(ctx, all, root);
    },
  }),
};
