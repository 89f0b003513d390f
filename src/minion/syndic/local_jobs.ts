/**
 * Publishes jobs of masters above on this host's master. (`salt/minion.py:Syndic.syndic_cmd`)
 * @module
 */
import { type LocalClient, openLocalClient } from "../../client/mod.ts";
import type { MasterOpts } from "../../config/mod.ts";
import { messageOf, SaltException } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import { type Data, type DataMap, isMap, type PublishLoad } from "../../types/mod.ts";

const log = getLogger("saltx.syndic");

/** Fields that a job keeps on its way down. */
const PASSED_ON = [
  "auth_list",
  "delimiter",
  "executor_opts",
  "master_id",
  "metadata",
  "module_executors",
  "ret_config",
  "ret_kwargs",
  "user",
];

/** Told of a job that was published: `minions`, `not_connected`, or an `error`. */
export type Told = (load: PublishLoad, reply: DataMap) => void;

/** The way to this host's master. */
export class LocalJobs {
  readonly #opts: MasterOpts;
  readonly #tell: Told;
  #client: Promise<LocalClient> | null = null;

  constructor(opts: MasterOpts, tell: Told) {
    this.#opts = opts;
    this.#tell = tell;
  }

  /** Publishes a job; what comes of it is told. Rejects never. */
  async publish(load: PublishLoad): Promise<void> {
    const kwargs: DataMap = {};
    for (const name of PASSED_ON) {
      if (load[name] !== undefined) kwargs[name] = load[name] as Data;
    }
    const { tgt, tgt_type, fun, arg, ret, jid } = load;
    log.info(`Job ${jid} (${fun}) came from a master above`);
    try {
      const client = await this.#open();
      const request = { tgt, tgt_type, fun, arg: [...arg], ret, jid, kwargs } as unknown as DataMap;
      const reply = (await client.command("publish", request))["load"];
      const published = isMap(reply) ? reply : {};
      const { minions = [], missing = [], not_connected = [] } = published;
      this.#tell(load, { minions, missing, not_connected });
    } catch (error) {
      log.warning(`Job ${jid} of a master above could not be published: ${messageOf(error)}`);
      const name = error instanceof SaltException ? error.name : "SaltClientError";
      this.#tell(load, { minions: [], error: { name, message: messageOf(error) } });
    }
  }

  close(): void {
    this.#client?.then((client) => client.close(), () => {});
  }

  async #open(): Promise<LocalClient> {
    this.#client ??= openLocalClient(this.#opts);
    try {
      return await this.#client;
    } catch (error) {
      this.#client = null;
      throw error;
    }
  }
}
