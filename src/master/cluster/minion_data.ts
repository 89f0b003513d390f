/**
 * Grains, pillars and mine values of minions, on every master: what one learned, the others know.
 * @module
 */
import type { MinionData, SharedMine, SharedMinionData } from "../../cache/mod.ts";
import type { RedisArg } from "../../cache/redis_connection.ts";
import { isValidMinionId } from "../../text/minion_id.ts";
import { isMap } from "../../types/mod.ts";
import type { ClusterLink, Concern, Entry, Since } from "./link.ts";
import type { ClusterNames } from "./names.ts";

/** Minions or values at once. */
const BATCH = 200;

/** What it works with. */
export interface SharedDataParts {
  link: ClusterLink;
  names: ClusterNames;
  minions: SharedMinionData;
  mine: SharedMine;
}

/** One master's part in the data of minions. */
export class SharedMinions implements Concern {
  readonly #parts: SharedDataParts;

  constructor(parts: SharedDataParts) {
    this.#parts = parts;
  }

  /** Of each minion's grains and pillar the later ones hold; of mine values, what is missing is added. */
  async merge(_since: Since): Promise<void> {
    const { link, names, minions, mine } = this.#parts;
    const there = pairsOf(await link.send("HGETALL", names.minionTimes));
    const here = minions.times();
    const later = [...there].filter(([id, time]) => Number(time) > (here.get(id) ?? 0));
    for (const [id, time] of here) {
      if (time > Number(there.get(id) ?? 0)) minions.changes.add("minions", id);
    }
    await this.#fetchMinions(later.map(([id]) => id));
    const values = await link.send("HKEYS", names.mine);
    const shared = new Set(Array.isArray(values) ? values.map(String) : []);
    const own = new Set(mine.names().map(([id, fun]) => `${id}\n${fun}`));
    for (const name of own) {
      if (shared.has(name)) continue;
      const [id = "", fun = ""] = name.split("\n");
      mine.changes.add("mine", id, fun);
    }
    await this.#fetchMine([...shared].filter((name) => !own.has(name)));
  }

  async tell(): Promise<void> {
    await this.#tellMinions();
    await this.#tellMine();
  }

  async hear(entries: readonly Entry[]): Promise<void> {
    const list = (kind: string) =>
      entries.filter((entry) => entry.kind === kind)
        .flatMap(({ body: { names } }) => Array.isArray(names) ? names.map(String) : []);
    await this.#fetchMinions(list("minions"));
    await this.#fetchMine(list("mine"));
  }

  async #tellMinions(): Promise<void> {
    const { link, names, minions } = this.#parts;
    while (true) {
      const rows = minions.changes.next(BATCH);
      if (rows.length === 0) return;
      const ids = [...new Set(rows.map(({ first }) => first))];
      const commands = ids.flatMap((id): RedisArg[][] => {
        const data = minions.data(id);
        if (data === null) return [["HDEL", names.minions, id], ["HDEL", names.minionTimes, id]];
        const { grains, pillar, updated } = data;
        return [
          ["HSET", names.minions, id, link.sealed(names.minions, id, { grains, pillar, updated })],
          ["HSET", names.minionTimes, id, updated],
        ];
      });
      await link.transaction([...commands, link.entry("minions", { names: ids })]);
      minions.changes.done(rows);
    }
  }

  async #tellMine(): Promise<void> {
    const { link, names, mine } = this.#parts;
    while (true) {
      const rows = mine.changes.next(BATCH);
      if (rows.length === 0) return;
      const changed = [...new Set(rows.map(({ first, second }) => `${first}\n${second}`))];
      const commands = changed.map((name): RedisArg[] => {
        const [id = "", fun = ""] = name.split("\n");
        const value = mine.get(id, fun);
        return value === undefined
          ? ["HDEL", names.mine, name]
          : ["HSET", names.mine, name, link.sealed(names.mine, name, { value })];
      });
      await link.transaction([...commands, link.entry("mine", { names: changed })]);
      mine.changes.done(rows);
    }
  }

  /** Takes what Redis has of minions; forgets those of whom it has nothing. */
  async #fetchMinions(ids: readonly string[]): Promise<void> {
    const { link, names, minions } = this.#parts;
    const valid = [...new Set(ids)].filter(isValidMinionId);
    for (let at = 0; at < valid.length; at += BATCH) {
      const some = valid.slice(at, at + BATCH);
      const reply = await link.send("HMGET", names.minions, ...some);
      const values = some.map((id, i) => {
        const bytes = Array.isArray(reply) ? reply[i] : null;
        return { id, gone: bytes === null, data: link.opened(names.minions, id, bytes) };
      });
      minions.changes.quietly(() => {
        for (const { id, gone, data } of values) {
          if (gone) minions.forget([id]);
          else if (isMap(data)) minions.put(id, data as unknown as MinionData);
        }
      });
    }
  }

  async #fetchMine(wanted: readonly string[]): Promise<void> {
    const { link, names, mine } = this.#parts;
    const valid = [...new Set(wanted)].filter((name) => isValidMinionId(name.split("\n")[0] ?? ""));
    for (let at = 0; at < valid.length; at += BATCH) {
      const some = valid.slice(at, at + BATCH);
      const reply = await link.send("HMGET", names.mine, ...some);
      const values = some.map((name, i) => {
        const bytes = Array.isArray(reply) ? reply[i] : null;
        return { name, gone: bytes === null, data: link.opened(names.mine, name, bytes) };
      });
      mine.changes.quietly(() => {
        for (const { name, gone, data } of values) {
          const [id = "", fun = ""] = name.split("\n");
          if (gone) mine.remove(id, fun);
          else if (isMap(data)) mine.set(id, { [fun]: data["value"] ?? null }, false);
        }
      });
    }
  }
}

function pairsOf(reply: unknown): Map<string, string> {
  const list = Array.isArray(reply) ? reply.map(String) : [];
  const pairs = new Map<string, string>();
  for (let i = 0; i + 1 < list.length; i += 2) pairs.set(list[i]!, list[i + 1]!);
  return pairs;
}
