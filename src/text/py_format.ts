/**
 * The part of Python's `str.format` that output formats use: `{0}`, `{2:>10}`, `{6[name]!s:>7}`.
 * @module
 */
import type { Data } from "../types/mod.ts";
import { pyRepr, pyStr } from "./py_repr.ts";
import { textLength } from "./py_text.ts";

const FIELD = /\{\{|\}\}|\{(\d*)((?:\[[^\]]*\]|\.\w+)*)(?:!([rs]))?(?::([^{}]*))?\}/g;

function lookup(value: Data, path: string): Data {
  let found = value;
  for (const [, name = ""] of path.matchAll(/[[.]([^\].[]+)\]?/g)) {
    const inside = typeof found === "object" && found !== null && !Array.isArray(found) &&
      Object.hasOwn(found, name);
    found = inside ? (found as { [key: string]: Data })[name] ?? null : "";
  }
  return found;
}

function align(text: string, spec: string): string {
  const parts = /^(?:(.)?([<>^]))?(\d*)(?:\.(\d+))?s?$/u.exec(spec);
  if (!parts) return text;
  const [, fill = " ", side = "<", width, precision] = parts;
  const shown = precision ? [...text].slice(0, Number(precision)).join("") : text;
  const margin = Number(width || 0) - textLength(shown);
  if (margin <= 0) return shown;
  const left = side === "<" ? 0 : side === ">" ? margin : Math.floor(margin / 2);
  return fill.repeat(left) + shown + fill.repeat(margin - left);
}

/** Fills `format` with positional fields. A field that does not exist is empty. */
export function formatFields(format: string, fields: readonly Data[]): string {
  let next = 0;
  return format.replace(FIELD, (whole, index, path, conversion, spec) => {
    if (whole === "{{") return "{";
    if (whole === "}}") return "}";
    const value = lookup(fields[index === "" ? next++ : Number(index)] ?? "", path);
    return align(conversion === "r" ? pyRepr(value) : pyStr(value), spec ?? "");
  });
}
