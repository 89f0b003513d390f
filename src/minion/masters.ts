/**
 * Which masters a minion is to connect to. (`salt/minion.py:MinionManager._spawn_minions`)
 * @module
 */
import { type MasterAddress, type MinionOpts, parseMasterAddress } from "../config/mod.ts";
import { EX, SaltConfigurationError } from "../errors.ts";

/** The settings that name masters. */
export type MasterSettings = Pick<
  MinionOpts,
  "master" | "master_port" | "master_type" | "master_uri_format"
>;

/** A master under the name that it has in the configuration. */
export interface NamedMaster extends MasterAddress {
  readonly name: string;
  /** File in `pki_dir` that keeps its key. The first master has Salt's file, each further one its own. */
  readonly masterKeyName: string;
}

/** The file of the first master's key. */
const FIRST_KEY = "minion_master.pub";

/**
 * The masters in their order; the same one twice counts once, and `warn` is told.
 * @throws SaltConfigurationError when there is none, or the kind of connection is not known here.
 */
export function listMasters(
  settings: MasterSettings,
  warn: (message: string) => void,
): NamedMaster[] {
  if (settings.master_type === "disable") return [];
  if (settings.master_type !== "str") {
    throw new SaltConfigurationError(
      `Cannot use "${settings.master_type}" for option "master_type": supported are "str" and ` +
        `"disable". With a list of masters, "str" connects to all of them at once.`,
    );
  }
  const entries = Array.isArray(settings.master) ? settings.master : [settings.master];
  const masters: NamedMaster[] = [];
  for (const entry of entries) {
    const name = String(entry).trim();
    const { host, port } = parseMasterAddress(name, settings);
    if (masters.some((known) => known.host === host && known.port === port)) {
      warn(`Master ${name} is listed twice in option "master"; it is used once`);
    } else masters.push({ name, host, port, masterKeyName: keyName(name, masters.length) });
  }
  if (masters.length > 0) return masters;
  throw new SaltConfigurationError(
    'Option "master" is an empty list: name at least one master in the minion\'s configuration',
    { exitCode: EX.MASTER_KEY },
  );
}

function keyName(name: string, index: number): string {
  return index === 0 ? FIRST_KEY : `minion_master_${name.replaceAll(/[^A-Za-z0-9._-]/g, "_")}.pub`;
}
