/**
 * Events that minions ask the master to fire. (`salt/master.py:AESFuncs._minion_event`,
 * `salt/daemons/masterapi.py:RemoteFuncs._minion_event`)
 * @module
 */
import type { Caller } from "../../channel/gate.ts";
import { getLogger } from "../../logging/mod.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import { isValidMinionId } from "../../text/minion_id.ts";
import { refuseEvent } from "../event_policy.ts";
import { maySyndicate, noteSyndic } from "../syndics.ts";
import type { WorkerParts } from "../worker_parts.ts";

const log = getLogger("saltx.master");

/** Events that one request may carry. */
const MAX_EVENTS = 10_000;

/** One event, or a list of them with an optional `pretag`. */
export function fireMinionEvents(parts: WorkerParts, load: DataMap, caller: Caller): Data {
  const id = caller.id;
  if (id === null) return false;
  if (Array.isArray(load["events"])) {
    const pretag = typeof load["pretag"] === "string" ? load["pretag"] : "";
    const fire = pretag === `syndic/${id}` ? fireOfSyndic : fireOne;
    for (const event of load["events"].slice(0, MAX_EVENTS)) fire(parts, id, event, pretag);
    return null;
  }
  const tag = load["tag"];
  if (typeof tag !== "string") return false;
  if (allowed(id, tag)) {
    if (tag === `salt/syndic/${id}/start` && maySyndicate(id, parts.opts)) {
      noteSyndic(parts.opts.syndic_dir, id);
    }
    if (tag === `salt/minion/${id}/start` && isMap(load["grains"])) {
      parts.minions.setGrains(id, load["grains"]);
    }
    const { tok: _tok, nonce: _nonce, ...event } = load;
    parts.fire(tag, event);
  }
  return null;
}

function fireOne(parts: WorkerParts, id: string, event: Data, pretag: string): void {
  if (!isMap(event) || typeof event["tag"] !== "string") return;
  const tag = event["tag"];
  const data = isMap(event["data"]) ? event["data"] : { data: event["data"] ?? null };
  if (!allowed(id, tag)) return;
  parts.fire(tag, data);
  if (pretag !== "" && allowed(id, `${pretag}/${tag}`)) parts.fire(`${pretag}/${tag}`, data);
}

/** A lower master's events, under its own name; as they are, too, where it may fire them. */
function fireOfSyndic(parts: WorkerParts, id: string, event: Data, pretag: string): void {
  if (!isMap(event) || typeof event["tag"] !== "string") return;
  if (!maySyndicate(id, parts.opts)) {
    log.warning(`${id} may not act as a syndic here (order_masters, syndic_ids)`);
    return;
  }
  const { tag } = event;
  const data = isMap(event["data"]) ? event["data"] : { data: event["data"] ?? null };
  if (refuseEvent(id, tag) === null) parts.fire(tag, data);
  if (!allowed(id, `${pretag}/${tag}`)) return;
  const jid = /^(?:salt\/job\/)?(\d{20}(?:_\d+)?)(?:\/new)?$/.exec(tag)?.[1];
  if (jid !== undefined && Array.isArray(data["minions"])) {
    parts.jobs.addMinions(jid, data["minions"].filter(isValidMinionId));
  }
  parts.fire(`${pretag}/${tag}`, data);
}

function allowed(id: string, tag: string): boolean {
  const refused = refuseEvent(id, tag);
  if (refused !== null) {
    log.warning(`${id} may not fire ${JSON.stringify(tag.slice(0, 80))}: ${refused}`);
  }
  return refused === null;
}
