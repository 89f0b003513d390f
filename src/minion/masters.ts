/**
 * Which masters a minion is to connect to, and in which order.
 * (`salt/minion.py:MinionManager._spawn_minions, MinionBase.eval_master`)
 * @module
 */
import { crc32 } from "node:zlib";
import { type MasterAddress, type MinionOpts, parseMasterAddress } from "../config/mod.ts";
import { EX, SaltConfigurationError } from "../errors.ts";

/** The settings that name masters. */
export type MasterSettings =
  & Pick<MinionOpts, "id" | "master" | "master_port" | "master_type" | "master_uri_format">
  & Pick<MinionOpts, "master_failback" | "random_master" | "master_shuffle">
  & Pick<MinionOpts, "master_finger">;

/** A master under the name that it has in the configuration. */
export interface NamedMaster extends MasterAddress {
  readonly name: string;
  /** File in `pki_dir` that keeps its key. The first master has Salt's file, each further one its own. */
  readonly masterKeyName: string;
  /** Fingerprint that its key must have; empty for any. */
  readonly finger: string;
}

/** The file of the first master's key. */
const FIRST_KEY = "minion_master.pub";

/**
 * The masters in the order in which they are configured; the same one twice counts once, and `warn` is
 * told. With `master_type: func`, `master` is what the function gave.
 * @throws SaltConfigurationError when there is none, or one cannot be an address.
 */
export function listMasters(
  settings: MasterSettings,
  warn: (message: string) => void,
): NamedMaster[] {
  if (settings.master_type === "disable") return [];
  const entries = Array.isArray(settings.master) ? settings.master : [settings.master];
  const fingers = fingersOf(settings, entries.length);
  const masters: NamedMaster[] = [];
  for (const [index, entry] of entries.entries()) {
    const name = String(entry).trim();
    const { host, port } = parseMasterAddress(name, settings);
    if (masters.some((known) => known.host === host && known.port === port)) {
      warn(`Master ${name} is listed twice in option "master"; it is used once`);
      continue;
    }
    const finger = fingers[index] ?? "";
    masters.push({ name, host, port, masterKeyName: keyName(name, masters.length), finger });
  }
  if (masters.length > 0) return masters;
  throw new SaltConfigurationError(
    'Option "master" is an empty list: name at least one master in the minion\'s configuration',
    { exitCode: EX.MASTER_KEY },
  );
}

/**
 * The connections to hold: one for each master, or one that goes from master to master, in the order
 * in which it is to try them.
 * @param random 0 to 1, as Math.random.
 * @throws as {@linkcode listMasters}.
 */
export function planConnections(
  settings: MasterSettings,
  warn: (message: string) => void,
  random: () => number,
): NamedMaster[][] {
  const masters = listMasters(settings, warn);
  if (settings.master_type === "disable") return [];
  if (settings.master_type === "str") return masters.map((master) => [master]);
  if (settings.master_shuffle) {
    warn(
      "Use of 'master_shuffle' detected. 'master_shuffle' is deprecated in favor of " +
        "'random_master'. Please update your minion config file.",
    );
  }
  if (settings.master_type === "distributed" && masters.length < 2) {
    warn("master_type = distributed needs more than 1 master.");
  }
  return [orderMasters(masters, settings, random)];
}

/** The order in which one connection tries its masters. */
export function orderMasters(
  masters: readonly NamedMaster[],
  settings: MasterSettings,
  random: () => number,
): NamedMaster[] {
  const shuffles = settings.random_master || settings.master_shuffle;
  let fixed = settings.master_type === "failover" && settings.master_failback ? 1 : 0;
  let order = [...masters];
  if (settings.master_type === "distributed") {
    const own = order[crc32(settings.id) % order.length]!;
    order = [own, ...order.filter((master) => master !== own)];
    fixed = 1;
  }
  if (!shuffles) return order;
  return [...order.slice(0, fixed), ...shuffled(order.slice(fixed), random)];
}

function shuffled<T>(items: T[], random: () => number): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}

/** `master_finger` is one for all masters, or a list with one for each. */
function fingersOf({ master_finger: finger }: MasterSettings, count: number): string[] {
  if (typeof finger === "string") return Array<string>(count).fill(finger);
  if (finger.length !== count) {
    throw new SaltConfigurationError(
      `Option "master_finger" lists ${finger.length} fingerprints, and "master" lists ${count} ` +
        `masters: give one for each master, in the same order ('' for none)`,
    );
  }
  return finger.map((text) => String(text ?? ""));
}

function keyName(name: string, index: number): string {
  return index === 0 ? FIRST_KEY : `minion_master_${name.replaceAll(/[^A-Za-z0-9._-]/g, "_")}.pub`;
}
