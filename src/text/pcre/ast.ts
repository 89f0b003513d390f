/**
 * A regular expression of Python's `re` as a tree.
 * @module
 */

/** Flags of `re`: ignorecase, multiline, dotall, verbose, ascii. */
export type Flags = Record<"i" | "m" | "s" | "x" | "a", boolean>;

/** Whether a character (its code point) fits. */
export type CharTest = (point: number) => boolean;

/** A part of an expression. */
export type Node =
  | { kind: "char"; test: CharTest }
  | { kind: "sequence"; items: Node[] }
  | { kind: "choice"; options: Node[] }
  | { kind: "group"; index: number; body: Node }
  | { kind: "backref"; index: number; fold: boolean }
  | { kind: "assert"; test: Assertion }
  | { kind: "look"; behind: boolean; negated: boolean; body: Node }
  | {
    kind: "repeat";
    body: Node;
    min: number;
    max: number;
    greedy: boolean;
    possessive: boolean;
  }
  | { kind: "atomic"; body: Node }
  | { kind: "conditional"; index: number; yes: Node; no: Node };

/** A condition on a place between two characters. */
export type Assertion = (text: readonly number[], at: number) => boolean;

/** An expression that has been read. */
export interface Expression {
  root: Node;
  /** How many groups it has. */
  groups: number;
  /** Numbers of named groups. */
  names: ReadonlyMap<string, number>;
}
