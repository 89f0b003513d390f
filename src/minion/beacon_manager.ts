/**
 * The beacons that are configured, and what changes them. (`salt/beacons/__init__.py:Beacon`,
 * `salt/minion.py:Minion.manage_beacons`)
 * @module
 */
import { copyMap } from "./copy_data.ts";
import { type Data, type DataMap, isMap } from "../types/mod.ts";

const TAG = "/salt/minion/minion_beacon";

/** Beacons that may be configured, sorted. */
const AVAILABLE = [
  ...["btmp", "cert_info", "diskusage", "inotify", "journald", "load", "log", "memusage"],
  ...["network_info", "network_settings", "pkg", "ps", "salt_monitor", "service", "sh", "status"],
  ...["swapusage", "wtmp"],
];

/** What it works with. */
export interface BeaconParts {
  /** The option `beacons`. */
  configured: DataMap;
  pillar(): DataMap;
  /** Fires on the minion's bus. */
  fire(tag: string, data: DataMap): void;
}

/** Beacons of a minion. */
export class BeaconManager {
  readonly #parts: BeaconParts;
  #opts: DataMap;

  constructor(parts: BeaconParts) {
    this.#parts = parts;
    this.#opts = copyMap(parts.configured);
  }

  /** Does what a request of the module `beacons` says, and tells the bus. The data of the event. */
  manage(request: DataMap): DataMap {
    const [tag, data] = this.#do(request);
    this.#parts.fire(TAG + tag, data);
    return data;
  }

  #do(request: DataMap): [tag: string, data: DataMap] {
    const name = String(request["name"] ?? "");
    const data = request["beacon_data"] ?? null;
    switch (request["func"]) {
      case "list":
        return ["s_list_complete", { complete: true, beacons: this.#listed(request) }];
      case "list_available":
        return ["s_list_available_complete", { complete: true, beacons: [...AVAILABLE] }];
      case "validate_beacon": {
        const valid = Array.isArray(data) && data.every(isMap);
        const vcomment = valid
          ? "Valid beacon configuration"
          : `Configuration for ${name} beacon must be a list.`;
        return ["_validation_complete", { complete: true, valid, vcomment }];
      }
      case "add":
      case "modify":
        return this.#set(request["func"], name, data);
      case "delete":
        return this.#delete(name);
      case "enable":
      case "disable": {
        const enabled = request["func"] === "enable";
        this.#opts["enabled"] = enabled;
        return [enabled ? "s_enabled_complete" : "s_disabled_complete", this.#done(true)];
      }
      case "enable_beacon":
      case "disable_beacon":
        return this.#enable(name, request["func"] === "enable_beacon");
      case "reset":
        this.#opts = {};
        return ["_reset_complete", this.#done(true, "Beacon configuration reset.")];
      default:
        return ["_unknown", {
          complete: false,
          comment: `There is no "${String(request["func"])}"`,
        }];
    }
  }

  #done(complete: boolean, comment?: string): DataMap {
    const beacons = copyMap(this.#opts);
    return { complete, ...(comment === undefined ? {} : { comment }), beacons };
  }

  #listed({ include_opts, include_pillar }: DataMap): DataMap {
    return copyMap({
      ...(include_pillar === false ? {} : this.#pillar()),
      ...(include_opts === false ? {} : this.#opts),
    });
  }

  #pillar(): DataMap {
    const found = this.#parts.pillar()["beacons"];
    return isMap(found) ? found : {};
  }

  #set(how: "add" | "modify", name: string, data: Data): [string, DataMap] {
    if (Object.hasOwn(this.#pillar(), name)) {
      const comment = how === "add"
        ? `Cannot update beacon item ${name}, because it is configured in pillar.`
        : `Cannot modify beacon item ${name}, it is configured in pillar.`;
      return [`_${how}_complete`, this.#done(false, comment)];
    }
    const known = how === "modify" || Object.hasOwn(this.#opts, name);
    this.#opts[name] = data;
    const comment = known
      ? `Updating settings for beacon item: ${name}`
      : `Added new beacon item: ${name}`;
    return [`_${how}_complete`, this.#done(true, comment)];
  }

  #delete(name: string): [string, DataMap] {
    if (Object.hasOwn(this.#pillar(), name)) {
      const comment = `Cannot delete beacon item ${name}, it is configured in pillar.`;
      return ["_delete_complete", this.#done(false, comment)];
    }
    const known = Object.hasOwn(this.#opts, name);
    delete this.#opts[name];
    const comment = known ? `Deleting beacon item: ${name}` : `Beacon item ${name} not found.`;
    return ["_delete_complete", this.#done(true, comment)];
  }

  #enable(name: string, enabled: boolean): [string, DataMap] {
    const tag = enabled ? "_enabled_complete" : "_disabled_complete";
    const what = enabled ? "enable" : "disable";
    if (Object.hasOwn(this.#pillar(), name)) {
      const comment = `Cannot ${what} beacon item ${name}, it is configured in pillar.`;
      return [tag, this.#done(false, comment)];
    }
    const config = this.#opts[name];
    if (isMap(config)) this.#opts[name] = { ...config, enabled };
    else if (Array.isArray(config)) {
      const others = config.filter((item) => !isMap(item) || !Object.hasOwn(item, "enabled"));
      this.#opts[name] = [...others, { enabled }];
    }
    const comment = `${enabled ? "Enabling" : "Disabling"} beacon item ${name}`;
    return [tag, this.#done(true, comment)];
  }
}
