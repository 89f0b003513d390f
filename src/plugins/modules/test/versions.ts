/** Functions of `test` that say what runs. @module */
import { arch, release, type, version } from "node:os";
import { fn } from "../../../loader/types.ts";
import { runtime } from "../../../runtime/mod.ts";
import type { DataMap } from "../../../types/mod.ts";
import { SALT_COMPAT_NAME, SALT_COMPAT_VERSION, VERSION } from "../../../version.ts";

async function versionsInformation(grains: DataMap): Promise<Record<string, DataMap>> {
  const { osfullname = "", osrelease = "", oscodename = "" } = grains;
  const dist = `${osfullname} ${osrelease} ${oscodename}`.trim();
  const locale = grains["locale_info"] as DataMap | undefined;
  return {
    "Salt Version": {
      Salt: SALT_COMPAT_VERSION,
      "Compatible with": SALT_COMPAT_NAME,
      saltx: VERSION,
    },
    "Dependency Versions": await runtime.versions(),
    "System Versions": {
      dist,
      locale: String(locale?.["detectedencoding"] ?? "utf-8"),
      machine: arch() === "x64" ? "x86_64" : arch(),
      release: release(),
      system: type(),
      version: version(),
    },
  };
}

function report(information: Record<string, DataMap>): string {
  const names = Object.values(information).flatMap((rows) => Object.keys(rows));
  const width = Math.max(...names.map((name) => name.length));
  const sections = Object.entries(information).map(([title, rows]) => {
    const lines = Object.entries(rows).map(([name, value]) =>
      `${name.padStart(width + 2)}: ${value || "Not Installed"}`
    );
    return [`${title}:`, ...lines].join("\n");
  });
  return sections.join("\n \n");
}

/** Versions of saltx and what it stands on. */
export const versionFunctions = {
  version: fn({
    doc: "Returns the version of Salt that this minion is compatible with.",
    args: {},
    example: "salt '*' test.version",
    run: () => SALT_COMPAT_VERSION,
  }),
  versions: fn({
    doc: "Returns the versions of all parts, as a text.",
    args: {},
    example: "salt '*' test.versions",
    run: async (ctx) => report(await versionsInformation(ctx.grains)),
  }),
  versions_report: fn({
    doc: "Returns the versions of all parts, as a text.",
    args: {},
    example: "salt '*' test.versions_report",
    run: async (ctx) => report(await versionsInformation(ctx.grains)),
  }),
  versions_information: fn({
    doc: "Returns the versions of all parts.",
    args: {},
    example: "salt '*' test.versions_information",
    run: (ctx) => versionsInformation(ctx.grains),
  }),
};
