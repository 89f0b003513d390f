/** The parts of a parsed template. @module */
import type { Value } from "./value.ts";

/** Arguments of a call, a filter or a test. */
export interface Args {
  args: Expr[];
  kwargs: [string, Expr][];
  /** `*rest` and `**rest`. */
  star: Expr | null;
  starStar: Expr | null;
}

export type Expr =
  & { line: number }
  & (
    | { type: "const"; value: Value }
    | { type: "name"; name: string }
    | { type: "list" | "tuple" | "concat"; items: Expr[] }
    | { type: "dict"; pairs: [Expr, Expr][] }
    | { type: "attr"; object: Expr; name: string }
    | { type: "item"; object: Expr; key: Expr }
    | { type: "slice"; start: Expr | null; stop: Expr | null; step: Expr | null }
    | { type: "call"; callee: Expr; args: Args }
    | { type: "filter"; object: Expr | null; name: string; args: Args }
    | { type: "test"; object: Expr; name: string; args: Args }
    | { type: "not" | "neg" | "pos"; operand: Expr }
    | { type: "and" | "or"; left: Expr; right: Expr }
    | { type: "binary"; operator: string; left: Expr; right: Expr }
    | { type: "compare"; first: Expr; rest: [string, Expr][] }
    | { type: "cond"; test: Expr; yes: Expr; no: Expr | null }
  );

/** What can stand left of `=`. */
export type Target =
  & { line: number }
  & (
    | { type: "name"; name: string }
    | { type: "tuple"; items: Target[] }
    | { type: "field"; object: string; name: string }
  );

/** A macro, or the body of a `call` block. */
export interface MacroDef {
  name: string | null;
  params: { name: string; fallback: Expr | null }[];
  body: Stmt[];
  /** Which of the names that catch what has no parameter the body uses. */
  uses: ReadonlySet<string>;
  line: number;
}

export type Stmt =
  & { line: number }
  & (
    | { type: "text"; text: string }
    | { type: "output"; value: Expr }
    | {
      type: "for";
      target: Target;
      items: Expr;
      test: Expr | null;
      recursive: boolean;
      body: Stmt[];
      otherwise: Stmt[];
    }
    | { type: "if"; branches: [Expr, Stmt[]][]; otherwise: Stmt[] }
    | { type: "set"; target: Target; value: Expr }
    | { type: "set_block"; target: Target; filter: Expr | null; body: Stmt[] }
    | { type: "macro"; macro: MacroDef }
    | { type: "call_block"; call: Expr; caller: MacroDef }
    | { type: "filter_block"; filter: Expr; body: Stmt[] }
    | { type: "with"; pairs: [Target, Expr][]; body: Stmt[] }
    | { type: "do"; value: Expr }
    | { type: "break" | "continue" }
    | { type: "include"; template: Expr; ignoreMissing: boolean; withContext: boolean }
    | { type: "import"; template: Expr; target: string; withContext: boolean }
    | { type: "from"; template: Expr; names: [string, string][]; withContext: boolean }
    | { type: "extends"; template: Expr }
    | { type: "block"; name: string; scoped: boolean; required: boolean; body: Stmt[] }
  );

/** A parsed template. */
export interface Template {
  name: string;
  source: string;
  body: Stmt[];
  blocks: ReadonlyMap<string, Stmt & { type: "block" }>;
}

/** A `block` statement. */
export type Block = Stmt & { type: "block" };
