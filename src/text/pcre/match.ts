/**
 * Holds texts against expressions, by backtracking with a bound: a pattern that would take for ever
 * ends with an error instead.
 * @module
 */
import type { Expression, Node } from "./ast.ts";
import { fold } from "./chars.ts";
import { PatternError } from "./pattern_text.ts";
import { widthOf } from "./width.ts";

/** Steps that one match may take; about a second's worth. */
const maxSteps = 3_000_000;

interface State {
  text: readonly number[];
  /** Start and end of each group, -1 where it has not matched. */
  groups: number[];
  steps: number;
}

type Next = (at: number) => boolean;
type Matcher = (state: State, at: number, next: Next) => boolean;

function step(state: State): void {
  if (++state.steps > maxSteps) throw new PatternError("The regular expression takes too long");
}

function sequence(items: Matcher[]): Matcher {
  return items.reduceRight<Matcher>(
    (rest, item) => (state, at, next) => item(state, at, (end) => rest(state, end, next)),
    (_state, at, next) => next(at),
  );
}

/** A repeat of single characters needs no recursion. */
function repeatChars(node: Extract<Node, { kind: "repeat" }>, test: (p: number) => boolean) {
  const matcher: Matcher = (state, at, next) => {
    const { text } = state;
    const last = Math.min(text.length, at + node.max);
    let end = at;
    const grow = () => end < last && test(text[end]!);
    while (end < at + node.min) {
      if (!grow()) return false;
      end++;
    }
    if (!node.greedy) {
      for (;;) {
        step(state);
        if (next(end)) return true;
        if (!grow()) return false;
        end++;
      }
    }
    while (grow()) {
      step(state);
      end++;
    }
    if (node.possessive) return next(end);
    for (; end >= at + node.min; end--) {
      step(state);
      if (next(end)) return true;
    }
    return false;
  };
  return matcher;
}

function repeat(node: Extract<Node, { kind: "repeat" }>, body: Matcher): Matcher {
  const from = (state: State, at: number, count: number, last: number, next: Next): boolean => {
    step(state);
    // A round that took nothing may be the last one, or there would be no end to them.
    const more = () =>
      count < node.max && (at !== last || count < node.min) &&
      body(state, at, (end) => from(state, end, count + 1, at, next));
    if (count < node.min) return more();
    return node.greedy ? more() || next(at) : next(at) || more();
  };
  const plain: Matcher = (state, at, next) => from(state, at, 0, -1, next);
  return node.possessive ? atomic(plain) : plain;
}

/** Takes the first way through and never looks for another. */
function atomic(body: Matcher): Matcher {
  return (state, at, next) => {
    let end = -1;
    const before = state.groups.slice();
    const found = body(state, at, (place) => {
      end = place;
      return true;
    });
    if (found && next(end)) return true;
    state.groups = before;
    return false;
  };
}

function look(node: Extract<Node, { kind: "look" }>): Matcher {
  const body = compile(node.body);
  const width = node.behind ? widthOf(node.body)! : 0;
  return (state, at, next) => {
    const before = state.groups.slice();
    const start = at - width;
    const found = start >= 0 &&
      body(state, start, (end) => !node.behind || end === at);
    if (found === node.negated) {
      state.groups = before;
      return false;
    }
    if (node.negated) state.groups = before;
    if (next(at)) return true;
    state.groups = before;
    return false;
  };
}

function group(index: number, body: Matcher): Matcher {
  return (state, at, next) => {
    const [start, end] = [state.groups[index * 2]!, state.groups[index * 2 + 1]!];
    const found = body(state, at, (place) => {
      const [oldStart, oldEnd] = [state.groups[index * 2]!, state.groups[index * 2 + 1]!];
      state.groups[index * 2] = at;
      state.groups[index * 2 + 1] = place;
      if (next(place)) return true;
      state.groups[index * 2] = oldStart;
      state.groups[index * 2 + 1] = oldEnd;
      return false;
    });
    if (!found) {
      state.groups[index * 2] = start;
      state.groups[index * 2 + 1] = end;
    }
    return found;
  };
}

function backref(index: number, folded: boolean): Matcher {
  return (state, at, next) => {
    const start = state.groups[index * 2]!;
    const end = state.groups[index * 2 + 1]!;
    if (start < 0 || end < 0 || at + end - start > state.text.length) return false;
    for (let i = 0; i < end - start; i++) {
      const one = state.text[start + i]!;
      const other = state.text[at + i]!;
      if (one !== other && !(folded && fold(one) === fold(other))) return false;
    }
    return next(at + end - start);
  };
}

function compile(node: Node): Matcher {
  switch (node.kind) {
    case "char": {
      const { test } = node;
      return (state, at, next) => {
        step(state);
        return at < state.text.length && test(state.text[at]!) && next(at + 1);
      };
    }
    case "sequence":
      return sequence(node.items.map(compile));
    case "choice": {
      const options = node.options.map(compile);
      return (state, at, next) => options.some((option) => option(state, at, next));
    }
    case "group":
      return group(node.index, compile(node.body));
    case "backref":
      return backref(node.index, node.fold);
    case "assert":
      return (state, at, next) => node.test(state.text, at) && next(at);
    case "look":
      return look(node);
    case "repeat":
      return node.body.kind === "char"
        ? repeatChars(node, node.body.test)
        : repeat(node, compile(node.body));
    case "atomic":
      return atomic(compile(node.body));
    case "conditional": {
      const [yes, no] = [compile(node.yes), compile(node.no)];
      return (state, at, next) =>
        (state.groups[node.index * 2 + 1]! >= 0 ? yes : no)(state, at, next);
    }
  }
}

/** Where an expression matched; places count characters, not UTF-16 units. */
export interface RawMatch {
  start: number;
  end: number;
  groups: readonly number[];
}

/** Tries to match at one place of a text; `past`: the match has to end behind this place. */
export type Run = (
  text: readonly number[],
  at: number,
  whole: boolean,
  past?: number,
) => RawMatch | null;

/** Makes a function that tries to match at one place of a text. */
export function compileExpression(expression: Expression): Run {
  const matcher = compile(expression.root);
  return (text, at, whole, past = -1) => {
    const groups = new Array<number>((expression.groups + 1) * 2).fill(-1);
    const state: State = { text, groups, steps: 0 };
    let end = -1;
    try {
      const found = matcher(state, at, (place) => {
        end = place;
        return place > past && (!whole || place === text.length);
      });
      return found ? { start: at, end, groups: state.groups } : null;
    } catch (error) {
      if (error instanceof RangeError) {
        throw new PatternError("The regular expression goes too deep for this text");
      }
      throw error;
    }
  };
}
