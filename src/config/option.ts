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
  /** Left empty in a file it means "none", not its default. */
  readonly emptyIsNone?: boolean;
  /** Its text is made lower case. */
  readonly lowerCase?: boolean;
  /** A single text stands for a list of it. */
  readonly wrapped?: boolean;
  /** A path that `root_dir` goes in front of. */
  readonly rooted?: boolean;
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
  // Loaded options share their defaults with the table: nobody may change these.
  Object.freeze(value);
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

/** A list, or a single text that stands for a list of it. */
export function textList(
  value: readonly string[],
  honoured: Honoured,
  doc: string,
): OptionSpec<readonly string[]> {
  return spec(["list", "str"], value, honoured, doc, { wrapped: true });
}

/** A map, or a list of maps of one key each that are put together. */
export function mapOrList(
  value: OptionMap,
  honoured: Honoured,
  doc: string,
): OptionSpec<OptionMap> {
  return spec(["map", "list"], value, honoured, doc);
}

/** A path that `root_dir` goes in front of. */
export function path(value: string, honoured: Honoured, doc: string): OptionSpec<string> {
  return spec(["str"], value, honoured, doc, { rooted: true });
}

/** A port; 0 lets the system choose one where that makes sense. */
export function port(value: number, honoured: Honoured, doc: string): OptionSpec<number> {
  return spec(["int"], value, honoured, doc, { min: 0, max: 65535 });
}

/** An option whose type neither Salt nor saltx checks. */
export function anything(value: unknown, honoured: Honoured, doc: string): OptionSpec<unknown> {
  return spec(["any"], value, honoured, doc);
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

/** The same option with another default. */
export function withDefault<T>(option: OptionSpec<T>, value: NoInfer<T>): OptionSpec<T> {
  return { ...option, default: value };
}

/** An option that has no default: the key is absent until a file or the command line gives it. */
export function optional<T>(option: OptionSpec<T>): OptionSpec<T | undefined> {
  return { ...option, default: undefined };
}
