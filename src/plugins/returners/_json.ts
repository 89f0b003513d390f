/** Values as JSON texts that other programs read. @module */
import { dumpJson } from "../../serializers/json_dump.ts";
import { type Data, type DataMap, Float, isMap } from "../../types/mod.ts";

/** As Salt writes it. */
export function toJson(value: Data): string {
  return dumpJson(value);
}

/** Numbers that JSON does not have become null, as strict readers want it. */
export function strictJson(value: Data): string {
  return dumpJson(strict(value));
}

function strict(value: Data): Data {
  if (typeof value === "number" || value instanceof Float) {
    return Number.isFinite(Number(value)) ? value : null;
  }
  if (Array.isArray(value)) return value.map(strict);
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, strict(one)]));
}

/** Reads a map; empty for what is none. */
export function readJsonMap(text: string): DataMap {
  const value = JSON.parse(text) as Data;
  return isMap(value) ? value : {};
}

/** The functions of a return as one text. */
export function funText(fun: Data | undefined): string {
  return Array.isArray(fun) ? fun.map(String).join(",") : String(fun ?? "");
}
