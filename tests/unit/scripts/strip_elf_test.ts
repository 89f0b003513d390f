import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { stripElf } from "../../../scripts/build/strip_elf.ts";
import { addonBuild } from "../../../src/runtime/zmq_addon_files.ts";

const zeromq = fileURLToPath(new URL("../../../node_modules/zeromq", import.meta.url));
const HEADER = 64;
const ENTRY = 64;

/** A minimal ELF64 file: one loaded section, one of symbols behind it, then the names of all. */
function tinyElf(): Uint8Array {
  const code = new TextEncoder().encode("code that is loaded");
  const symbols = new Uint8Array(1000).fill(0xaa);
  const names = new TextEncoder().encode("\0.text\0.symtab\0.shstrtab\0");
  const offsets = [0, HEADER, HEADER + code.length, HEADER + code.length + symbols.length];
  const table = offsets[3]! + names.length;
  const file = new Uint8Array(table + 4 * ENTRY);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  view.setBigUint64(40, BigInt(table), true);
  view.setUint16(58, ENTRY, true);
  view.setUint16(60, 4, true);
  view.setUint16(62, 3, true);
  [code, symbols, names].forEach((content, index) => file.set(content, offsets[index + 1]!));
  [[1, 2n, code], [2, 0n, symbols], [3, 0n, names]].forEach(([type, flags, content], index) => {
    const at = table + (index + 1) * ENTRY;
    view.setUint32(at + 4, type as number, true);
    view.setBigUint64(at + 8, flags as bigint, true);
    view.setBigUint64(at + 24, BigInt(offsets[index + 1]!), true);
    view.setBigUint64(at + 32, BigInt((content as Uint8Array).length), true);
  });
  return file;
}

test("stripElf() - drops what is not loaded and keeps the section numbers and names", () => {
  const stripped = stripElf(tinyElf());
  assert.ok(stripped.length < tinyElf().length - 900);
  const view = new DataView(stripped.buffer, stripped.byteOffset);
  const table = Number(view.getBigUint64(40, true));
  assert.equal(table + 4 * ENTRY, stripped.length);
  const field = (section: number, at: number) =>
    Number(view.getBigUint64(table + section * ENTRY + at, true));
  const content = (section: number) =>
    new TextDecoder().decode(
      stripped.subarray(field(section, 24), field(section, 24) + field(section, 32)),
    );
  assert.equal(content(1), "code that is loaded");
  assert.equal(view.getUint32(table + 2 * ENTRY + 4, true), 0, "symbols are an empty entry");
  assert.match(content(3), /\.shstrtab/);
});

test("stripElf() - a second time changes nothing more", () => {
  const once = stripElf(tinyElf());
  assert.equal(Buffer.compare(stripElf(once), once), 0);
});

test("stripElf() - leaves other files alone", () => {
  const machO = new Uint8Array([0xcf, 0xfa, 0xed, 0xfe, 1, 2, 3, 4]);
  assert.equal(stripElf(machO), machO);
});

test("stripElf() - what it makes of zeromq's addon can still be loaded from", () => {
  const addon = readFileSync(join(zeromq, addonBuild("linux", "x64", "glibc")));
  const stripped = stripElf(addon);
  assert.ok(stripped.length < addon.length);
  // Program headers and everything they load are at the front and untouched, but for one pointer.
  const front = (file: Uint8Array) => file.slice(48, stripped.length - 4096);
  assert.equal(Buffer.compare(front(addon), front(stripped)), 0);
});
