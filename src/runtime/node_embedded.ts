/**
 * What the built executable carries with it, and how it reaches it.
 * @module
 */

/** `node:sea`, as far as it is used. */
interface Sea {
  isSea(): boolean;
  getAsset(key: string, encoding: "utf8"): string;
  getRawAsset(key: string): ArrayBuffer;
}

let found: Sea | null | undefined;

/** `node:sea` when this is the built executable. */
export function sea(): Sea | null {
  if (found === undefined) {
    const module = (process.getBuiltinModule as (name: string) => unknown)("node:sea");
    found = module && (module as Sea).isSea() ? module as Sea : null;
  }
  return found;
}

/** Paths under which the embedded addon can be loaded; undefined when this is not the executable. */
export function embeddedAddonPath(): string[] | undefined {
  return undefined;
}

/** The program's own source, to start threads from; undefined when this is not the executable. */
export function embeddedBundle(): string | undefined {
  return undefined;
}
