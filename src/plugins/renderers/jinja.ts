/**
 * What Salt gives to templates: `salt`, `grains`, `pillar`, `opts`, and the files of `salt://`.
 * (`salt/utils/templates.py:render_jinja_tmpl`, `salt/utils/jinja.py:SaltCacheLoader`)
 * @module
 */
import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { CommandExecutionError } from "../../errors.ts";
import type { ExecContext } from "../../loader/types.ts";
import {
  fromData,
  type Kwargs,
  PyFunction,
  PyObject,
  renderJinja,
  str,
  type TemplateLoader,
  toData,
  type Value,
} from "../../render/jinja/mod.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { isMap } from "../../types/mod.ts";
import { fetchUrl } from "../modules/cp/fetch.ts";

/** `salt`: execution modules as `salt['cmd.run']`, `salt.cmd.run` and `'cmd.run' in salt`. */
class SaltFunctions extends PyObject {
  override readonly typeName = "salt.utils.templates.AliasedLoader";
  readonly #ctx: ExecContext;
  readonly #module: string | null;
  constructor(ctx: ExecContext, module: string | null = null) {
    super();
    this.#ctx = ctx;
    this.#module = module;
  }

  #function(name: string): Value | undefined {
    if (!this.#ctx.registry.within(name)) return undefined;
    return new PyFunction(name, async (args, kwargs) => {
      const named: DataMap = Object.create(null) as DataMap;
      for (const [key, value] of kwargs) named[key] = toData(value);
      const found = await this.#ctx.salt(name, args.map((value) => toData(value)), named);
      return fromData(found);
    });
  }

  override attr(name: string): Value | undefined {
    if (this.#module !== null) return this.#function(`${this.#module}.${name}`);
    if (name === "get") return new PyFunction(name, (args) => this.#get(args));
    return this.#ctx.registry.moduleNames().includes(name)
      ? new SaltFunctions(this.#ctx, name)
      : undefined;
  }

  #get([name = null, fallback = null]: Value[]): Value {
    const found = this.item(name);
    return found === undefined ? fallback : found;
  }

  override item(key: Value): Value | undefined {
    if (typeof key !== "string") return undefined;
    return this.#function(this.#module === null ? key : `${this.#module}.${key}`);
  }

  override has(item: Value): boolean {
    return this.item(item) !== undefined;
  }

  override iterate(): Iterable<Value> {
    return this.#ctx.registry.functionNames();
  }
}

/** `show_full_context()`. */
function fullContext(variables: ReadonlyMap<string, Value>): PyFunction {
  return new PyFunction(
    "show_full_context",
    (_args: Value[], _kwargs: Kwargs) =>
      fromData(Object.fromEntries(
        [...variables].filter(([, value]) => !(value instanceof PyObject)).map((
          [name, value],
        ) => [name, toData(value)]),
      )),
  );
}

/** Folder of a template in its file tree. */
function folderOf(path: string): string {
  const folder = posix.dirname(path);
  return folder === "/" ? "." : folder;
}

/** Finds templates in `salt://`; what begins with `./` or `../` lies beside the one that names it. */
function saltLoader(ctx: ExecContext, saltenv: string, start: string): TemplateLoader {
  return {
    async load(name, globals) {
      const relative = /^\.\.?(\/|$)/.test(name);
      const base = globals.get("tpldir");
      const path = relative
        ? posix.normalize(posix.join(base === undefined ? start : str(base), name))
        : posix.normalize(name.replace(/^salt:\/\//, "").replace(/^\/+/, ""));
      if (path === ".." || path.startsWith("../")) return null;
      const options = { dest: "", saltenv, makedirs: true, sourceHash: null };
      const found = await fetchUrl(ctx, `salt://${path}`, options);
      if (found === false) return null;
      const folder = folderOf(path);
      const shown = relative && base !== undefined ? str(base) : folder;
      return {
        name: `salt://${path}`,
        text: readFileSync(found, "utf8"),
        variables: new Map<string, Value>([
          ["tplfile", relative ? name : path],
          ["tpldir", shown],
          ["tpldot", folder === "." ? "" : folder.replaceAll("/", ".")],
        ]),
      };
    },
  };
}

function settingsOf(ctx: ExecContext): Record<string, unknown> {
  const { opts } = ctx;
  return {
    ...(opts["jinja_trim_blocks"] ? { trim_blocks: true } : {}),
    ...(opts["jinja_lstrip_blocks"] ? { lstrip_blocks: true } : {}),
    ...(isMap(opts["jinja_env"] as Data) ? opts["jinja_env"] as DataMap : {}),
  };
}

/** What is rendered, and with what. */
export interface RenderRequest {
  /** What errors call it: a `salt://` URL, a path. */
  name: string;
  text: string;
  saltenv: string;
  /** Variables besides Salt's own, over them where they have a name of theirs. */
  variables: DataMap;
}

/**
 * Renders a text by an engine.
 * @throws CommandExecutionError when there is no such engine; SaltRenderError that names the line.
 */
export async function renderTemplate(
  ctx: ExecContext,
  engine: string,
  request: RenderRequest,
): Promise<string> {
  if (engine !== "jinja") {
    throw new CommandExecutionError(
      `Attempted to render template with unavailable engine ${engine}; "jinja" is available`,
    );
  }
  const own: [string, () => Value][] = [
    ["salt", () => new SaltFunctions(ctx)],
    ["grains", () => fromData(ctx.grains)],
    ["pillar", () => fromData(ctx.pillar)],
    ["opts", () => fromData(ctx.opts as unknown as Data)],
    ["saltenv", () => request.saltenv],
  ];
  const variables = new Map<string, Value>();
  for (const [name, make] of own) {
    if (!Object.hasOwn(request.variables, name)) variables.set(name, make());
  }
  for (const [name, value] of Object.entries(request.variables)) {
    variables.set(name, fromData(value));
  }
  variables.set("show_full_context", fullContext(new Map(variables)));
  const start = /^salt:\/\//.test(request.name)
    ? folderOf(request.name.slice("salt://".length))
    : ".";
  return await renderJinja(request.text, {
    name: request.name,
    variables,
    loader: saltLoader(ctx, request.saltenv, start),
    settings: settingsOf(ctx),
    allowUndefined: Boolean(ctx.opts["allow_undefined"]),
    signal: ctx.signal,
  });
}

/** Renders a file, as bytes; one that is no text is left as it is. */
export async function renderFile(
  ctx: ExecContext,
  engine: string,
  path: string,
  request: Omit<RenderRequest, "text">,
): Promise<Uint8Array> {
  const bytes = readFileSync(path);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes;
  }
  return new TextEncoder().encode(await renderTemplate(ctx, engine, { ...request, text }));
}
