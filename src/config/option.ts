/**
 * The words in which option tables are written: a kind, a default, whether saltx honours it, a doc.
 *
 * A table is an object of these, so its TypeScript type gives the type of the loaded options.
 * @module
 */

/** Salt's types as they can stand in YAML. `any` is an option whose type Salt does not check. */
export type OptionKind = "bool" | "int" | "float" | "str" | "list" | "map" | "null" | "any";

/** Whether the option has an effect here: it has, it is planned, or it is only read and kept. */
export type Honoured = "yes" | "later" | "no";

/** A map as it comes from a configuration file. */
export type OptionMap = { readonly [key: string]: unknown };

interface KindTypes {
  bool: boolean;
  int: number;
  float: number;
  str: string;
  list: readonly unknown[];
  map: OptionMap;
  null: null;
  any: unknown;
}

/** What may also be said of an option. */
export interface OptionExtras {
  /** The only values allowed. */
  readonly choices?: readonly (string | number)[];
  readonly min?: number;
  readonly max?: number;
  /** How a default that depends on the machine reads in the docs. */
  readonly defaultDoc?: string;
  /** The name of an option that replaces this one. */
  readonly replacedBy?: string;
}

/** One option. `T` is the type of its value once loaded. */
export interface OptionSpec<T = unknown> extends OptionExtras {
  readonly kinds: readonly OptionKind[];
  readonly default: T;
  readonly honoured: Honoured;
  readonly doc: string;
}

/** Options by key. */
export type OptionTable = { readonly [key: string]: OptionSpec };

/** The loaded values of a table. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Key in keyof Table]: Table[Key] extends OptionSpec<infer T> ? T : never;
};

function spec<T>(
  kinds: readonly OptionKind[],
  value: T,
  honoured: Honoured,
  doc: string,
  extras: OptionExtras = {},
): OptionSpec<T> {
  return { kinds, default: value, honoured, doc, ...extras };
}

/** A yes or no. */
export function bool(value: boolean, honoured: Honoured, doc: string): OptionSpec<boolean> {
  return spec(["bool"], value, honoured, doc);
}

/** A whole number. */
export function int(
  value: number,
  honoured: Honoured,
  doc: string,
  extras?: OptionExtras,
): OptionSpec<number> {
  return spec(["int"], value, honoured, doc, extras);
}

/** A number. */
export function float(
  value: number,
  honoured: Honoured,
  doc: string,
  extras?: OptionExtras,
): OptionSpec<number> {
  return spec(["float"], value, honoured, doc, extras);
}

/** A text. */
export function str(
  value: string,
  honoured: Honoured,
  doc: string,
  extras?: OptionExtras,
): OptionSpec<string> {
  return spec(["str"], value, honoured, doc, extras);
}

/** A text that is one of a few. */
export function choice<const C extends string>(
  value: C,
  choices: readonly C[],
  honoured: Honoured,
  doc: string,
): OptionSpec<C> {
  return spec(["str"], value, honoured, doc, { choices });
}

/** A list; the type of its items is not checked. */
export function list<Item = string>(
  value: readonly Item[],
  honoured: Honoured,
  doc: string,
): OptionSpec<readonly Item[]> {
  return spec(["list"], value, honoured, doc);
}

/** A map; the types of its values are not checked. */
export function map<Value = unknown>(
  value: { readonly [key: string]: Value },
  honoured: Honoured,
  doc: string,
): OptionSpec<{ readonly [key: string]: Value }> {
  return spec(["map"], value, honoured, doc);
}

/** One of several kinds. */
export function oneOf<const K extends OptionKind>(
  kinds: readonly K[],
  value: NoInfer<KindTypes[K]>,
  honoured: Honoured,
  doc: string,
  extras?: OptionExtras,
): OptionSpec<KindTypes[K]> {
  return spec(kinds, value, honoured, doc, extras);
}

/** An option that has no default: the key is absent until a file or the command line gives it. */
export function optional<T>(option: OptionSpec<T>): OptionSpec<T | undefined> {
  return { ...option, default: undefined };
}
