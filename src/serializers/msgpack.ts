/**
 * msgpack as Salt speaks it.
 * @module
 */
export { packLocal, packWire, packWireParts, wireBytesHead } from "./msgpack_pack.ts";
export { unpack, unpackEntries } from "./msgpack_unpack.ts";
export type { UnpackOptions } from "./msgpack_unpack.ts";
export { SaltDateTime } from "./msgpack_ext.ts";
