/** Salt's filters that write and read YAML, JSON and others. (`SerializerExtension`) @module */
import { dumpJson } from "../../../serializers/json_dump.ts";
import { parseYaml } from "../../../serializers/yaml.ts";
import { dumpYaml } from "../../../serializers/yaml.ts";
import { pyPretty } from "../../../text/py_pprint.ts";
import { compareText } from "../../../text/py_text.ts";
import { type Data, Float } from "../../../types/mod.ts";
import { messageOf } from "../../../errors.ts";
import { fromData, toData } from "../convert.ts";
import { SaltRenderError } from "../errors.ts";
import { compact } from "../numbers.ts";
import type { Filters } from "../runtime.ts";
import { Dict, isInt, isNumber, repr, str, truthy, Tuple, typeName, type Value } from "../value.ts";
import { fail } from "../errors.ts";
import { filter } from "./text.ts";

/** Text with what is not ASCII escaped, as `json.dumps` does by default. */
function ascii(text: string): string {
  return text.replace(
    /[\u0080-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const width = 80;

/** Writes YAML's flow style; lines break after column 80 as libyaml does. */
class FlowWriter {
  #out = "";
  #column = 0;
  #write(text: string): void {
    this.#out += text;
    this.#column += text.length;
  }
  #breakAt(indent: number): void {
    if (this.#column <= width) {
      if (this.#out.endsWith(",")) this.#write(" ");
      return;
    }
    this.#out += `\n${" ".repeat(indent)}`;
    this.#column = indent;
  }
  #scalar(value: Data, indent: number): void {
    let text = dumpYaml(value).replace(/\n(\.\.\.\n)?$/, "");
    if (typeof value === "string") {
      text = text.replace(
        /\n(\n*) */g,
        (_, ends: string) => ends === "" ? " " : `\n${ends}${" ".repeat(indent)}`,
      );
      if (!/^['"]/.test(text) && /[,[\]{}?:]/.test(text)) {
        text = `'${value.replaceAll("'", "''")}'`;
      }
    }
    this.#write(text);
  }
  write(value: Data, indent: number): string {
    const plain = value === null || typeof value !== "object" || value instanceof Float ||
      value instanceof Uint8Array || value instanceof Date;
    if (plain) this.#scalar(value, indent);
    else if (Array.isArray(value)) {
      this.#write("[");
      value.forEach((item, at) => {
        if (at > 0) this.#write(",");
        this.#breakAt(indent);
        this.write(item, indent + 2);
      });
      this.#write("]");
    } else {
      this.#write("{");
      Object.entries(value).sort(([a], [b]) => compareText(a, b)).forEach(([key, item], at) => {
        if (at > 0) this.#write(",");
        this.#breakAt(indent);
        this.#scalar(key, indent);
        this.#write(": ");
        this.write(item, indent + 2);
      });
      this.#write("}");
    }
    return this.#out;
  }
}

function toYaml(value: Value, flow: boolean): string {
  const data = toData(value);
  const inFlow = flow && data !== null && typeof data === "object";
  const text = inFlow ? new FlowWriter().write(data, 2) : dumpYaml(data).trim();
  return text.endsWith("\n...") ? text.slice(0, -4) : text;
}

/** JSON text as data; integral floats stay floats, and large ints exact. */
function readJson(text: string): Value {
  const numbers = (_key: string, item: unknown, context?: { source?: string }) => {
    if (typeof item !== "number" || context?.source === undefined) return item;
    if (/[.eE]/.test(context.source)) return Number.isInteger(item) ? new Float(item) : item;
    return compact(BigInt(context.source));
  };
  try {
    return fromData(JSON.parse(text, numbers as (key: string, item: unknown) => unknown) as Data);
  } catch {
    return fail(`Unable to load json from ${text.slice(0, 1000)}`);
  }
}

function readYaml(text: string): Value {
  try {
    return fromData(parseYaml(text));
  } catch (error) {
    throw new SaltRenderError("runtime", `Encountered error loading yaml: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** A text in YAML's double quotes. */
function doubleQuoted(text: string): string {
  const short: Record<string, string> = {
    "\n": "n",
    "\t": "t",
    "\r": "r",
    '"': '"',
    "\\": "\\",
    "\0": "0",
  };
  return `"${
    text.replace(/["\\\p{Cc}]/gu, (char) =>
      `\\${short[char] ?? `x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`}`)
  }"`;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** XML of a dict, a level each line. (`format_xml`) */
function toXml(tag: string, value: Value, indent: number): string[] {
  const pad = " ".repeat(indent);
  if (Array.isArray(value)) return value.flatMap((item) => toXml(tag, item, indent));
  if (!(value instanceof Dict)) {
    const text = escapeXml(str(value));
    return [text === "" ? `${pad}<${tag}/>` : `${pad}<${tag}>${text}</${tag}>`];
  }
  const isInner = (item: Value) => item instanceof Dict || Array.isArray(item);
  const attributes = value.entries().filter(([, item]) => !isInner(item)).map(([key, item]) =>
    ` ${str(key)}="${escapeXml(str(item)).replaceAll('"', "&quot;")}"`
  ).join("");
  const inner = value.entries().filter(([, item]) => isInner(item))
    .flatMap(([key, item]) => toXml(str(key), item, indent + 1));
  if (inner.length === 0) return [`${pad}<${tag}${attributes}/>`];
  return [`${pad}<${tag}${attributes}>`, ...inner, `${pad}</${tag}>`];
}

function xml(value: Value): string {
  if (!(value instanceof Dict)) return fail("Value is not a dict or list. Cannot render as XML");
  const lines = value.entries().slice(0, 1).flatMap(([key, item]) => toXml(str(key), item, 0));
  return `<?xml version="1.0" ?>\n${lines.join("\n")}\n`;
}

function indentOf(value: Value): number | null {
  return isInt(value) ? Math.min(100, Number(value)) : null;
}

/** The filters. */
export const serialFilters: Filters = {
  yaml: filter(["flow_style"], (value, args) => toYaml(value, truthy(args.or("flow_style", true)))),
  json: filter(["sort_keys", "indent"], (value, args) => (dumpJson(toData(value), {
    sortKeys: truthy(args.or("sort_keys", true)),
    indent: indentOf(args.or("indent", null)),
  }))),
  tojson: filter(["indent", "sort_keys", "ensure_ascii"], (value, args) => {
    const text = dumpJson(toData(value), {
      sortKeys: truthy(args.or("sort_keys", false)),
      indent: indentOf(args.or("indent", null)),
    });
    return (truthy(args.or("ensure_ascii", true)) ? ascii(text) : text)
      .replace(/[<>&']/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
  }),
  python: filter(
    [],
    (value) => value instanceof Tuple ? repr(value) : pyPretty(toData(value)).trim(),
  ),
  xml: filter([], xml),
  load_yaml: filter([], (value) => readYaml(str(value))),
  load_json: filter([], (value) => readJson(str(value))),
  load_text: filter([], (value) => str(value)),
  dict_to_sls_yaml_params: filter(["flow_style"], (value, args) => {
    if (!(value instanceof Dict)) return fail("dict_to_sls_yaml_params needs a dict");
    const items = value.entries().map((pair) => Dict.of([pair]));
    return toYaml(items, truthy(args.or("flow_style", false)));
  }),
  yaml_dquote: filter([], (value) => doubleQuoted(str(value))),
  yaml_squote: filter(
    [],
    (value) => `'${str(value).replaceAll("'", "''").replaceAll("\n", "\n\n")}'`,
  ),
  yaml_encode: filter([], (value) => {
    if (typeof value === "string") return doubleQuoted(value);
    if (value === null || isNumber(value)) {
      return dumpYaml(toData(value)).replace(/\n(\.\.\.\n)?$/, "");
    }
    return fail(`yaml_encode() only works with YAML scalar data; failed for ${typeName(value)}`);
  }),
};
