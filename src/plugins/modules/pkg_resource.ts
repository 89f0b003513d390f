/** What functions of package managers have in common. (`salt/modules/pkg_resource.py`) @module */
import { SaltInvocationError } from "../../errors.ts";
import { executionModule, fn } from "../../loader/types.ts";
import { globFilter } from "../../text/glob.ts";
import { isTrue } from "../../text/is_true.ts";
import { pyStr } from "../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import { packageList, parseTargets, versionHolds } from "./_packages.ts";

const kwargs = { type: "map", keywords: true, doc: "" } as const;

/** `1:2.3-4` of its parts. */
export function formatVersion(epoch: Data, version: string, release: Data): string {
  const full = epoch ? `${pyStr(epoch)}:${version}` : version;
  return release ? `${full}-${pyStr(release)}` : full;
}

/** The module `pkg_resource`. */
export const pkgResource = executionModule({
  name: "pkg_resource",
  doc: "What functions of package managers have in common.",
  functions: {
    parse_targets: fn({
      doc:
        "Returns what a call of `pkg.install` means: packages and versions, or files; and which.",
      args: {
        name: { type: "string", default: null, doc: "Names, with commas between." },
        pkgs: { type: "any", default: null, doc: "List of names and maps." },
        sources: { type: "any", default: null, doc: "List of maps of a name and a file." },
        saltenv: { type: "string", default: "base", doc: "Environment of files." },
        normalize: { type: "bool", default: true, doc: "Bring names into their usual form." },
        kwargs: { type: "map", keywords: true, doc: "`version`: of the one package." },
      },
      example: "salt '*' pkg_resource.parse_targets foo",
      async run(ctx, { kwargs, ...args }) {
        const targets = await parseTargets(ctx, { ...args, version: kwargs["version"] ?? null });
        if (targets === null) return [null, null];
        return targets.kind === "file"
          ? [targets.paths, "file"]
          : [Object.fromEntries(targets.packages), "repository"];
      },
    }),
    pack_sources: fn({
      doc: "Returns a list of maps of a name and a file as one map.",
      args: {
        sources: { type: "any", required: true, doc: "The list, also as YAML." },
        normalize: { type: "bool", default: true, doc: "Bring names into their usual form." },
      },
      example: `salt '*' pkg_resource.pack_sources '[{"foo": "salt://foo.rpm"}]'`,
      async run(ctx, args) {
        const packed: DataMap = {};
        const usual = args.normalize && ctx.registry.within("pkg.normalize_name") !== undefined;
        for (const [name, file] of packageList(args.sources)) {
          if (file === null) {
            throw new SaltInvocationError("Input must be a list of 1-element dicts");
          }
          packed[usual ? pyStr(await ctx.salt("pkg.normalize_name", [name])) : name] = file;
        }
        return packed;
      },
    }),
    version: fn({
      doc: "Returns the installed version of a package; an empty text when it is not installed.",
      args: {
        names: { type: "any", variadic: true, doc: "Names, or patterns with `*`." },
        kwargs: { type: "map", keywords: true, doc: "`versions_as_list=True`." },
      },
      example: "salt '*' pkg_resource.version vim\nsalt '*' pkg_resource.version 'python*'",
      async run(ctx, { names, kwargs }) {
        const asList = isTrue(kwargs["versions_as_list"]);
        const all = await ctx.salt("pkg.list_pkgs", [], { versions_as_list: asList });
        const installed = isMap(all) ? all : {};
        const words = names.map(pyStr);
        const found = words.flatMap((name) =>
          name.includes("*") ? globFilter(Object.keys(installed), name) : [name]
        );
        const versions = found.map((name): [string, Data] => [
          name,
          Object.hasOwn(installed, name) ? installed[name]! : asList ? [] : "",
        ]);
        return versions.length === 1 && !words.some((name) => name.includes("*"))
          ? versions[0]![1]
          : Object.fromEntries(versions);
      },
    }),
    version_clean: fn({
      doc: "Returns a version as the package manager writes it.",
      args: { verstr: { type: "any", required: true, doc: "The version." } },
      example: "salt '*' pkg_resource.version_clean <version_string>",
      run: (ctx, { verstr }) =>
        verstr && ctx.registry.within("pkg.version_clean")
          ? ctx.salt("pkg.version_clean", [verstr])
          : verstr,
    }),
    version_compare: fn({
      doc: "Says whether a comparison of two versions holds, by the rules of the package manager.",
      args: {
        ver1: { type: "any", required: true, doc: "A version." },
        oper: { type: "string", required: true, doc: "<, <=, ==, !=, >= or >." },
        ver2: { type: "any", required: true, doc: "Another one." },
        ignore_epoch: { type: "bool", default: false, doc: "Leave out what is before the colon." },
      },
      example: "salt '*' pkg_resource.version_compare 1.0 '<' 2.0",
      async run(ctx, { ver1, oper, ver2, ignore_epoch }) {
        const order = await ctx.salt("pkg.version_cmp", [ver1, ver2], { ignore_epoch });
        return versionHolds("", oper, "", () => Number(order));
      },
    }),
    check_extra_requirements: fn({
      doc: "Says whether a version meets what its package manager asks besides.",
      args: {
        pkgname: { type: "string", required: true, doc: "Name of the package." },
        pkgver: { type: "any", required: true, doc: "The version." },
      },
      example: "salt '*' pkg_resource.check_extra_requirements <pkgname> <extra_requirements>",
      run: (ctx, { pkgname, pkgver }) =>
        pkgver && ctx.registry.within("pkg.check_extra_requirements")
          ? ctx.salt("pkg.check_extra_requirements", [pkgname, pkgver])
          : true,
    }),
    format_version: fn({
      doc: "Returns a version put together of its parts.",
      args: {
        epoch: { type: "any", required: true, doc: "What stands before the colon." },
        version: { type: "string", required: true, doc: "The version." },
        release: { type: "any", required: true, doc: "What stands behind the last dash." },
      },
      example: "salt '*' pkg_resource.format_version 1 2.3 4",
      run: (_ctx, args) => formatVersion(args.epoch, args.version, args.release),
    }),
    stringify: fn({
      doc: "Returns lists of versions as text, with commas between.",
      args: { pkgs: { type: "map", required: true, doc: "Lists by package." }, kwargs },
      example: `salt '*' pkg_resource.stringify '{"vim": ["1", "2"]}'`,
      run: (_ctx, { pkgs }) =>
        Object.fromEntries(
          Object.entries(pkgs).map(([name, list]) => [name, [list].flat().map(pyStr).join(",")]),
        ),
    }),
  },
});
