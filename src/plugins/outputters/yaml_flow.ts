/**
 * YAML with braces and brackets. Long lines are broken between items only, and texts of several lines
 * are written with escapes: any YAML reader gets the same data, PyYAML would break lines elsewhere.
 * @module
 */
import { dumpJson } from "../../serializers/json_dump.ts";
import { dumpYaml } from "../../serializers/yaml_dump.ts";
import { compareText } from "../../text/py_text.ts";
import type { Data } from "../../types/mod.ts";
import { isMap } from "./types.ts";

const BEST_WIDTH = 80;

function scalar(value: Data): string {
  if (
    typeof value === "string" && (value.length > BEST_WIDTH || /[\n\r\x85\u2028\u2029]/.test(value))
  ) {
    return dumpJson(value);
  }
  const text = dumpYaml(value).trimEnd();
  const plain = typeof value === "string" && text === value;
  return plain && /[,?[\]{}:]/.test(text) ? `'${text}'` : text;
}

class Flow {
  #out = "";
  #column = 0;

  #put(text: string): void {
    this.#out += text;
    this.#column += text.length;
  }

  #separate(first: boolean, depth: number): void {
    if (!first) this.#put(",");
    if (this.#column > BEST_WIDTH) {
      this.#out += `\n${"  ".repeat(depth)}`;
      this.#column = 2 * depth;
    } else if (!first) {
      this.#put(" ");
    }
  }

  write(value: Data, depth: number): void {
    if (Array.isArray(value)) {
      this.#put("[");
      value.forEach((item, at) => {
        this.#separate(at === 0, depth + 1);
        this.write(item, depth + 1);
      });
      this.#put("]");
    } else if (isMap(value)) {
      this.#put("{");
      Object.keys(value).sort(compareText).forEach((key, at) => {
        this.#separate(at === 0, depth + 1);
        this.#put(`${scalar(key)}: `);
        this.write(value[key] ?? null, depth + 1);
      });
      this.#put("}");
    } else {
      this.#put(scalar(value));
    }
  }

  get text(): string {
    return `${this.#out}\n`;
  }
}

/** A value on one line, or a few when it is long. */
export function flowYaml(value: Data): string {
  const flow = new Flow();
  flow.write(value, 0);
  return flow.text;
}
