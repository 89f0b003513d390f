/**
 * Which messages may come from whom: what no row names is refused. Who it is follows from the
 * handshake, or from being a process of this host that may use its event bus; never from what a
 * message says. (docs/raet.md, section 3.3)
 * @module
 */
import { Kind } from "./frames.ts";
import { EstateKind } from "./join.ts";

/** Who sends. `pending`: an estate whose key is not accepted. `local`: a process of this host. */
export type Source = "master" | "minion" | "syndic" | "caller" | "pending" | "local";

/** Whose stack takes it. */
export type Role = "master" | "minion";

/** A message, as far as it matters here. */
export interface Letterhead {
  kind: number;
  /** Name of a yard, or `""` for the process that owns the road. */
  yard: string;
  share: string;
  corr: number;
  /** Whether a request with this `corr` was sent to that very source and waits for its answer. */
  awaited: boolean;
}

interface Row {
  from: readonly Source[];
  to: readonly Role[];
  /** The owner of the road, or any yard that a process has opened. */
  yard: "manor" | "named";
  /** `*`: whatever shares the yard has opened. */
  share: string;
  kinds: readonly number[];
  /** Only as an answer. */
  awaited?: true;
}

const ANSWERS = [Kind.REP, Kind.ERR];

/** The table. */
export const ALLOWED: readonly Row[] = [
  {
    from: ["minion", "caller"],
    to: ["master"],
    yard: "manor",
    share: "remote_cmd",
    kinds: [Kind.REQ],
  },
  { from: ["minion"], to: ["master"], yard: "manor", share: "fun", kinds: [Kind.SUB] },
  { from: ["master"], to: ["minion"], yard: "manor", share: "fun", kinds: [Kind.PUB] },
  { from: ["master"], to: ["minion"], yard: "manor", share: "", kinds: ANSWERS, awaited: true },
  {
    from: ["minion", "local"],
    to: ["master"],
    yard: "named",
    share: "*",
    kinds: [Kind.REQ, Kind.EVT],
  },
  {
    from: ["master", "local"],
    to: ["minion"],
    yard: "named",
    share: "*",
    kinds: [Kind.REQ, Kind.EVT],
  },
  {
    from: ["minion", "local"],
    to: ["master"],
    yard: "named",
    share: "*",
    kinds: ANSWERS,
    awaited: true,
  },
  {
    from: ["master", "local"],
    to: ["minion"],
    yard: "named",
    share: "*",
    kinds: ANSWERS,
    awaited: true,
  },
];

/** Whether `to` takes this message from `from`. */
export function isAllowed(from: Source, to: Role, letter: Letterhead): boolean {
  return ALLOWED.some((row) =>
    row.from.includes(from) && row.to.includes(to) &&
    (row.yard === "manor") === (letter.yard === "") &&
    (row.share === "*"
      ? letter.share !== "" || row.awaited === true
      : row.share === letter.share) &&
    row.kinds.includes(letter.kind) &&
    (row.awaited !== true || letter.awaited) &&
    (letter.kind !== Kind.REQ || letter.corr > 0)
  );
}

/** An estate's kind as a source. */
export function sourceOf(kind: number, accepted: boolean): Source {
  if (!accepted) return "pending";
  if (kind === EstateKind.MASTER) return "master";
  if (kind === EstateKind.MINION) return "minion";
  return kind === EstateKind.CALLER ? "caller" : "syndic";
}
