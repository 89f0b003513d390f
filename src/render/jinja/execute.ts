/** Runs statements. @module */
import type { Block, Expr, MacroDef, Stmt, Target, Template } from "./ast.ts";
import { fail, SaltRenderError } from "./errors.ts";
import { Evaluator } from "./evaluate.ts";
import { Loop, Module, Namespace } from "./loop.ts";
import { makeMacro } from "./macro.ts";
import { type Blocks, type Output, type Runtime, Scope } from "./runtime.ts";
import {
  iterate,
  listOf,
  printed,
  PyFunction,
  PyObject,
  str,
  truthy,
  Undefined,
  type Value,
} from "./value.ts";
import { placed } from "./place.ts";

type Flow = "next" | "break" | "continue";

/** A template that runs: its own variables, and the blocks of it and its children. */
interface Frame {
  template: Template;
  root: Scope;
  blocks: Blocks;
  /** What it extends, once that is known; what it then writes outside of blocks is lost. */
  parent: Template | null;
}

/** `self`: the blocks as functions. */
class Self extends PyObject {
  override readonly typeName = "jinja2.runtime.TemplateReference";
  readonly #find: (name: string) => Value | undefined;
  constructor(find: (name: string) => Value | undefined) {
    super();
    this.#find = find;
  }
  override attr(name: string): Value | undefined {
    return this.#find(name);
  }
}

