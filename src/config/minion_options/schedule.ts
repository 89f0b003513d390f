/**
 * What happens without being asked.
 * @module
 */
import { bool, float, int, oneOf } from "../option.ts";

/** Options of the minion. */
export const minionSchedule = {
  mine_enabled: bool(true, "yes", "Send mine data."),
  mine_functions: oneOf(["map", "list"], {}, "yes", "Functions whose results go into the mine."),
  mine_interval: int(60, "yes", "Minutes between mine updates."),
  mine_return_job: bool(false, "yes", "Show mine updates as jobs."),
  scheduler_before_connect: bool(false, "later", "Start the schedule before there is a master."),
  beacons: oneOf(["map", "list"], {}, "later", "Beacons to watch with."),
  beacons_before_connect: bool(false, "later", "Start beacons before there is a master."),
  loop_interval: float(
    1,
    "no",
    "Seconds between rounds of the minion; saltx waits for events instead.",
    { min: 0 },
  ),
};
