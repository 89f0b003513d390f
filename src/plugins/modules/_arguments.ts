/** Arguments as many functions have them. @module */

/** The descriptor of an argument that is on or off. */
export function flag(doc: string, value = false) {
  return { type: "bool", default: value, doc } as const;
}
