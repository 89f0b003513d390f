/**
 * Signs a macOS executable the way a linker does: "ad hoc", with hashes but no certificate. Apple's
 * processors run nothing without it, and `codesign` exists on macOS only.
 * (Apple's xnu, osfmk/kern/cs_blobs.h; mach-o/loader.h)
 * @module
 */
import { createHash } from "node:crypto";

const MH_MAGIC_64 = 0xfeedfacf;
const LC_SEGMENT_64 = 0x19;
const LC_CODE_SIGNATURE = 0x1d;
const HEADER_BYTES = 32;
const COMMAND_BYTES = 16;
/** Where the header counts its commands and their bytes. */
const HEADER = { count: 16, bytes: 20 } as const;
/** Fields of a segment's command, and of its sections behind it. */
const SEGMENT = {
  name: 8,
  vmSize: 32,
  fileOffset: 40,
  fileSize: 48,
  sections: 64,
  first: 72,
} as const;
const SECTION = { bytes: 80, offset: 48 } as const;
/** Segments are mapped in pages of this size on Apple's processors. */
const VM_PAGE = 0x4000;

const MAGIC_SIGNATURE = 0xfade0cc0;
const MAGIC_DIRECTORY = 0xfade0c02;
const DIRECTORY_VERSION = 0x20400;
const DIRECTORY_BYTES = 88;
/** The signature's own head and the one entry of its index. */
const SIGNATURE_HEAD_BYTES = 20;
/** `CS_ADHOC | CS_LINKER_SIGNED`. */
const FLAGS = 0x20002;
const HASH_SHA256 = 2;
const HASH_BYTES = 32;
const HASH_PAGE_BITS = 12;
const HASH_PAGE = 1 << HASH_PAGE_BITS;
const MAIN_BINARY = 1n;

interface Segment {
  at: number;
  name: string;
  fileOffset: number;
  fileSize: number;
}

/**
 * Returns the file with a signature that names it `identifier`.
 * @throws {Error} when it is no such file, is signed already, or has no room for one more command.
 */
export function signMachO(file: Uint8Array, identifier: string): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint32(0, true) !== MH_MAGIC_64) throw new Error("This is no 64-bit Mach-O file");
  const segments = readSegments(view);
  const text = segments.find(({ name }) => name === "__TEXT");
  const linkEdit = segments.find(({ name }) => name === "__LINKEDIT");
  if (!text || !linkEdit) throw new Error("This Mach-O file has no __TEXT or no __LINKEDIT");
  if (linkEdit.fileOffset + linkEdit.fileSize !== file.length) {
    throw new Error("There is something behind __LINKEDIT in this Mach-O file");
  }
  const start = align(file.length, 16);
  const size = signatureSize(start, identifier);
  const signed = new Uint8Array(start + size);
  signed.set(file);
  announce(new DataView(signed.buffer), linkEdit, start, size);
  signed.set(makeSignature(signed.subarray(0, start), text, identifier), start);
  return signed;
}

function readSegments(view: DataView): Segment[] {
  const segments: Segment[] = [];
  let at = HEADER_BYTES;
  for (let left = view.getUint32(HEADER.count, true); left > 0; left--) {
    const command = view.getUint32(at, true);
    if (command === LC_CODE_SIGNATURE) throw new Error("This Mach-O file is signed already");
    if (command === LC_SEGMENT_64) {
      const name = Array.from({ length: 16 }, (_, i) => view.getUint8(at + SEGMENT.name + i));
      segments.push({
        at,
        name: String.fromCharCode(...name.filter((byte) => byte !== 0)),
        fileOffset: Number(view.getBigUint64(at + SEGMENT.fileOffset, true)),
        fileSize: Number(view.getBigUint64(at + SEGMENT.fileSize, true)),
      });
    }
    at += view.getUint32(at + 4, true);
  }
  return segments;
}

/** Adds the command that points at the signature, and makes the last segment hold it. */
function announce(view: DataView, linkEdit: Segment, start: number, size: number): void {
  const commandBytes = view.getUint32(HEADER.bytes, true);
  const at = HEADER_BYTES + commandBytes;
  if (at + COMMAND_BYTES > firstContent(view)) {
    throw new Error("There is no room for a signature's command in this Mach-O file");
  }
  view.setUint32(at, LC_CODE_SIGNATURE, true);
  view.setUint32(at + 4, COMMAND_BYTES, true);
  view.setUint32(at + 8, start, true);
  view.setUint32(at + 12, size, true);
  view.setUint32(HEADER.count, view.getUint32(HEADER.count, true) + 1, true);
  view.setUint32(HEADER.bytes, commandBytes + COMMAND_BYTES, true);
  const fileSize = start + size - linkEdit.fileOffset;
  view.setBigUint64(linkEdit.at + SEGMENT.fileSize, BigInt(fileSize), true);
  view.setBigUint64(linkEdit.at + SEGMENT.vmSize, BigInt(align(fileSize, VM_PAGE)), true);
}

/** Where the first section's content begins; up to there, commands may go on. */
function firstContent(view: DataView): number {
  let first = Infinity;
  for (const { at } of readSegments(view)) {
    const count = view.getUint32(at + SEGMENT.sections, true);
    for (let index = 0; index < count; index++) {
      const offset = view.getUint32(
        at + SEGMENT.first + index * SECTION.bytes + SECTION.offset,
        true,
      );
      if (offset > 0) first = Math.min(first, offset);
    }
  }
  return first;
}

function signatureSize(codeBytes: number, identifier: string): number {
  const hashes = Math.ceil(codeBytes / HASH_PAGE) * HASH_BYTES;
  return SIGNATURE_HEAD_BYTES + DIRECTORY_BYTES + identifier.length + 1 + hashes;
}

function makeSignature(code: Uint8Array, text: Segment, identifier: string): Uint8Array {
  const signature = new Uint8Array(signatureSize(code.length, identifier));
  const view = new DataView(signature.buffer);
  const pages = Math.ceil(code.length / HASH_PAGE);
  const hashesAt = DIRECTORY_BYTES + identifier.length + 1;
  const head = [MAGIC_SIGNATURE, signature.length, 1, 0, SIGNATURE_HEAD_BYTES];
  const directory = [
    MAGIC_DIRECTORY,
    signature.length - SIGNATURE_HEAD_BYTES,
    DIRECTORY_VERSION,
    FLAGS,
    hashesAt,
    DIRECTORY_BYTES,
    0,
    pages,
    code.length,
    HASH_BYTES << 24 | HASH_SHA256 << 16 | HASH_PAGE_BITS,
  ];
  [...head, ...directory].forEach((word, index) => view.setUint32(index * 4, word >>> 0));
  const last = SIGNATURE_HEAD_BYTES + DIRECTORY_BYTES - 24;
  view.setBigUint64(last, BigInt(text.fileOffset));
  view.setBigUint64(last + 8, BigInt(text.fileSize));
  view.setBigUint64(last + 16, MAIN_BINARY);
  signature.set(new TextEncoder().encode(identifier), SIGNATURE_HEAD_BYTES + DIRECTORY_BYTES);
  for (let page = 0; page < pages; page++) {
    const bytes = code.subarray(page * HASH_PAGE, (page + 1) * HASH_PAGE);
    const hash = createHash("sha256").update(bytes).digest();
    signature.set(hash, SIGNATURE_HEAD_BYTES + hashesAt + page * HASH_BYTES);
  }
  return signature;
}

function align(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
