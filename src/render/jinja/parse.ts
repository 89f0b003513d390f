/** Jinja's statements, and those that Salt adds. (`jinja2/parser.py`, `salt/utils/jinja.py`) @module */
import type { Expr, MacroDef, Stmt, Target, Template } from "./ast.ts";
import { SaltRenderError } from "./errors.ts";
import { type Syntax, tokenize } from "./lexer.ts";
import { parseExpression, parseFilter, parseTuple } from "./parse_expression.ts";
import { TokenStream } from "./tokens.ts";

type Block = Stmt & { type: "block" };
type StatementParser = (parser: Parser, line: number) => Stmt | Stmt[];

class Parser {
  readonly stream: TokenStream;
  readonly blocks = new Map<string, Block>();
  constructor(stream: TokenStream) {
    this.stream = stream;
  }

  /** Statements up to one of the names, which is not taken; up to the end without names. */
  body(...end: string[]): Stmt[] {
    const { stream } = this;
    const found: Stmt[] = [];
    for (;;) {
      const { type, value, line } = stream.current;
      if (type === "eof") {
        if (end.length === 0) return found;
        stream.fail(`Unexpected end of template; a block is not closed by '${end.join("' or '")}'`);
      }
      stream.next();
      if (type === "data") found.push({ type: "text", text: value, line });
      else if (type === "variable_begin") {
        found.push({ type: "output", value: parseTuple(stream), line });
        stream.expect("variable_end");
      } else {
        if (end.length > 0 && stream.isName(...end)) return found;
        found.push(...[this.statement()].flat());
        stream.expect("block_end");
      }
    }
  }

  statement(): Stmt | Stmt[] {
    const { stream } = this;
    const { value, line, type } = stream.current;
    if (type !== "name") stream.fail("tag name expected");
    if (!Object.hasOwn(statements, value)) stream.fail(`Encountered unknown tag '${value}'.`);
    stream.next();
    return stream.nested(() => statements[value]!(this, line));
  }

  /** The body of a statement after its head, with what closes it. */
  block(end: string): Stmt[] {
    this.stream.expect("block_end");
    const found = this.body(end);
    this.stream.next();
    return found;
  }

  target(options: { tuple?: boolean; field?: boolean; end?: string } = {}): Target {
    const { tuple = true, field = false } = options;
    const { stream } = this;
    const { line } = stream.current;
    const one = (): Target => {
      if (stream.skipOp("(")) {
        const inner = this.target({ tuple: true });
        stream.expect("operator", ")");
        return inner;
      }
      const name = stream.expect("name").value;
      if (["true", "True", "false", "False", "none", "None"].includes(name)) {
        stream.fail(`can't assign to '${name}'`, line);
      }
      if (field && stream.skipOp(".")) {
        return { type: "field", object: name, name: stream.expect("name").value, line };
      }
      return { type: "name", name, line };
    };
    const first = one();
    if (!tuple || !stream.isOp(",")) return first;
    const items = [first];
    while (stream.skipOp(",")) {
      if (!(stream.is("name") || stream.isOp("(")) || (options.end && stream.isName(options.end))) {
        break;
      }
      items.push(one());
    }
    return { type: "tuple", items, line };
  }

  macro(name: string | null, line: number, end: string): MacroDef {
    const { stream } = this;
    const params: MacroDef["params"] = [];
    const uses = new Set<string>();
    if (name !== null || stream.isOp("(")) {
      stream.expect("operator", "(");
      while (!stream.skipOp(")")) {
        if (params.length > 0) stream.expect("operator", ",");
        const param = stream.expect("name").value;
        const fallback = stream.skipOp("=") ? parseExpression(stream) : null;
        if (fallback === null && params.at(-1)?.fallback) {
          stream.fail("non-default argument follows default argument");
        }
        params.push({ name: param, fallback });
      }
    }
    // The head of a `call` block has the call between its parameters and its body.
    const macro: MacroDef = { name, params, body: [], uses, line };
    if (name !== null) this.macroBody(macro, uses, end);
    return macro;
  }

