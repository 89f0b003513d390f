/** What one rendering shares: limits, tables, templates. @module */
import { setImmediate } from "node:timers/promises";
import type { Block, Template } from "./ast.ts";
import type { Arguments } from "./arguments.ts";
import { SaltRenderError } from "./errors.ts";
import type { Syntax } from "./lexer.ts";
import { parseTemplate } from "./parse.ts";
import type { Kwargs, Value } from "./value.ts";

/** What filters and tests may use of the rendering. */
export interface FilterContext {
  readonly strict: boolean;
  call(callee: Value, args: Value[], kwargs?: Kwargs): Promise<Value>;
  filter(name: string, value: Value, args?: Value[], kwargs?: Kwargs): Promise<Value>;
  test(name: string, value: Value, args?: Value[], kwargs?: Kwargs): Promise<boolean>;
}

/** A filter: `params` name its arguments after the value; null takes them as they come. */
export interface Filter {
  params: readonly string[] | null;
  run(
    value: Value,
    args: Arguments,
    context: FilterContext,
    raw: { args: Value[]; kwargs: Kwargs },
  ): Value | Promise<Value>;
}

export type Filters = Readonly<Record<string, Filter>>;

/** A template's text, and the name by which errors call it. */
export interface Source {
  name: string;
  text: string;
  /** Variables that come with it (`tpldir` …), for it and what is loaded after it. */
  variables?: ReadonlyMap<string, Value>;
}

/** Finds the templates that `include`, `import` and `extends` name; null when there is none. */
export interface TemplateLoader {
  load(name: string, globals: ReadonlyMap<string, Value>): Promise<Source | null>;
}

/** How far a template may go. */
export interface Limits {
  /** Characters of the output. */
  output: number;
  /** Statements that run. */
  steps: number;
  /** Macros, includes and loops within each other. */
  depth: number;
}

export const defaultLimits: Limits = { output: 64 << 20, steps: 10_000_000, depth: 150 };

/** Names and the blocks that override each other under them, the outermost template's first. */
export type Blocks = Map<string, { block: Block; template: Template }[]>;

/** Variables of one part of a template, over those around it. */
export class Scope {
  readonly vars = new Map<string, Value>();
  readonly parent: Scope | null;
  constructor(parent: Scope | null) {
    this.parent = parent;
  }
  get(name: string): Value | undefined {
    // deno-lint-ignore no-this-alias -- the chain is walked from here
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent) {
      const found = scope.vars.get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** The text that is written; too much of it is an error. */
export class Output {
  #parts: string[] = [];
  #size = 0;
  readonly #most: number;
  constructor(most: number) {
    this.#most = most;
  }
  write(text: string): void {
    this.#size += text.length;
    if (this.#size > this.#most) {
      throw new SaltRenderError("limit", `the output has more than ${this.#most} characters`);
    }
    this.#parts.push(text);
  }
  toString(): string {
    return this.#parts.join("");
  }
}

/** Statements between two rests, so that the process can do its other work. */
const untilRest = 5000;

/** One rendering. */
export class Runtime {
  readonly syntax: Syntax;
  readonly strict: boolean;
  readonly filters: Filters;
  readonly tests: Filters;
  readonly limits: Limits;
  readonly signal: AbortSignal | null;
  readonly globals: Scope;
  readonly #loader: TemplateLoader | null;
  readonly #templates = new Map<string, Promise<Template | null>>();
  #steps = 0;
  #depth = 0;

  constructor(options: {
    syntax: Syntax;
    strict: boolean;
    filters: Filters;
    tests: Filters;
    limits: Limits;
    signal: AbortSignal | null;
    globals: Scope;
    loader: TemplateLoader | null;
  }) {
    this.syntax = options.syntax;
    this.strict = options.strict;
    this.filters = options.filters;
    this.tests = options.tests;
    this.limits = options.limits;
    this.signal = options.signal;
    this.globals = options.globals;
    this.#loader = options.loader;
  }

  output(): Output {
    return new Output(this.limits.output);
  }

  /** Counts a statement. */
  async step(): Promise<void> {
    this.#steps++;
    if (this.#steps > this.limits.steps) {
      throw new SaltRenderError("limit", `more than ${this.limits.steps} statements have run`);
    }
    if (this.#steps % untilRest === 0) {
      await setImmediate();
      this.signal?.throwIfAborted();
    }
  }

  /** Runs what is one level deeper. */
  async deeper<T>(run: () => Promise<T>): Promise<T> {
    if (this.#depth >= this.limits.depth) {
      throw new SaltRenderError("limit", "maximum recursion depth exceeded");
    }
    this.#depth++;
    try {
      return await run();
    } finally {
      this.#depth--;
    }
  }

  /** A template by name, parsed once; null when there is none. */
  template(name: string): Promise<Template | null> {
    let found = this.#templates.get(name);
    if (!found) {
      found = this.#load(name);
      // A relative name means another file when another file has been loaded since.
      if (!/^\.\.?\//.test(name)) this.#templates.set(name, found);
    }
    return found;
  }

  async #load(name: string): Promise<Template | null> {
    const source = await this.#loader?.load(name, this.globals.vars) ?? null;
    if (source === null) return null;
    for (const [key, value] of source.variables ?? []) this.globals.vars.set(key, value);
    return parseTemplate(source.name, source.text, this.syntax);
  }
}
