/**
 * Renders Jinja templates as Salt does: Python's values and rules, and functions that may take time.
 * Nothing of JavaScript can be reached from a template.
 * @module
 */
import { SaltRenderError } from "./errors.ts";
import { Executor } from "./execute.ts";
import { dataFilters } from "./filters/data.ts";
import { listFilters } from "./filters/lists.ts";
import { networkFilters } from "./filters/network.ts";
import { regexFilters } from "./filters/regex.ts";
import { saltFilters } from "./filters/salt.ts";
import { serialFilters } from "./filters/serial.ts";
import { known, tests } from "./filters/tests.ts";
import { textFilters } from "./filters/text.ts";
import { globalFunctions } from "./globals.ts";
import { type Syntax } from "./lexer.ts";
import { parseTemplate } from "./parse.ts";
import {
  defaultLimits,
  type Filters,
  type Limits,
  Runtime,
  Scope,
  type TemplateLoader,
} from "./runtime.ts";
import { splitHeader, syntaxOf } from "./settings.ts";
import type { Value } from "./value.ts";

export { SaltRenderError } from "./errors.ts";
export type { Limits, Source, TemplateLoader } from "./runtime.ts";
export { fromData, toData } from "./convert.ts";
export {
  type Kwargs,
  PyFunction,
  PyObject,
  str,
  typeName,
  Undefined,
  type Value,
} from "./value.ts";
export { SETTINGS } from "./settings.ts";

/** All filters by name. Where Salt has one of Jinja's name, it is Salt's. */
export const filters: Filters = {
  ...textFilters,
  ...listFilters,
  ...dataFilters,
  ...regexFilters,
  ...saltFilters,
  ...serialFilters,
  ...networkFilters,
  count: listFilters["length"]!,
  d: listFilters["default"]!,
};
known.filters = filters;

export { tests };

/** Names of the functions that every template has. */
export const globalNames: readonly string[] = [...globalFunctions().keys()];

/** How to render. */
export interface RenderOptions {
  /** What errors call the template. */
  name: string;
  variables: ReadonlyMap<string, Value>;
  loader?: TemplateLoader;
  /** `jinja_env`: names of settings and their values. */
  settings?: Readonly<Record<string, unknown>>;
  /** `allow_undefined`: what is not there prints as nothing. */
  allowUndefined?: boolean;
  limits?: Partial<Limits>;
  signal?: AbortSignal;
}

/**
 * The text that a template gives. A line end at its end is kept, as Salt does.
 * @throws SaltRenderError that names the template, the line and its text.
 */
export async function renderJinja(source: string, options: RenderOptions): Promise<string> {
  const header = splitHeader(source);
  const syntax: Syntax = syntaxOf({ ...options.settings, ...header.settings });
  const globals = new Scope(null);
  for (const [name, value] of [...globalFunctions(), ...options.variables]) {
    globals.vars.set(name, value);
  }
  const runtime = new Runtime({
    syntax,
    strict: !options.allowUndefined,
    filters,
    tests,
    limits: { ...defaultLimits, ...options.limits },
    signal: options.signal ?? null,
    globals,
    loader: options.loader ?? null,
  });
  const template = parseTemplate(options.name, header.text, syntax);
  const out = runtime.output();
  try {
    await new Executor(runtime).template(template, globals, out);
  } catch (error) {
    if (error instanceof SaltRenderError) throw error.at(options.name, 1, header.text);
    throw error;
  }
  // Jinja takes one away.
  const end = source.endsWith("\n") ? "\n" : "";
  return out.toString() + end;
}
