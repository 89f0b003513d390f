/**
 * The join record: what an initiator says about itself, and what the responder's verdict says back.
 * (docs/raet.md, section 6.4)
 * @module
 */
import { Reader, utf8, WireError, Writer } from "./wire.ts";

/** Fields by number. */
export const Field = {
  ID: 1,
  KIND: 2,
  VERIFY: 4,
  BOOT: 5,
  VERSION: 6,
  PARAMETERS: 7,
  RESET_TOKEN: 8,
  GRAINS: 9,
  VOUCH: 10,
  ASSOCIATION: 13,
} as const;

/** The kinds of estates. (historic RAET) */
export const EstateKind = { MASTER: 0, MINION: 1, SYNDIC: 2, CALLER: 3 } as const;

const KIND_NAMES = ["master", "minion", "syndic", "caller"];

/** `<id>_<kind>`. */
export function estateName(id: string, kind: number): string {
  return `${id}_${KIND_NAMES[kind] ?? "unknown"}`;
}

/** What each side tells the other about its limits. */
export interface Parameters {
  maxData: number;
  maxMessages: number;
  /** Bytes, in steps of 1 KiB. */
  maxMessage: number;
  /** s between signs of life. */
  alive: number;
  /** Bytes of a datagram that it takes. */
  maxDatagram: number;
}

const MAX_FIELDS = 32;
const PARAMETER_BYTES = 24;

/** Fields as bytes: type, length, value. */
export function writeRecord(fields: readonly [number, Uint8Array][]): Uint8Array {
  const w = new Writer(fields.reduce((sum, [, value]) => sum + 3 + value.length, 0));
  for (const [type, value] of fields) {
    w.u8(type);
    w.u16(value.length);
    w.raw(value);
  }
  return w.done();
}

/** The fields of a record. @throws WireError for repeated or unknown ones, unless they may be ignored. */
export function readRecord(bytes: Uint8Array): Map<number, Uint8Array> {
  const reader = new Reader(bytes);
  const fields = new Map<number, Uint8Array>();
  const known: readonly number[] = Object.values(Field);
  while (reader.left > 0) {
    const type = reader.u8();
    if (type === 0) break;
    const value = reader.raw(reader.u16()).slice();
    if (type >= 128) continue;
    if (!known.includes(type)) throw new WireError(`Field ${type} of the join record is unknown`);
    if (fields.has(type)) throw new WireError(`Field ${type} of the join record is repeated`);
    fields.set(type, value);
    if (fields.size > MAX_FIELDS) throw new WireError("The join record has too many fields");
  }
  return fields;
}

export function writeParameters(parameters: Parameters): Uint8Array {
  const w = new Writer(PARAMETER_BYTES);
  w.u32(parameters.maxData);
  w.u16(parameters.maxMessages);
  w.u32(Math.floor(parameters.maxMessage / 1024));
  w.u16(0);
  w.u16(25);
  w.u16(parameters.maxDatagram);
  w.u16(parameters.alive);
  w.at = PARAMETER_BYTES;
  return w.done();
}

export function readParameters(bytes: Uint8Array | undefined): Parameters {
  if (bytes?.length !== PARAMETER_BYTES) throw new WireError("The parameters are not 24 bytes");
  const r = new Reader(bytes);
  const parameters = {
    maxData: r.u32(),
    maxMessages: r.u16(),
    maxMessage: r.u32() * 1024,
    alive: 0,
    maxDatagram: 0,
  };
  r.raw(4);
  return { ...parameters, maxDatagram: r.u16(), alive: r.u16() };
}

/** What an initiator says about itself. */
export interface JoinRecord {
  id: string;
  kind: number;
  verify: Uint8Array;
  boot: Uint8Array;
  version: string;
  parameters: Parameters;
  /** msgpack of `autosign_grains`. */
  grains: Uint8Array | null;
  /** The RSA key's signature over these keys. */
  vouch: Uint8Array | null;
}

/** The bytes of a join record. */
export function writeJoin(join: JoinRecord): Uint8Array {
  const fields: [number, Uint8Array][] = [
    [Field.ID, utf8(join.id)],
    [Field.KIND, Uint8Array.of(join.kind)],
    [Field.VERIFY, join.verify],
    [Field.BOOT, join.boot],
    [Field.VERSION, utf8(join.version)],
    [Field.PARAMETERS, writeParameters(join.parameters)],
  ];
  if (join.grains) fields.push([Field.GRAINS, join.grains]);
  if (join.vouch) fields.push([Field.VOUCH, join.vouch]);
  return writeRecord(fields);
}

/** Reads a join record. @throws WireError when a field is missing or wrong. */
export function readJoin(bytes: Uint8Array): JoinRecord {
  const fields = readRecord(bytes);
  const sized = (type: number, length: number) => {
    const value = fields.get(type);
    if (value?.length !== length) throw new WireError(`Field ${type} of the join record is wrong`);
    return value;
  };
  const text = (type: number) => {
    const value = fields.get(type);
    if (value === undefined || value.length > 255) throw new WireError(`Field ${type} is wrong`);
    return new TextDecoder().decode(value);
  };
  return {
    id: text(Field.ID),
    kind: sized(Field.KIND, 1)[0]!,
    verify: sized(Field.VERIFY, 32),
    boot: sized(Field.BOOT, 8),
    version: fields.has(Field.VERSION) ? text(Field.VERSION) : "",
    parameters: readParameters(fields.get(Field.PARAMETERS)),
    grains: fields.get(Field.GRAINS) ?? null,
    vouch: fields.get(Field.VOUCH) ?? null,
  };
}

/** What a verdict says besides its status. */
export interface VerdictRecord {
  association: Uint8Array;
  verify: Uint8Array;
  resetToken: Uint8Array;
  parameters: Parameters;
}

/** The bytes of a verdict's record. */
export function writeVerdictRecord(verdict: VerdictRecord): Uint8Array {
  const { parameters } = verdict;
  const maxMessages = Math.min(65_535, parameters.maxMessages);
  return writeRecord([
    [Field.ASSOCIATION, verdict.association],
    [Field.VERIFY, verdict.verify],
    [Field.RESET_TOKEN, verdict.resetToken],
    [Field.PARAMETERS, writeParameters({ ...parameters, maxMessages })],
  ]);
}
