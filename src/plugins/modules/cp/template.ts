/** Files that are rendered on their way. (`salt/modules/cp.py:get_template`) @module */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { atomicWriteSync, ensureDir } from "../../../fs/mod.ts";
import { CommandExecutionError } from "../../../errors.ts";
import type { ExecContext } from "../../../loader/types.ts";
import type { DataMap } from "../../../types/mod.ts";
import { environmentOf, externalPath, fetchUrl } from "./fetch.ts";

/** The variables of a call: its keywords, with those of `context` over them. */
function variablesOf(kwargs: DataMap): DataMap {
  const { context, ...rest } = kwargs;
  const over = typeof context === "object" && context !== null && !Array.isArray(context);
  return over ? { ...rest, ...context as DataMap } : rest;
}

interface GetTemplate {
  path: string;
  dest: string;
  template: string;
  saltenv: string | null;
  makedirs: boolean;
  kwargs: DataMap;
}

/** Fetches a file, renders it and puts it at its path; an empty text when there is no such file. */
export async function getTemplate(ctx: ExecContext, args: GetTemplate): Promise<string> {
  const saltenv = environmentOf(ctx, args.saltenv);
  const options = { dest: "", saltenv, makedirs: true, sourceHash: null };
  const found = await fetchUrl(ctx, args.path, options);
  if (found === false || !existsSync(found)) return "";
  const { renderFile } = await import("../../renderers/jinja.ts");
  const request = { name: args.path, saltenv, variables: variablesOf(args.kwargs) };
  const rendered = await renderFile(ctx, args.template, found, request);
  const own = args.dest === "";
  let dest = own ? externalPath(ctx, new URL(args.path), saltenv) : args.dest;
  if (existsSync(dest) && statSync(dest).isDirectory()) dest = join(dest, basename(args.path));
  if (!existsSync(dirname(dest))) {
    if (!args.makedirs && !own) return "";
    ensureDir(dirname(dest));
  }
  // What a template puts in may be secret: only its owner reads it, as with Salt.
  atomicWriteSync(dest, rendered, { mode: 0o600 });
  return dest;
}

/**
 * Renders path and destination of a file, where an engine for that is given.
 * @throws CommandExecutionError when there is no such engine.
 */
export async function renderNames<T extends { path: string; dest: string; saltenv: string | null }>(
  ctx: ExecContext,
  args: T & { template: string | null; kwargs: DataMap },
): Promise<T> {
  if (!args.template) return args;
  if (args.template !== "jinja") {
    throw new CommandExecutionError(
      `Attempted to render file paths with unavailable engine ${args.template}`,
    );
  }
  const { renderTemplate } = await import("../../renderers/jinja.ts");
  const saltenv = environmentOf(ctx, args.saltenv);
  const render = (name: "path" | "dest") =>
    renderTemplate(ctx, "jinja", {
      name,
      text: args[name],
      saltenv,
      variables: variablesOf(args.kwargs),
    });
  return { ...args, path: await render("path"), dest: await render("dest") };
}
