/**
 * The width of parts of an expression: one that looks behind must know how far to step back.
 * @module
 */
import type { Node } from "./ast.ts";

/** How many characters a part takes, when that is always the same number. */
export function widthOf(node: Node): number | undefined {
  switch (node.kind) {
    case "char":
      return 1;
    case "assert":
    case "look":
      return 0;
    case "group":
    case "atomic":
      return widthOf(node.body);
    case "sequence": {
      let sum = 0;
      for (const item of node.items) {
        const width = widthOf(item);
        if (width === undefined) return undefined;
        sum += width;
      }
      return sum;
    }
    case "choice": {
      const widths = new Set(node.options.map(widthOf));
      return widths.size === 1 ? [...widths][0] : undefined;
    }
    case "repeat": {
      const width = widthOf(node.body);
      return width !== undefined && node.min === node.max ? width * node.min : undefined;
    }
    case "conditional": {
      const width = widthOf(node.yes);
      return width === widthOf(node.no) ? width : undefined;
    }
    case "backref":
      return undefined;
  }
}
