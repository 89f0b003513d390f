/** What is installed: `pkg.list_pkgs`, `pkg.info_installed` … @module */
import { type ExecContext, fn } from "../../../loader/types.ts";
import { isTrue } from "../../../text/is_true.ts";
import type { DataMap } from "../../../types/mod.ts";
import { asksForRemoved, kwargsArg, namesArg, rootArg } from "../_package_manager.ts";
import { areSmall, ownArch, splitArch } from "../_rpm.ts";
import { rpmFunctions } from "../_rpm_functions.ts";
import { installedInfo, listAttributes, listPackages } from "../_rpm_list.ts";
import { zypper } from "./zypper.ts";

/** Installed packages without the keys that sign them. */
export async function listInstalled(
  ctx: ExecContext,
  { fresh = false, asList = false, root = null }: {
    fresh?: boolean;
    asList?: boolean;
    root?: string | null;
  } = {},
): Promise<DataMap> {
  return withoutKeys(await listPackages(ctx, fresh, asList, root));
}

function withoutKeys(packages: DataMap): DataMap {
  const own = Object.entries(packages).filter(([name]) => !name.startsWith("gpg-pubkey"));
  return Object.fromEntries(own);
}

/** Functions that ask for what is installed. */
export const listFunctions = {
  list_pkgs: fn({
    doc: "Returns the installed packages and their versions.",
    args: {
      versions_as_list: { type: "any", default: false, doc: "Each version on its own." },
      root: rootArg,
      includes: { type: "any", default: null, doc: "Has no effect." },
      kwargs: {
        ...kwargsArg,
        doc: "`attr`: also these attributes, or all; `use_context=False`: ask rpm anew.",
      },
    },
    example: "salt '*' pkg.list_pkgs\nsalt '*' pkg.list_pkgs attr=version,arch",
    async run(ctx, { versions_as_list, root, kwargs }) {
      if (asksForRemoved(kwargs)) return {};
      const fresh = kwargs["use_context"] === false;
      if (kwargs["attr"]) {
        return withoutKeys(await listAttributes(ctx, kwargs["attr"], fresh, root));
      }
      return await listInstalled(ctx, { fresh, asList: isTrue(versions_as_list), root });
    },
  }),
  info_installed: fn({
    doc: "Returns what is known of installed packages; of all when none is named.",
    args: {
      names: namesArg,
      kwargs: { ...kwargsArg, doc: "`attr`, `all_versions=True`, `root`." },
    },
    example: "salt '*' pkg.info_installed <package1>\n" +
      "salt '*' pkg.info_installed <package1> attr=version,vendor",
    run: (ctx, { names, kwargs }) => installedInfo(ctx, names, kwargs),
  }),
  services_need_restart: fn({
    doc: "Lists the services that use files which are gone since an upgrade.",
    args: { root: rootArg, kwargs: kwargsArg },
    example: "salt '*' pkg.services_need_restart",
    async run(ctx, { root }) {
      const { stdout } = await zypper(ctx, ["ps", "-sss"], { root, readonly: true });
      return stdout.split(/\s+/).filter(Boolean);
    },
  }),
  version_cmp: fn({
    doc: "Compares two versions: -1, 0 or 1 when the first is older, the same or newer.",
    args: {
      ver1: { type: "any", required: true, doc: "A version." },
      ver2: { type: "any", required: true, doc: "Another one." },
      ignore_epoch: { type: "bool", default: false, doc: "Leave out what is before the colon." },
      kwargs: kwargsArg,
    },
    example: "salt '*' pkg.version_cmp '0.2-001' '0.2.0.1-002'",
    run: (ctx, { ver1, ver2, ignore_epoch }) =>
      ctx.salt("lowpkg.version_cmp", [ver1, ver2], { ignore_epoch }),
  }),
  normalize_name: fn({
    doc: "Returns the name of a package without an architecture that is the machine's own.",
    args: { name: { type: "string", required: true, doc: "Name of the package." } },
    example: "salt '*' pkg.normalize_name zsh.x86_64",
    run(ctx, { name }) {
      const { name: bare, arch } = splitArch(name);
      const own = ownArch(ctx);
      return arch !== null && (arch === own || arch === "noarch" || areSmall(arch, own))
        ? bare
        : name;
    },
  }),
  ...rpmFunctions,
};
