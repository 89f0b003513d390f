/**
 * Gives large memory back at once. The collector counts it among what it has to clean up, and would run
 * for every dozen of MiB that passes through.
 * @module
 */

/** Bytes below which they may lie in memory that is shared with others. */
const LARGE = 1 << 16;

/** Bytes of a memory that are not part of the content: headers of a message. */
const SLACK = 4096;

/**
 * Frees the memory of some bytes, which are empty afterwards. They must have it for themselves: nobody
 * else, not even libzmq, may read it any more. Does nothing for few bytes, or a part of many.
 */
export function releaseBytes(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (bytes.length < LARGE || buffer.byteLength - bytes.length > SLACK) return;
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