  macroBody(macro: MacroDef, uses: Set<string>, end: string): void {
    this.stream.macros.push(uses);
    macro.body = this.block(end);
    this.stream.macros.pop();
  }

  withContext(fallback: boolean): boolean {
    const { stream } = this;
    const { type, value } = stream.ahead;
    if (!stream.isName("with", "without") || type !== "name" || value !== "context") {
      return fallback;
    }
    const found = stream.next().value === "with";
    stream.next();
    return found;
  }
}

function parseFor(parser: Parser, line: number): Stmt {
  const { stream } = parser;
  const target = parser.target({ end: "in" });
  stream.expect("name", "in");
  const items = parseTuple(stream, { conditional: false, end: ["recursive"] });
  const test = stream.skipName("if") ? parseExpression(stream) : null;
  const recursive = stream.skipName("recursive");
  stream.expect("block_end");
  const body = parser.body("endfor", "else");
  let otherwise: Stmt[] = [];
  if (stream.next().value === "else") otherwise = parser.block("endfor");
  return { type: "for", target, items, test, recursive, body, otherwise, line };
}

function parseIf(parser: Parser, line: number): Stmt {
  const { stream } = parser;
  const branches: [Expr, Stmt[]][] = [];
  for (;;) {
    const test = parseTuple(stream, { conditional: false });
    stream.expect("block_end");
    branches.push([test, parser.body("elif", "else", "endif")]);
    const { value } = stream.next();
    if (value === "elif") continue;
    const otherwise = value === "else" ? parser.block("endif") : [];
    return { type: "if", branches, otherwise, line };
  }
}

function parseSet(parser: Parser, line: number): Stmt {
  const { stream } = parser;
  const target = parser.target({ field: true });
  if (stream.skipOp("=")) return { type: "set", target, value: parseTuple(stream), line };
  const filter = stream.isOp("|") ? parseFilter(stream, null) : null;
  return { type: "set_block", target, filter, body: parser.block("endset"), line };
}

function parseWith(parser: Parser, line: number): Stmt {
  const { stream } = parser;
  const pairs: [Target, Expr][] = [];
  while (!stream.is("block_end")) {
    if (pairs.length > 0) stream.expect("operator", ",");
    const target = parser.target({ tuple: false });
    stream.expect("operator", "=");
    pairs.push([target, parseExpression(stream)]);
  }
  return { type: "with", pairs, body: parser.block("endwith"), line };
}

function parseCallBlock(parser: Parser, line: number): Stmt {
  const { stream } = parser;
  const caller = parser.macro(null, line, "endcall");
  const call = parseExpression(stream);
  if (call.type !== "call") stream.fail("expected call", line);
  parser.macroBody(caller, caller.uses as Set<string>, "endcall");
  return { type: "call_block", call, caller: { ...caller, name: "caller" }, line };
}

function parseInclude(parser: Parser, line: number): Stmt {
  const { stream } = parser;
  const template = parseExpression(stream);
  const { type, value } = stream.ahead;
  const ignoreMissing = stream.isName("ignore") && type === "name" && value === "missing";
  if (ignoreMissing) {
    stream.next();
    stream.next();
  }
  return { type: "include", template, ignoreMissing, withContext: parser.withContext(true), line };
}

function parseImport(parser: Parser, line: number): Stmt & { type: "import" } {
  const { stream } = parser;
  const template = parseExpression(stream);
  stream.expect("name", "as");
  const target = stream.expect("name").value;
  return { type: "import", template, target, withContext: parser.withContext(false), line };
}

function parseFrom(parser: Parser, line: number): Stmt {
  const { stream } = parser;
  const template = parseExpression(stream);
  stream.expect("name", "import");
  const names: [string, string][] = [];
  let withContext = false;
  const context = () =>
    stream.isName("with", "without") && stream.ahead.type === "name" &&
    stream.ahead.value === "context";
  for (;;) {
    if (context()) {
      withContext = parser.withContext(false);
      break;
    }
    if (names.length > 0 && !stream.skipOp(",")) break;
    if (context() || !stream.is("name")) {
      if (names.length === 0) stream.expect("name");
      withContext = parser.withContext(false);
      break;
    }
    const name = stream.next().value;
    if (name.startsWith("_")) {
      stream.fail("names starting with an underline can not be imported");
    }
    names.push([name, stream.skipName("as") ? stream.expect("name").value : name]);
  }
  return { type: "from", template, names, withContext, line };
}

