/**
 * What a minion does at events on its own bus. (`salt/minion.py:Minion.handle_event`)
 * @module
 */
import { messageOf } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import { type DataMap, isMap, type SaltEvent } from "../types/mod.ts";

const log = getLogger("saltx.minion");

/** What the events can bring about. */
export interface LocalActions {
  refreshModules(): Promise<unknown>;
  /** `cleanCache`: the master is to forget what it has compiled. */
  refreshPillar(cleanCache: boolean): Promise<unknown>;
  /** Whether the grains are others than before. */
  refreshGrains(): Promise<boolean>;
  /** Changes the schedule or the beacons. */
  manage(what: "schedule" | "beacons", request: DataMap): Promise<unknown>;
  /** A request to the master. */
  request(load: DataMap): Promise<unknown>;
  /** A return that a local program made. */
  sendReturn(load: DataMap): void;
  fireLocal(tag: string, data: DataMap): void;
  /** A program found the master gone. */
  masterLost(master: string): void;
  /** The first of several masters is there again. */
  masterBack(master: string): void;
  setEnvironment(name: string, value: string | null): void;
  environment(): string[];
}

type Handler = (data: DataMap, actions: LocalActions, event: SaltEvent) => Promise<unknown> | void;

/** Told by Salt's names. (`salt/defaults/events.py`) */
const MODULES_REFRESHED = "/salt/minion/minion_mod_refresh_complete";
const PILLAR_REFRESHED = "/salt/minion/minion_pillar_refresh_complete";

/** By the beginning of the tag. */
const HANDLERS: readonly (readonly [string, Handler])[] = [
  ["module_refresh", refreshModules],
  ["pillar_refresh", (data, actions) => refreshPillar(data["clean_cache"] === true, actions)],
  ["grains_refresh", refreshGrains],
  ["environ_setenv", setEnvironment],
  ["manage_schedule", (data, actions) => actions.manage("schedule", data)],
  ["manage_beacons", (data, actions) => actions.manage("beacons", data)],
  ["_minion_mine", (data, actions) => actions.request({ ...data, cmd: "_mine" })],
  ["fire_master", fireMaster],
  ["__beacons_return", fireBeacons],
  ["__schedule_return", (data, actions) => actions.sendReturn(data)],
  ["__master_disconnected", (data, actions) => actions.masterLost(String(data["master"]))],
  ["__master_failback", (data, actions) => actions.masterBack(String(data["master"]))],
  ["_salt_error", (data, actions, { tag }) => actions.request(eventRequest({ tag, data }))],
];

/** Beginnings of the tags that {@linkcode handleLocalEvent} obeys. */
export const LOCAL_TAGS: readonly string[] = HANDLERS.map(([prefix]) => prefix);

/** Obeys an event. Rejects never: what fails is told in the log. */
export async function handleLocalEvent(event: SaltEvent, actions: LocalActions): Promise<void> {
  const handler = HANDLERS.find(([prefix]) => event.tag.startsWith(prefix))?.[1];
  if (!handler) return;
  log.debug(`Handling event tag '${event.tag}'`);
  try {
    await handler(event.data, actions, event);
  } catch (error) {
    log.error(`The local event '${event.tag}' could not be obeyed: ${messageOf(error)}`, error);
  }
}

async function refreshModules(data: DataMap, actions: LocalActions): Promise<void> {
  await actions.refreshModules();
  if (data["notify"] === true) actions.fireLocal(MODULES_REFRESHED, { complete: true });
}

async function refreshPillar(cleanCache: boolean, actions: LocalActions): Promise<void> {
  await actions.refreshModules();
  try {
    await actions.refreshPillar(cleanCache);
  } catch (error) {
    log.error(
      `Pillar data could not be refreshed. One or more masters may be down! ${messageOf(error)}`,
    );
  }
  actions.fireLocal(PILLAR_REFRESHED, { complete: true });
}

async function refreshGrains(data: DataMap, actions: LocalActions): Promise<void> {
  const changed = await actions.refreshGrains();
  if (changed || data["force_refresh"] === true) await refreshPillar(false, actions);
}

function eventRequest(fields: DataMap): DataMap {
  return { cmd: "_minion_event", pretag: null, ...fields };
}

async function fireMaster(data: DataMap, actions: LocalActions): Promise<void> {
  const pretag = data["pretag"] ?? null;
  if (Array.isArray(data["events"]) && data["events"].length > 0) {
    await actions.request(eventRequest({ events: data["events"], pretag }));
  } else if (typeof data["tag"] === "string" && data["tag"] !== "") {
    await actions.request(eventRequest({ tag: data["tag"], data: data["data"] ?? {}, pretag }));
  }
}

async function fireBeacons(data: DataMap, actions: LocalActions): Promise<void> {
  if (Array.isArray(data["beacons"]) && data["beacons"].length > 0) {
    await actions.request(eventRequest({ events: data["beacons"] }));
  }
}

/** (`salt/modules/environ.py:setenv`) */
function setEnvironment(data: DataMap, actions: LocalActions): void {
  const environ = data["environ"];
  if (!isMap(environ)) return;
  const nothing = data["false_unsets"] === true ? null : "";
  if (data["clear_all"] === true) {
    for (const name of actions.environment()) {
      if (!Object.hasOwn(environ, name)) actions.setEnvironment(name, nothing);
    }
  }
  for (const [name, value] of Object.entries(environ)) {
    if (typeof value === "string") actions.setEnvironment(name, value);
    else if (value === false) actions.setEnvironment(name, nothing);
    else log.error(`Environment variable ${name} is not text; left as it is`);
  }
}
