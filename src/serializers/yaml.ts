/**
 * YAML as Salt reads and writes it.
 *
 * Reading follows PyYAML's YAML 1.1 with Salt's loader on top: `yes` is true, `0644` is 644, dates
 * stay text, doubled keys are errors. Map keys become text (`1: a` has the key `"1"`, `true: a`
 * the key `"True"`), since saltx' maps have text keys. Objects of a programming language
 * (`!!python/...`) are never built.
 * @module
 */
import type { Data } from "../types/mod.ts";
import { readPlainYaml } from "./yaml_block.ts";
import { readYamlDocument } from "./yaml_document.ts";

export { topLevelKeyLines } from "./yaml_document.ts";
export { dumpYaml } from "./yaml_dump.ts";
export type { DumpYamlOptions } from "./yaml_dump.ts";
export { plainScalar } from "./yaml_scalar.ts";

/**
 * The value of a YAML text; null for an empty one.
 *
 * @param options.file Named in errors.
 * @throws YamlError with file, line and column.
 */
export function parseYaml(text: string, options: { file?: string } = {}): Data {
  const plain = readPlainYaml(text);
  return plain ? plain.value : readYamlDocument(text, options.file);
}
