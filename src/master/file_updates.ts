/**
 * Fetches what file servers serve from elsewhere: at the start, then each remote at its interval.
 * (`salt/master.py:FileserverUpdate`)
 * @module
 */
import type { MasterOpts } from "../config/mod.ts";
import { messageOf } from "../errors.ts";
import type { EventBusServer } from "../event/mod.ts";
import { getLogger } from "../logging/mod.ts";
import { backendName, readRemotes, updateGitfs } from "../plugins/fileserver/mod.ts";

const log = getLogger("saltx.fileserver");

/**
 * Begins, if there is anything to fetch. Returns how to end it.
 * @throws SaltConfigurationError when a remote is described wrongly.
 */
export function keepFilesFetched(opts: MasterOpts, bus: Pick<EventBusServer, "fire">): () => void {
  const backends = opts.fileserver_backend.map((name) => backendName(String(name)));
  if (!backends.includes("gitfs")) return () => {};
  const timers = new Set<ReturnType<typeof setTimeout>>();
  let stopped = false;
  const update = async (id: string, seconds: number): Promise<void> => {
    try {
      const changed = await updateGitfs(opts, (remote) => remote.id === id);
      if (opts.fileserver_events && changed) {
        bus.fire("salt/fileserver/gitfs/update", { changed: true, backend: "gitfs" });
      }
    } catch (error) {
      log.error(`Files cannot be fetched: ${messageOf(error)}`);
    }
    if (stopped) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      void update(id, seconds);
    }, seconds * 1000);
    timers.add(timer);
  };
  for (const { id, updateInterval } of readRemotes(opts)) void update(id, updateInterval);
  return () => {
    stopped = true;
    for (const timer of timers) clearTimeout(timer);
  };
}