function parseBlock(parser: Parser, line: number): Stmt {
  const { stream, blocks } = parser;
  const name = stream.expect("name").value;
  const scoped = stream.skipName("scoped");
  const required = stream.skipName("required");
  if (blocks.has(name)) stream.fail(`block '${name}' defined twice`, line);
  const block: Block = { type: "block", name, scoped, required, body: [], line };
  blocks.set(name, block);
  stream.expect("block_end");
  block.body = parser.body("endblock");
  stream.next();
  stream.skipName(name);
  return block;
}

/** `load_yaml as name`: the text of the body, read. */
function parseLoad(kind: string): StatementParser {
  return (parser, line) => {
    parser.stream.expect("name", "as");
    const target = parser.target();
    const body = parser.block("endload");
    return { type: "set_block", target, filter: filterOf(kind, null, line), body, line };
  };
}

/** `import_yaml "file" as name`: a template's text, read. */
function parseImportData(kind: string): StatementParser {
  return (parser, line) => {
    const found = parseImport(parser, line);
    const name: Expr = { type: "name", name: found.target, line };
    const target: Target = { type: "name", name: found.target, line };
    return [found, { type: "set", target, value: filterOf(kind, name, line), line }];
  };
}

function filterOf(name: string, object: Expr | null, line: number): Expr {
  return {
    type: "filter",
    object,
    name,
    args: { args: [], kwargs: [], star: null, starStar: null },
    line,
  };
}

const statements: Readonly<Record<string, StatementParser>> = {
  for: parseFor,
  if: parseIf,
  set: parseSet,
  with: parseWith,
  macro: (parser, line) => {
    const name = parser.stream.expect("name").value;
    return { type: "macro", macro: parser.macro(name, line, "endmacro"), line };
  },
  call: parseCallBlock,
  filter: (parser, line) => {
    const filter = parseFilter(parser.stream, null, true);
    return { type: "filter_block", filter, body: parser.block("endfilter"), line };
  },
  print: (parser, line) => ({ type: "output", value: parseTuple(parser.stream), line }),
  do: (parser, line) => ({ type: "do", value: parseTuple(parser.stream), line }),
  break: (_parser, line) => ({ type: "break", line }),
  continue: (_parser, line) => ({ type: "continue", line }),
  include: parseInclude,
  import: parseImport,
  from: parseFrom,
  extends: ({ stream }, line) => ({ type: "extends", template: parseExpression(stream), line }),
  block: parseBlock,
  load_yaml: parseLoad("load_yaml"),
  load_json: parseLoad("load_json"),
  load_text: parseLoad("load_text"),
  import_yaml: parseImportData("load_yaml"),
  import_json: parseImportData("load_json"),
  import_text: parseImportData("load_text"),
  // Salt logs how long the body took.
  profile: (parser) => {
    parser.stream.expect("name", "as");
    parseExpression(parser.stream);
    return parser.block("endprofile");
  },
};

/** Characters that a template may have. */
const largest = 4 << 20;

/**
 * Parses a template.
 * @throws SaltRenderError with the template, the line and its text.
 */
export function parseTemplate(name: string, source: string, syntax: Syntax): Template {
  if (source.length > largest) {
    throw new SaltRenderError("limit", `Template "${name}" has more than ${largest} characters`);
  }
  try {
    const parser = new Parser(new TokenStream(tokenize(source, syntax)));
    const body = parser.body();
    return { name, source, body, blocks: parser.blocks };
  } catch (error) {
    if (error instanceof SaltRenderError && error.line !== null) {
      throw error.at(name, error.line, source);
    }
    throw error;
  }
}

/** Names of the tags. */
export const TAGS: readonly string[] = Object.keys(statements);
