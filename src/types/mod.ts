/**
 * The field's words as types.
 *
 * Names that a peer, a user or a template can see keep Salt's spelling.
 * @module
 */

declare const brand: unique symbol;

/** Job id: 20 digits of UTC time, `YYYYmmddHHMMSSffffff`, with `_<pid>` after it under `unique_jid`. */
export type Jid = string & { readonly [brand]: "jid" };

/** A minion id that has passed {@linkcode isValidMinionId}: no `/`, `\`, NUL, `..`, at most 253 bytes. */
export type MinionId = string & { readonly [brand]: "minion" };

/**
 * An integral number that Salt holds as a float: Python tells `1.0` from `1`, JavaScript does not.
 * Made by the msgpack and YAML readers only; written back as a float. Use `Number(x)` to compute.
 */
export class Float extends Number {}

/** A value that can cross Salt's wire. */
export type Data =
  | null
  | boolean
  | number
  | bigint
  | string
  | Float
  | Uint8Array
  | Date
  | Data[]
  | DataMap;

/** A map on Salt's wire, with text keys. */
export type DataMap = { [key: string]: Data };

/** How a target is to be read. (`salt.utils.minions.CkMinions`) */
export type TgtType =
  | "glob"
  | "pcre"
  | "list"
  | "grain"
  | "grain_pcre"
  | "pillar"
  | "pillar_pcre"
  | "pillar_exact"
  | "compound"
  | "ipcidr"
  | "nodegroup"
  | "range";

/** Whom a job is for. */
export interface Target {
  tgt: string | string[];
  tgt_type: TgtType;
  /** Between the parts of a grain or pillar path; `:` when absent. */
  delimiter?: string;
}

/** Where a minion's key stands; the folders `minions`, `minions_pre`, `minions_rejected`, `minions_denied`. */
export type KeyState = "accepted" | "pending" | "rejected" | "denied";

/** An event on a bus. */
export interface SaltEvent {
  tag: string;
  data: DataMap;
}

/** The decrypted load of a publication, as a minion gets it. (`salt/master.py:ClearFuncs._prep_pub`) */
export interface PublishLoad {
  fun: string | string[];
  arg: Data[];
  tgt: string | string[];
  tgt_type: TgtType;
  jid: Jid;
  ret: string;
  user?: string;
  delimiter?: string;
  metadata?: DataMap;
  ret_config?: string;
  ret_kwargs?: DataMap;
  module_executors?: string | string[];
  executor_opts?: DataMap;
  [field: string]: unknown;
}

/** What a minion sends back for a job. (`salt/minion.py:Minion._return_pub`) */
export interface ReturnLoad {
  cmd: "_return";
  id: MinionId;
  jid: Jid;
  fun: string | string[];
  fun_args: Data[];
  return: Data;
  retcode: number | DataMap | Data[];
  success: boolean | DataMap | Data[];
  out?: string;
  [field: string]: unknown;
}

/** Whether a minion's part in a job ended with a return, by the name of the end. */
export function cameBack(end: string): boolean {
  return end === "returned" || end === "failed" || end === "interrupted";
}

/** Whether a value is a map, and not one of the other things that JavaScript calls objects. */
export function isMap(value: unknown): value is DataMap {
  return value !== null && typeof value === "object" && !Array.isArray(value) &&
    !(value instanceof Uint8Array) && !(value instanceof Date) && !(value instanceof Number);
}
