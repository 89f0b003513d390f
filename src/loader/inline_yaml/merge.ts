/**
 * Mappings that take in others. (`{<<: *defaults, name: a}`)
 * @module
 */
import { setKey } from "../../text/set_key.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import type { LineText } from "./line_text.ts";
import type { Node } from "./node.ts";

/** A mapping with what it takes in; its own keys win. */
export function merged(line: LineText, value: DataMap, merges: Node[]): DataMap {
  if (merges.length === 0) return value;
  const merged: DataMap = {};
  for (const source of merges.flatMap((node) => sourcesOf(line, node))) {
    for (const [key, item] of Object.entries(source)) {
      if (!Object.hasOwn(value, key)) setKey(merged, key, item);
    }
  }
  for (const [key, item] of Object.entries(value)) setKey(merged, key, item);
  return merged;
}

function sourcesOf(line: LineText, node: Node): DataMap[] {
  if (node.style === "map") return [node.value as DataMap];
  if (node.style !== "list") line.fail("a merge of what is not a mapping");
  const items = node.value as Data[];
  for (const item of items) {
    if (item === null || typeof item !== "object" || Array.isArray(item)) {
      line.fail("a merge of what is not a mapping");
    }
  }
  return (items as DataMap[]).toReversed();
}
