/**
 * The Saltfile: defaults for the options of the command line tools.
 * (`salt/utils/parsers.py:SaltfileMixIn`)
 * @module
 */
import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { getLogger } from "../logging/mod.ts";
import { type Data, isMap } from "../types/mod.ts";
import type { ToolDef } from "./definitions/types.ts";
import { optionsOf, type OptionValue, type ParsedArgs } from "./parse_args.ts";
import { UsageError } from "./usage_error.ts";

const log = getLogger("saltx.cli");

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** A file in a folder that others write to must not choose options for this user. */
function isTrusted(path: string): boolean {
  const own = process.getuid?.();
  const { uid } = statSync(path);
  return own === undefined || uid === own || uid === 0;
}

/** The Saltfile to read; undefined when there is none. */
function findSaltfile(
  given: OptionValue | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (typeof given === "string" && given !== "") {
    if (!isFile(given)) throw new UsageError(`'${given}' file does not exist.`);
    return resolve(given);
  }
  const places = [resolve("Saltfile"), join(env["HOME"] || homedir(), ".salt", "Saltfile")];
  const found = places.find(isFile);
  if (found === undefined || isTrusted(found)) return found;
  log.warning(`${found} belongs to another user; not read`);
  return undefined;
}

function optionValue(value: Data): OptionValue {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === "object" || typeof value === "bigint" ? String(value) : value;
}

/**
 * The command line with what the Saltfile says for this tool: given options win over it, it wins over
 * the configuration.
 * @throws UsageError when the file that was named does not exist; YamlError.
 */
export async function withSaltfile(
  parsed: ParsedArgs,
  tool: ToolDef,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ParsedArgs> {
  const options = optionsOf(tool);
  if (!options.some(({ dest }) => dest === "saltfile")) return parsed;
  const file = findSaltfile(parsed.values["saltfile"], env);
  if (file === undefined) return parsed;
  const { parseYaml } = await import("../serializers/yaml.ts");
  const content = parseYaml(readFileSync(file, "utf8"), { file });
  const own = isMap(content) ? content[tool.program] : undefined;
  if (!isMap(own)) return parsed;
  const values: Record<string, OptionValue> = { ...parsed.values };
  const explicit = new Set(parsed.explicit);
  for (const [dest, value] of Object.entries(own)) {
    if (explicit.has(dest)) continue;
    values[dest] = optionValue(value);
    explicit.add(dest);
  }
  return { ...parsed, values, explicit };
}
