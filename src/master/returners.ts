/**
 * What a master brings to returners: jobs (`master_job_cache`, `ext_job_cache`) and events
 * (`event_return`).
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import type { MasterOpts } from "../config/mod.ts";
import { messageOf } from "../errors.ts";
import type { EventBusServer } from "../event/mod.ts";
import { getLogger } from "../logging/mod.ts";
import { jobSource } from "../plugins/returners/job_copies.ts";
import { Returners } from "../plugins/returners/mod.ts";
import { enqueueAll, openOutbox, ReturnerOutbox } from "../plugins/returners/outbox.ts";
import { masterOption } from "../plugins/returners/master_option.ts";
import type { DataMap } from "../types/mod.ts";
import { EventGatherer } from "./event_return.ts";

const log = getLogger("saltx.master");

/** ms that what is under way gets at the end. */
const DRAIN_MS = 3000;

/** Starts bringing. The result stops it. */
export function startReturners(opts: MasterOpts, bus: EventBusServer): () => Promise<void> {
  const returners = new Returners({ opts: opts as unknown as DataMap, option: masterOption(opts) });
  const file = openOutbox(opts);
  const outbox = new ReturnerOutbox(
    file,
    returners,
    (ms, signal) => delay(ms, undefined, { signal }),
  );
  const names = [...opts.event_return];
  for (const name of names) void checkEvents(returners, name);
  const gatherer = new EventGatherer(opts, (events) => {
    for (const name of names) {
      enqueueAll(file, name, "event_return", events);
      outbox.wake(name);
    }
  });
  const stops = names.length > 0 ? [bus.onEvent("", (event) => gatherer.add(event))] : [];
  const source = jobSource(opts);
  // Workers put jobs and returns in before they tell the bus of them.
  if (source !== null) stops.push(bus.onEvent("salt/job/", () => outbox.wake()));
  const timer = setInterval(() => {
    outbox.wake();
    if (source !== null) void clean(returners, source);
  }, Math.max(1, opts.loop_interval) * 1000);
  outbox.wake();
  return async () => {
    clearInterval(timer);
    for (const stop of stops) stop();
    gatherer.flush();
    await outbox.close(DRAIN_MS);
  };
}

/** Says at the start what would never be stored. */
async function checkEvents(returners: Returners, name: string): Promise<void> {
  try {
    const returner = await returners.get(name);
    if (!returner.event_return) throw new Error(`returner ${name} stores no events`);
  } catch (error) {
    log.error(`event_return: events will NOT be stored: ${messageOf(error)}`);
  }
}

async function clean(returners: Returners, name: string): Promise<void> {
  try {
    await (await returners.get(name)).clean_old_jobs?.();
  } catch (error) {
    log.warning(`Old jobs cannot be removed by returner ${name}: ${messageOf(error)}`);
  }
}
