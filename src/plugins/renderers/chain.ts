/** Renders by a chain of engines such as `jinja|yaml`. (`salt/template.py:compile_template`) @module */
import { readFileSync } from "node:fs";
import { CommandExecutionError, SaltInvocationError } from "../../errors.ts";
import type { ExecContext } from "../../loader/types.ts";
import { pyStr } from "../../text/py_repr.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { environmentOf, fetchUrl } from "../modules/cp/fetch.ts";
import { renderTemplate } from "./jinja.ts";

/** What is rendered. */
export interface ChainRequest {
  path: string | null;
  string: string | null;
  /** Engines with `|` between them; the text's first line, `#!jinja|yaml`, goes before. */
  default_renderer: string;
  kwargs: DataMap;
}

async function textOf(ctx: ExecContext, request: ChainRequest, saltenv: string): Promise<string> {
  if (request.string) return request.string;
  const options = { dest: "", saltenv, makedirs: true, sourceHash: null };
  const found = await fetchUrl(ctx, request.path!, options);
  if (found === false) throw new CommandExecutionError(`There is no file ${request.path}`);
  return readFileSync(found, "utf8");
}

async function applyEngine(
  ctx: ExecContext,
  engine: string,
  value: Data,
  request: { name: string; saltenv: string; variables: DataMap },
): Promise<Data> {
  const text = typeof value === "string" ? value : pyStr(value);
  if (engine === "jinja") return await renderTemplate(ctx, engine, { ...request, text });
  if (engine === "yaml") {
    const { parseYaml } = await import("../../serializers/yaml.ts");
    return parseYaml(text, { file: request.name }) ?? {};
  }
  if (engine === "json") {
    try {
      return JSON.parse(text) as Data;
    } catch (error) {
      throw new CommandExecutionError(`${request.name} is not JSON: ${(error as Error).message}`);
    }
  }
  throw new CommandExecutionError(
    `The renderer "${engine}" is not available; "jinja", "yaml" and "json" are`,
  );
}

/**
 * What a file or text gives.
 * @throws SaltInvocationError when neither or both are given; what the engines throw.
 */
export async function renderChain(ctx: ExecContext, request: ChainRequest): Promise<Data> {
  if (!request.path && !request.string) {
    throw new SaltInvocationError("Must pass either path or string");
  }
  if (request.path && request.string) {
    throw new SaltInvocationError("Must not pass both path and string");
  }
  const { saltenv: given, ...variables } = request.kwargs;
  const saltenv = environmentOf(ctx, typeof given === "string" ? given : "base");
  const text = await textOf(ctx, request, saltenv);
  const line = /^#!(?!\/)([^\n]*)\n?/.exec(text);
  const engines = (line?.[1] ?? request.default_renderer).split("|").map((name) => name.trim());
  const name = request.path ?? "string";
  const body = line ? text.slice(line[0].length) : text;
  let value: Data = body;
  for (const engine of engines) {
    value = await applyEngine(ctx, engine, value, { name, saltenv, variables });
  }
  return value;
}
