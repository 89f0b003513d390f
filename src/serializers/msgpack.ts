/**
 * msgpack as Salt speaks it.
 * @module
 */
export { packLocal, packWire } from "./msgpack_pack.ts";
export { unpack } from "./msgpack_unpack.ts";
export type { UnpackOptions } from "./msgpack_unpack.ts";
export { SaltDateTime } from "./msgpack_ext.ts";
