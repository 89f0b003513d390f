/**
 * What a reader of YAML knows of a value beside the value itself.
 * @module
 */
import type { Data } from "../../types/mod.ts";

/** How a value was written: a plain scalar may mean more than its text. */
export type Style = "plain" | "quoted" | "map" | "list";

/** A value. */
export interface Node {
  style: Style;
  /** Text of a scalar. */
  text: string;
  value: Data;
}

/** A value that was left out. */
export const emptyNode: Node = { style: "plain", text: "", value: null };

/** Whether it is the key by which a mapping takes in others. */
export function isMerge(node: Node): boolean {
  return node.style === "plain" && node.text === "<<";
}
