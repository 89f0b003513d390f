/**
 * The events that answer what the modules `schedule` and `beacons` ask on a minion's bus; Salt gives
 * none for `modify`, `run_job` and `reload` of the schedule.
 * @module
 */
import { SaltClientError } from "../errors.ts";
import type { EventClient } from "../event/mod.ts";
import type { DataMap } from "../types/mod.ts";
import type { Managed } from "./timed.ts";

const TAG = "/salt/minion/minion_";

const REPLIES: Readonly<Record<Managed, Readonly<Record<string, string>>>> = {
  schedule: {
    add: "schedule_add_complete",
    delete: "schedule_delete_complete",
    enable: "schedule_enabled_complete",
    disable: "schedule_disabled_complete",
    enable_job: "schedule_enabled_job_complete",
    disable_job: "schedule_disabled_job_complete",
    postpone_job: "schedule_postpone_job_complete",
    skip_job: "schedule_skip_job_complete",
    list: "schedule_list_complete",
    save_schedule: "schedule_saved",
    get_next_fire_time: "schedule_next_fire_time_complete",
    job_status: "schedule_job_status_complete",
  },
  beacons: {
    list: "beacons_list_complete",
    list_available: "beacons_list_available_complete",
    validate_beacon: "beacon_validation_complete",
    add: "beacon_add_complete",
    modify: "beacon_modify_complete",
    delete: "beacon_delete_complete",
    enable: "beacons_enabled_complete",
    disable: "beacons_disabled_complete",
    enable_beacon: "beacon_enabled_complete",
    disable_beacon: "beacon_disabled_complete",
    reset: "beacon_reset_complete",
  },
};

/** ms to wait for an answer. (`salt/modules/schedule.py`) */
const PATIENCE = 30_000;

/** Asks the minion behind a bus, and waits for its answer; null: none came. */
export async function manageOverBus(
  events: EventClient,
  what: Managed,
  request: DataMap,
): Promise<DataMap | null> {
  const reply = REPLIES[what][String(request["func"])];
  if (reply === undefined) {
    await events.fire(`manage_${what}`, request);
    return {};
  }
  const subscription = events.subscribe(TAG + reply);
  try {
    await subscription.ready;
    await events.fire(`manage_${what}`, request);
    return (await subscription.next(PATIENCE))?.data ?? null;
  } catch (error) {
    // There is no bus, because no minion runs here.
    if (error instanceof SaltClientError) return null;
    throw error;
  } finally {
    subscription.close();
  }
}
