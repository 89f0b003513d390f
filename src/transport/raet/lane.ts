/**
 * Lanes: processes of one host reach the daemon that owns the road, and each other, over its event
 * bus. Who may fire there is trusted as this host's own; minions cannot fire these tags.
 *
 * Tags, all below `saltx/lane/`:
 *
 * `open`                 from a process: `yard`, `shares` (name: list of sources); again within 15 s
 * `close`                `yard`
 * `send`                 `yard`, `number`, `kind`, `corr`, `ttl` (s), `share`, `dst` (list of three), `body`
 * `took`                 `yard`, `count`: messages read since it was opened
 * `to/<yard>`            to that process: `src`, `dst`, `kind`, `corr`, `body`
 * `fate/<yard>`          what became of `number`, or of `open`: `error` is null or why
 *                        not, `failure` a word for it
 *
 * @module
 */
import { messageOf } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import type { LaneBus } from "../types.ts";
import { RoadError } from "./errors.ts";
import { Kind } from "./frames.ts";
import type { Letter, Route, Router } from "./router.ts";
import { utf8 } from "./wire.ts";

const log = getLogger("saltx.transport.raet");

/** Beginning of the tags of lanes. */
export const LANE_TAG = "saltx/lane/";

/** Kinds by the names that they have on the bus. */
export const KIND_NAMES: Readonly<Record<string, number>> = {
  req: Kind.REQ,
  rep: Kind.REP,
  err: Kind.ERR,
  evt: Kind.EVT,
};

/** Opens a router to the processes that use a bus. @param maxBody bytes. @returns what ends it. */
export function openLane(
  bus: LaneBus,
  router: Router,
  { maxBody, now }: { maxBody: number; now: () => number },
): () => void {
  const deliver = (yard: string, { src, dst, kind, corr, body }: Letter) => {
    const name = Object.entries(KIND_NAMES).find(([, number]) => number === kind)?.[0] ?? "";
    bus.fire(`${LANE_TAG}to/${yard}`, { src: [...src], dst: [...dst], kind: name, corr, body });
  };
  const tell = (yard: string, number: number, error: Error | null) => {
    const failure = error instanceof RoadError ? error.failure : error && "closed";
    bus.fire(`${LANE_TAG}fate/${yard}`, { number, error: error && messageOf(error), failure });
  };
  const tries: Record<string, (yard: string, data: DataMap) => void> = {
    open: (yard, { shares }) => {
      router.open(yard, sharesIn(shares), (letter) => deliver(yard, letter), now());
      tell(yard, 0, null);
    },
    close: (yard) => router.close(yard),
    took: (yard, { count }) => router.took(yard, Number(count)),
    send: (yard, data) => {
      const letter = letterIn(data);
      if (letter.body.length > maxBody) {
        const size = `${letter.body.length} bytes are over ${maxBody} (max_event_size)`;
        throw new RoadError("too large", `A message between yards is too large: ${size}`);
      }
      const settled = (error: RoadError | null) => {
        tell(yard, Number(data["number"]), error);
      };
      router.send(yard, letter, settled, now());
    },
  };
  return bus.onEvent(LANE_TAG, ({ tag, data }) => {
    const act = tries[tag.slice(LANE_TAG.length)];
    const { yard } = data;
    if (!act || typeof yard !== "string" || !/^[A-Za-z0-9_.-]{1,64}$/.test(yard)) return;
    try {
      act(yard, data);
    } catch (error) {
      if (!(error instanceof RoadError)) log.error(`A lane failed: ${messageOf(error)}`, error);
      tell(yard, Number(data["number"] ?? 0), error as Error);
    }
  });
}

function sharesIn(shares: Data | undefined): Map<string, readonly string[]> {
  if (!isMap(shares)) throw new RoadError("refused", "shares is not a map");
  return new Map(
    Object.entries(shares).map(([name, sources]) => {
      return [name, Array.isArray(sources) ? sources.map(String) : []];
    }),
  );
}

function letterIn({ kind, corr, ttl, share, dst, body }: DataMap): Letter {
  const number = KIND_NAMES[String(kind)];
  const bytes = bodyBytes(body);
  const route = Array.isArray(dst) && dst.length === 3 &&
    dst.every((part) => part === null || (typeof part === "string" && part.length <= 255));
  const seconds = Number(ttl ?? 60);
  const good = number !== undefined && route && bytes !== null &&
    seconds > 0 && seconds <= 3600 && Number.isSafeInteger(corr ?? 0) && Number(corr ?? 0) >= 0;
  if (!good) {
    throw new RoadError("refused", "A message between yards lacks a field, or one is wrong");
  }
  return {
    src: [null, null, typeof share === "string" ? share : null],
    dst: dst as unknown as Route,
    kind: number,
    corr: Number(corr ?? 0),
    ttl: seconds * 1000,
    body: bytes,
  };
}

/** The bytes of a body. On the event bus, bytes that are UTF-8 come as a text. */
export function bodyBytes(body: Data | undefined): Uint8Array | null {
  if (typeof body === "string") return utf8(body);
  return body instanceof Uint8Array ? body : null;
}
