/**
 * The few functions of the C library that neither runtime offers, called through each one's foreign
 * function interface.
 * @module
 */

/** A C type of a parameter or a result. `buffer` is a pointer to the bytes given, which it keeps alive. */
export type CType = "i32" | "u32" | "u64" | "buffer" | "pointer";

/** Signatures by name. */
export type Signatures = Readonly<Record<string, { parameters: CType[]; result: CType }>>;

/** Functions that were looked up by {@linkcode OpenLibrary}. */
export type CFunctions<S extends Signatures> = {
  readonly [K in keyof S]: (...args: (number | bigint | Uint8Array)[]) => number | bigint;
};

/** Looks functions up in the C library. Throws where there is no foreign function interface. */
export type OpenLibc = <S extends Signatures>(signatures: S) => CFunctions<S>;

/** A NUL-terminated string. */
export function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}
