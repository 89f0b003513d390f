/** The old encryption of ZIP files. (PKWARE APPNOTE.TXT 6.1) @module */

const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function step(crc: number, byte: number): number {
  return (crc >>> 8) ^ table[(crc ^ byte) & 0xff]!;
}

/** A function that decrypts one chunk after the other. */
export function zipCipher(password: string): (chunk: Uint8Array) => Uint8Array {
  let [a, b, c] = [0x12345678, 0x23456789, 0x34567890];
  const update = (byte: number) => {
    a = step(a, byte);
    b = (Math.imul((b + (a & 0xff)) >>> 0, 134775813) + 1) >>> 0;
    c = step(c, b >>> 24);
  };
  for (const byte of new TextEncoder().encode(password)) update(byte);
  return (chunk) =>
    chunk.map((byte) => {
      const word = (c | 2) & 0xffff;
      const plain = byte ^ ((Math.imul(word, word ^ 1) >>> 8) & 0xff);
      update(plain);
      return plain;
    });
}
