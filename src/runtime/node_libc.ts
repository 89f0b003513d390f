/**
 * The C library on Node, through `node:ffi`.
 * @module
 */
import type { CFunctions, CType, Signatures } from "./libc.ts";

const TYPES: Readonly<Record<CType, string>> = {
  i32: "int32",
  u32: "uint32",
  u64: "uint64",
  buffer: "buffer",
  pointer: "pointer",
};

interface Ffi {
  dlopen(
    path: null,
    definitions: Record<string, { arguments: string[]; return: string }>,
  ): { functions: unknown };
}

/** See {@linkcode OpenLibc}. */
export function openLibc<S extends Signatures>(signatures: S): CFunctions<S> {
  const definitions: Record<string, { arguments: string[]; return: string }> = {};
  for (const [name, { parameters, result }] of Object.entries(signatures)) {
    definitions[name] = { arguments: parameters.map((type) => TYPES[type]), return: TYPES[result] };
  }
  return loadFfi().dlopen(null, definitions).functions as CFunctions<S>;
}

/** Node warns once that the module is experimental, which tells a user of saltx nothing. */
function loadFfi(): Ffi {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    const ffi = (process.getBuiltinModule as (name: string) => unknown)("node:ffi");
    if (!ffi) throw new Error("This Node has no node:ffi");
    return ffi as Ffi;
  } finally {
    process.emitWarning = emitWarning;
  }
}