/** Runs the statements of one rendering. */
export class Executor {
  readonly #runtime: Runtime;
  readonly #values: Evaluator;
  readonly #modules = new Map<string, Promise<Module>>();
  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#values = new Evaluator(runtime);
  }

  /** Writes a template, with those that it extends, and returns what it set at its top. */
  async template(template: Template, around: Scope, out: Output): Promise<Scope> {
    const root = new Scope(around);
    const frame: Frame = { template, root, blocks: new Map(), parent: null };
    root.vars.set("self", new Self((name) => this.#blockFunction(frame, name, 0)));
    for (let current: Template | null = template; current !== null; current = frame.parent) {
      for (const [name, block] of current.blocks) {
        const known = frame.blocks.get(name) ?? [];
        known.push({ block, template: current });
        frame.blocks.set(name, known);
      }
      frame.template = current;
      frame.parent = null;
      await this.#runtime.deeper(() => this.#run(frame.template.body, root, out, frame));
    }
    return root;
  }

  async #run(body: readonly Stmt[], scope: Scope, out: Output, frame: Frame): Promise<Flow> {
    for (const statement of body) {
      await this.#runtime.step();
      try {
        const flow = await this.#statement(statement, scope, out, frame);
        if (flow !== "next") return flow;
      } catch (error) {
        throw placed(error, frame.template, statement.line);
      }
    }
    return "next";
  }

  /** The text that statements write. */
  async #text(body: readonly Stmt[], scope: Scope, frame: Frame): Promise<string> {
    const out = this.#runtime.output();
    await this.#run(body, scope, out, { ...frame, parent: null });
    return out.toString();
  }

  async #statement(stmt: Stmt, scope: Scope, out: Output, frame: Frame): Promise<Flow> {
    const silent = frame.parent !== null && scope === frame.root;
    switch (stmt.type) {
      case "text":
        if (!silent) out.write(stmt.text);
        return "next";
      case "output": {
        if (silent) return "next";
        out.write(printed(await this.#values.value(stmt.value, scope)));
        return "next";
      }
      case "if": {
        for (const [test, body] of stmt.branches) {
          if (truthy(await this.#values.value(test, scope))) {
            return await this.#run(body, scope, out, frame);
          }
        }
        return await this.#run(stmt.otherwise, scope, out, frame);
      }
      case "for":
        await this.#for(stmt, await this.#values.value(stmt.items, scope), scope, [out, frame], 0);
        return "next";
      case "break":
      case "continue":
        return stmt.type;
      case "set":
        this.#assign(stmt.target, await this.#values.value(stmt.value, scope), scope);
        return "next";
      case "do":
        await this.#values.value(stmt.value, scope);
        return "next";
      case "with": {
        const inner = new Scope(scope);
        for (const [target, value] of stmt.pairs) {
          this.#assign(target, await this.#values.value(value, scope), inner);
        }
        return await this.#run(stmt.body, inner, out, frame);
      }
      default:
        return await this.#structure(stmt, scope, out, frame);
    }
  }

  /** Statements that make texts, macros or bring in other templates. */
  async #structure(stmt: Stmt, scope: Scope, out: Output, frame: Frame): Promise<Flow> {
    switch (stmt.type) {
      case "set_block": {
        const text = await this.#text(stmt.body, new Scope(scope), frame);
        this.#assign(stmt.target, await this.#values.filterText(stmt.filter, text, scope), scope);
        break;
      }
      case "filter_block": {
        const text = await this.#text(stmt.body, new Scope(scope), frame);
        out.write(printed(await this.#values.filterText(stmt.filter, text, scope)));
        break;
      }
      case "macro":
        scope.vars.set(stmt.macro.name!, this.#macro(stmt.macro, scope, frame));
        break;
      case "call_block": {
        const call = stmt.call as Expr & { type: "call" };
        const callee = await this.#values.value(call.callee, scope);
        const { args, kwargs } = await this.#values.arguments(call.args, scope);
        kwargs.set("caller", this.#macro(stmt.caller, scope, frame));
        out.write(printed(await this.#values.call(callee, args, kwargs)));
        break;
      }
      case "block":
        if (frame.parent === null) await this.#block(frame, stmt, scope, out);
        break;
      case "extends":
        if (frame.parent !== null) fail("extended multiple times");
        frame.parent = await this.#load(stmt.template, scope);
        break;
      default:
        await this.#other(stmt, scope, out, frame);
    }
    return "next";
  }

  /** Other templates: `include`, `import`, `from`. */
  async #other(stmt: Stmt, scope: Scope, out: Output, frame: Frame): Promise<void> {
    if (stmt.type === "include") {
      const found = await this.#find(stmt.template, scope);
      if (!found.template) {
        if (stmt.ignoreMissing) return;
        throw new SaltRenderError("notfound", found.missing);
      }
      const { template } = found;
      const around = stmt.withContext ? scope : this.#runtime.globals;
      const into = frame.parent !== null && scope === frame.root ? this.#runtime.output() : out;
      await this.#runtime.deeper(() => this.template(template, around, into));
    } else if (stmt.type === "import") {
      scope.vars.set(stmt.target, await this.#import(stmt, scope));
    } else if (stmt.type === "from") {
      const module = await this.#import(stmt, scope);
      for (const [name, alias] of stmt.names) {
        scope.vars.set(alias, module.exported(name, stmt.line));
      }
    }
  }

  async #find(expr: Expr, scope: Scope): Promise<{ template: Template | null; missing: string }> {
    const value = await this.#values.value(expr, scope);
    if (value instanceof Undefined) value.fail();
    const names = typeof value === "string" ? [value] : listOf(value).map(str);
    for (const name of names) {
      const template = await this.#runtime.template(name);
      if (template) return { template, missing: "" };
    }
    const missing = `there is no template ${names.map((name) => `"${name}"`).join(", ")}`;
    return { template: null, missing };
  }

  async #load(expr: Expr, scope: Scope): Promise<Template> {
    const { template, missing } = await this.#find(expr, scope);
    if (template === null) throw new SaltRenderError("notfound", missing);
    return template;
  }

  async #import(
    stmt: { template: Expr; withContext: boolean },
    scope: Scope,
  ): Promise<Module> {
    const template = await this.#load(stmt.template, scope);
    const run = () =>
      this.#runtime.deeper(async () => {
        const out = this.#runtime.output();
        const around = stmt.withContext ? scope : this.#runtime.globals;
        const root = await this.template(template, around, out);
        return new Module(template.name, root.vars, out.toString());
      });
    if (stmt.withContext) return await run();
    const known = this.#modules.get(template.name) ?? run();
    this.#modules.set(template.name, known);
    return await known;
  }

  #macro(definition: MacroDef, scope: Scope, frame: Frame): Value {
    const inside = { ...frame, parent: null };
    return makeMacro(
      definition,
      this.#values,
      scope,
      (inner) => this.#runtime.deeper(() => this.#text(definition.body, inner, inside)),
    );
  }

  async #block(frame: Frame, { name, scoped, required }: Block, scope: Scope, out: Output) {
    if (required && frame.blocks.get(name)!.length === 1) {
      fail(`Required block '${name}' not found`);
    }
    await this.#blockAt(frame, name, 0, scoped ? scope : frame.root, out);
  }

  async #blockAt(frame: Frame, name: string, level: number, around: Scope, out: Output) {
    const { block, template } = frame.blocks.get(name)![level]!;
    const scope = new Scope(around);
    const above = this.#blockFunction(frame, name, level + 1);
    scope.vars.set(
      "super",
      above ?? this.#values.undefined(`there is no parent block called '${name}'.`),
    );
    const inside = { ...frame, template, parent: null };
    await this.#runtime.deeper(() => this.#run(block.body, scope, out, inside));
  }

  #blockFunction(frame: Frame, name: string, level: number): Value | undefined {
    if (frame.blocks.get(name)?.[level] === undefined) return undefined;
    return new PyFunction(name, async () => {
      const out = this.#runtime.output();
      await this.#blockAt(frame, name, level, frame.root, out);
      return out.toString();
    });
  }

  #assign(target: Target, value: Value, scope: Scope): void {
    if (target.type === "name") scope.vars.set(target.name, value);
    else if (target.type === "field") {
      const object = this.#values.lookup(target.object, scope);
      if (!(object instanceof Namespace)) fail("cannot assign attribute on non-namespace object");
      (object as Namespace).vars.set(target.name, value);
    } else {
      const values = listOf(value);
      const wanted = target.items.length;
      if (values.length > wanted) fail(`too many values to unpack (expected ${wanted})`);
      if (values.length < wanted) {
        fail(`not enough values to unpack (expected ${wanted}, got ${values.length})`);
      }
      target.items.forEach((item, index) => this.#assign(item, values[index]!, scope));
    }
  }

  async #for(
    stmt: Stmt & { type: "for" },
    value: Value,
    scope: Scope,
    [out, frame]: [Output, Frame],
    depth: number,
  ): Promise<void> {
    let items = [...iterate(value)];
    if (stmt.test !== null) items = await this.#chosen(stmt, stmt.test, items, scope);
    const recurse = stmt.recursive
      ? (inner: Value) =>
        this.#runtime.deeper(async () => {
          const text = this.#runtime.output();
          await this.#for(stmt, inner, scope, [text, frame], depth + 1);
          return text.toString();
        })
      : null;
    const loop = new Loop(items, depth, recurse);
    for (const item of items) {
      const inner = new Scope(scope);
      loop.next();
      inner.vars.set("loop", loop);
      this.#assign(stmt.target, item, inner);
      if (await this.#run(stmt.body, inner, out, frame) === "break") break;
    }
    if (items.length === 0) await this.#run(stmt.otherwise, new Scope(scope), out, frame);
  }

  async #chosen(stmt: Stmt & { type: "for" }, test: Expr, items: Value[], scope: Scope) {
    const chosen: Value[] = [];
    for (const item of items) {
      const inner = new Scope(scope);
      this.#assign(stmt.target, item, inner);
      if (truthy(await this.#values.value(test, inner))) chosen.push(item);
    }
    return chosen;
  }
}
