/**
 * The C library on Deno.
 * @module
 */
import { existsSync } from "node:fs";
import type { CFunctions, CType, Signatures } from "./libc.ts";

const TYPES: Readonly<Record<CType, Deno.NativeType>> = {
  i32: "i32",
  u32: "u32",
  u64: "u64",
  buffer: "buffer",
  pointer: "pointer",
};

/** What the dynamic linker knows the C library as. */
export function libcName(): string {
  if (Deno.build.os === "darwin") return "libSystem.B.dylib";
  const musl = `/lib/ld-musl-${Deno.build.arch}.so.1`;
  return existsSync("/etc/alpine-release") ? musl : "libc.so.6";
}

/** See {@linkcode OpenLibc}. */
export function openLibc<S extends Signatures>(signatures: S): CFunctions<S> {
  const symbols: Record<string, Deno.ForeignFunction> = {};
  for (const [name, { parameters, result }] of Object.entries(signatures)) {
    symbols[name] = { parameters: parameters.map((type) => TYPES[type]), result: TYPES[result] };
  }
  return Deno.dlopen(libcName(), symbols).symbols as unknown as CFunctions<S>;
}
