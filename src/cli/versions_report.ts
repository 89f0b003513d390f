/**
 * `--versions-report`.
 * @module
 */
import { arch, release, type, version } from "node:os";
import { readFile } from "node:fs/promises";
import { runtime } from "../runtime/mod.ts";
import { SALT_COMPAT_NAME, SALT_COMPAT_VERSION, VERSION } from "../version.ts";

async function distribution(): Promise<string> {
  try {
    const text = await readFile("/etc/os-release", "utf8");
    return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1] ?? "";
  } catch {
    return "";
  }
}

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return `${title}:\n` + rows.map(([name, value]) => `${name.padStart(width + 2)}: ${value}\n`)
    .join("");
}

/** The report, as Salt lays it out. (`salt/version.py:versions_report`) */
export async function versionsReport(): Promise<string> {
  const libraries = Object.entries(await runtime.versions()).filter(([, value]) => value !== "");
  return [
    section("Salt Version", [
      ["saltx", VERSION],
      ["Compatible with Salt", `${SALT_COMPAT_VERSION} (${SALT_COMPAT_NAME})`],
    ]),
    section("Dependency Versions", libraries),
    section("System Versions", [
      ["dist", await distribution() || "unknown"],
      ["machine", arch()],
      ["release", release()],
      ["system", type()],
      ["version", version()],
      ["executable", runtime.isExecutable ? process.execPath : "no (run from source)"],
    ]),
  ].join("\n");
}
