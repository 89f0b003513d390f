/**
 * Takes out of an ELF file what is not loaded when it runs: symbols and debugging data, a fifth of
 * Node's executable. Done here since `strip` may be absent, and knows the host's processor only.
 * (System V ABI, ELF-64 object file format)
 * @module
 */

const MAGIC = 0x7f454c46;
const SHT_NOBITS = 8;
const SHF_ALLOC = 2n;
/** Where the file's header tells of the sections. */
const HEADER = { shoff: 40, shentsize: 58, shnum: 60, shstrndx: 62 } as const;
/** Fields of a section's header. */
const SECTION = { type: 4, flags: 8, offset: 24, size: 32 } as const;

interface Section {
  at: number;
  loaded: boolean;
  offset: number;
  /** In the file. */
  size: number;
}

/** Returns the file without what is not loaded, or the same bytes if it is no 64-bit little-endian ELF. */
export function stripElf(file: Uint8Array): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint32(0) !== MAGIC || file[4] !== 2 || file[5] !== 1) return file;
  const sections = readSections(view);
  const names = sections[view.getUint16(HEADER.shstrndx, true)];
  if (!names) return file;
  const loadedEnd = Math.max(
    ...sections.filter((section) => section.loaded).map(({ offset, size }) => offset + size),
  );
  const table = file.slice(sections[0]!.at, view.byteLength).subarray(0, tableSize(view));
  const tableView = new DataView(table.buffer, table.byteOffset, table.byteLength);
  const namesAt = aligned(loadedEnd);
  for (const section of sections) {
    const at = section.at - sections[0]!.at;
    if (section === names) tableView.setBigUint64(at + SECTION.offset, BigInt(namesAt), true);
    // An empty entry keeps the numbers of the others as they were.
    else if (!section.loaded) table.fill(0, at, at + view.getUint16(HEADER.shentsize, true));
  }
  const tableAt = aligned(namesAt + names.size);
  const result = new Uint8Array(tableAt + table.length);
  result.set(file.subarray(0, loadedEnd));
  result.set(file.subarray(names.offset, names.offset + names.size), namesAt);
  result.set(table, tableAt);
  new DataView(result.buffer).setBigUint64(HEADER.shoff, BigInt(tableAt), true);
  return result;
}

function aligned(offset: number): number {
  return (offset + 15) & ~15;
}

function tableSize(view: DataView): number {
  return view.getUint16(HEADER.shentsize, true) * view.getUint16(HEADER.shnum, true);
}

function readSections(view: DataView): Section[] {
  const start = Number(view.getBigUint64(HEADER.shoff, true));
  const entry = view.getUint16(HEADER.shentsize, true);
  return Array.from({ length: view.getUint16(HEADER.shnum, true) }, (_, index) => {
    const at = start + index * entry;
    const inFile = view.getUint32(at + SECTION.type, true) !== SHT_NOBITS;
    return {
      at,
      loaded: (view.getBigUint64(at + SECTION.flags, true) & SHF_ALLOC) !== 0n,
      offset: Number(view.getBigUint64(at + SECTION.offset, true)),
      size: inFile ? Number(view.getBigUint64(at + SECTION.size, true)) : 0,
    };
  });
}
