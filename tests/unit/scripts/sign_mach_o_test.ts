import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { signMachO } from "../../../scripts/build/sign_mach_o.ts";
import { addonBuild } from "../../../src/runtime/zmq_addon_files.ts";

const PAGE = 4096;
const SEGMENT_BYTES = 72;
const SECTION_BYTES = 80;

/** Two pages of code and some bytes of `__LINKEDIT`; `room` is what is free behind the commands. */
function tinyMachO(room: number): Uint8Array {
  const commandBytes = 2 * SEGMENT_BYTES + SECTION_BYTES;
  const codeAt = 32 + commandBytes + room;
  const file = new Uint8Array(2 * PAGE + 100).map((_, index) => index * 13);
  file.fill(0, 0, codeAt);
  const view = new DataView(file.buffer);
  view.setUint32(0, 0xfeedfacf, true);
  view.setUint32(16, 2, true);
  view.setUint32(20, commandBytes, true);
  const segment = (at: number, name: string, offset: number, size: number, sections: number) => {
    view.setUint32(at, 0x19, true);
    view.setUint32(at + 4, SEGMENT_BYTES + sections * SECTION_BYTES, true);
    file.set(new TextEncoder().encode(name), at + 8);
    view.setBigUint64(at + 40, BigInt(offset), true);
    view.setBigUint64(at + 48, BigInt(size), true);
    view.setUint32(at + 64, sections, true);
  };
  segment(32, "__TEXT", 0, 2 * PAGE, 1);
  view.setUint32(32 + SEGMENT_BYTES + 48, codeAt, true);
  segment(32 + SEGMENT_BYTES + SECTION_BYTES, "__LINKEDIT", 2 * PAGE, 100, 0);
  return file;
}

/** The last command, which has to be that of the signature. */
function signatureOf(file: Uint8Array): DataView {
  const view = new DataView(file.buffer, file.byteOffset);
  const at = 32 + view.getUint32(20, true) - 16;
  assert.equal(view.getUint32(at, true), 0x1d);
  const [start, size] = [view.getUint32(at + 8, true), view.getUint32(at + 12, true)];
  assert.equal(start + size, file.length);
  return new DataView(file.buffer, file.byteOffset + start, size);
}

test("signMachO() - every page of the signed file has its hash in the signature", () => {
  const signed = signMachO(tinyMachO(16), "tiny");
  const signature = signatureOf(signed);
  const directory = signature.getUint32(16);
  const field = (index: number) => signature.getUint32(directory + index * 4);
  const [hashesAt, identifierAt, pages, limit] = [field(4), field(5), field(7), field(8)];
  assert.equal(signature.getUint32(0), 0xfade0cc0);
  assert.equal(field(0), 0xfade0c02);
  assert.equal(limit, signed.length - signature.byteLength);
  assert.equal(pages, 3);
  const bytes = new Uint8Array(signature.buffer, signature.byteOffset, signature.byteLength);
  const name = bytes.subarray(directory + identifierAt, directory + identifierAt + 5);
  assert.equal(new TextDecoder().decode(name), "tiny\0");
  for (let page = 0; page < pages; page++) {
    const content = signed.subarray(page * PAGE, Math.min(limit, (page + 1) * PAGE));
    const hash = createHash("sha256").update(content).digest();
    const at = directory + hashesAt + page * 32;
    assert.equal(Buffer.compare(hash, bytes.subarray(at, at + 32)), 0, `page ${page}`);
  }
});

test("signMachO() - the last segment grows to hold the signature", () => {
  const signed = signMachO(tinyMachO(16), "tiny");
  const view = new DataView(signed.buffer, signed.byteOffset);
  const linkEdit = 32 + SEGMENT_BYTES + SECTION_BYTES;
  const size = Number(view.getBigUint64(linkEdit + 48, true));
  assert.equal(2 * PAGE + size, signed.length);
  assert.equal(view.getBigUint64(linkEdit + 32, true), 0x4000n);
});

test("signMachO() - refuses what it cannot sign, and says why", () => {
  assert.throws(() => signMachO(tinyMachO(15), "tiny"), /no room/);
  assert.throws(() => signMachO(signMachO(tinyMachO(16), "tiny"), "tiny"), /signed already/);
  assert.throws(() => signMachO(new Uint8Array(100), "tiny"), /no 64-bit Mach-O/);
  const zeromq = fileURLToPath(new URL("../../../node_modules/zeromq", import.meta.url));
  const addon = readFileSync(join(zeromq, addonBuild("darwin", "arm64", "libc")));
  assert.throws(() => signMachO(addon, "addon"), /signed already/);
});
