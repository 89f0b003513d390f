/**
 * The options of a syndic: those of the master that it runs beside, and of the minion as which it signs
 * in at the master above. (`salt/config/__init__.py:syndic_config`)
 * @module
 */
import { SaltConfigurationError } from "../errors.ts";
import { loadMasterConfig, loadMinionConfig, type LoadOptions } from "./load.ts";
import type { MasterOpts, MinionOpts } from "./tables.ts";

/** Both sides of a syndic. */
export interface SyndicOpts {
  /** Of the master on this host; log and pid file are the syndic's. */
  lower: MasterOpts;
  /** As which it signs in above: `master` is `syndic_master`. */
  upper: MinionOpts;
}

/**
 * Loads `master` and `minion` of one folder.
 * @throws SaltConfigurationError as for these, and when no master above is named.
 */
export function loadSyndicConfig(o: LoadOptions = {}): SyndicOpts {
  const { overrides = {} } = o;
  const master = loadMasterConfig(o);
  const minion = loadMinionConfig({ ...o, overrides: {}, rememberId: false });
  if (master.syndic_master === "" || master.syndic_master.length === 0) {
    throw new SaltConfigurationError(
      `Option "syndic_master" of "${master.conf_file}" is empty: name the master above this one`,
    );
  }
  return {
    lower: {
      ...master,
      pidfile: overrides["pidfile"] === undefined ? master.syndic_pidfile : master.pidfile,
      log_file: master.syndic_log_file,
    },
    upper: {
      ...minion,
      cachedir: master.cachedir,
      master: master.syndic_master,
      master_type: "str",
      master_port: master.syndic_master_port ?? minion.master_port,
      master_finger: minion.syndic_finger || minion.master_finger,
      // A syndic is not started again by anybody when it ends. (`salt/minion.py:Syndic`)
      auth_safemode: true,
      drain_timeout: master.drain_timeout,
      user: master.user,
    },
  };
}
