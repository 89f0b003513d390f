/**
 * The job cache of this host, in `cachedir`: that of the master where this is one.
 * (`salt/returners/local_cache.py`)
 * @module
 */
import { type JobCache, openJobCache } from "../../cache/mod.ts";
import type { Returner } from "../../loader/returner_types.ts";
import type { DataMap, PublishLoad, ReturnLoad } from "../../types/mod.ts";
import { formatJob } from "../runners/job_format.ts";

/** The returner `local_cache`. */
export const localCache: Returner = {
  name: "local_cache",
  doc: "The job cache in SQLite, in this host's cachedir.",
  open(ctx) {
    let opened: JobCache | undefined;
    const jobs = () => opened ??= openJobCache({ cachedir: String(ctx.opts["cachedir"]) });
    return {
      returner(returns) {
        jobs().batch(() => {
          for (const ret of returns) jobs().saveReturn(ret as unknown as ReturnLoad);
        });
        return Promise.resolve();
      },
      save_load(jid, load, minions) {
        jobs().saveLoad({ ...load, jid } as unknown as PublishLoad, minions ?? []);
        return Promise.resolve();
      },
      get_load(jid) {
        const job = jobs().load(jid);
        if (!job) return Promise.resolve({});
        const { load, minions } = job;
        const known = minions.length > 0 ? { Minions: minions } : {};
        return Promise.resolve({ ...load as unknown as DataMap, ...known });
      },
      get_jid(jid) {
        const returned = jobs().returns(jid).filter(({ ret }) => ret !== undefined);
        const entries = returned.map(({ id, ret }) => [id, { ...ret }]);
        return Promise.resolve(Object.fromEntries(entries));
      },
      get_jids() {
        const all = jobs().list({ limit: Infinity }).reverse();
        const entries = all.map(({ jid, load }) => [
          jid,
          formatJob(jid, load as unknown as DataMap),
        ]);
        return Promise.resolve(Object.fromEntries(entries));
      },
      clean_old_jobs() {
        const seconds = Number(ctx.option("keep_jobs_seconds") ?? 86_400);
        if (seconds > 0) jobs().clean(seconds);
        return Promise.resolve();
      },
      close() {
        opened?.close();
        return Promise.resolve();
      },
    };
  },
};
