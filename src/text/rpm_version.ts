/**
 * Order of RPM package versions. (rpm: `rpmio/rpmvercmp.cc`; rpm-version(7))
 * @module
 */

/** `epoch:version-release` in parts. */
export interface RpmVersion {
  epoch: number;
  version: string;
  release: string;
}

/** Takes a version apart. (`salt/utils/pkg/rpm.py:version_to_evr`) */
export function parseRpmVersion(text: string): RpmVersion {
  const colon = text.indexOf(":");
  const epoch = colon < 0 ? 0 : Number(text.slice(0, colon));
  const rest = text.slice(colon + 1);
  const dash = rest.indexOf("-");
  return {
    epoch: Number.isSafeInteger(epoch) ? epoch : 0,
    version: dash < 0 ? rest : rest.slice(0, dash),
    release: dash < 0 ? "" : rest.slice(dash + 1),
  };
}

/** Runs of digits, runs of letters, `~` and `^`; all else only parts them. */
function segments(text: string): string[] {
  return text.match(/\d+|[A-Za-z]+|[~^]/g) ?? [];
}

function compareDigits(a: string, b: string): number {
  const [x, y] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  if (x.length !== y.length) return Math.sign(x.length - y.length);
  return x === y ? 0 : x < y ? -1 : 1;
}

/** Where one has `~` or `^` and the other something else, or nothing. */
function compareMarks(a: string | undefined, b: string | undefined): number {
  if (a === "~" || b === "~") return a === "~" ? -1 : 1;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  return a === "^" ? -1 : 1;
}

function compareParts(a: string, b: string): number {
  const [left, right] = [segments(a), segments(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [x, y] = [left[at], right[at]];
    if (x === y) continue;
    if ([x, y].some((one) => one === "~" || one === "^")) return compareMarks(x, y);
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    const [xDigits, yDigits] = [/\d/.test(x), /\d/.test(y)];
    if (xDigits !== yDigits) return xDigits ? 1 : -1;
    const order = xDigits ? compareDigits(x, y) : x < y ? -1 : 1;
    if (order !== 0) return order;
  }
  return 0;
}

/**
 * Compares two versions: -1, 0 or 1 when the first is older, the same or newer. Releases count only
 * where both have one.
 */
export function compareRpmVersions(a: string, b: string): number {
  const [x, y] = [parseRpmVersion(a), parseRpmVersion(b)];
  if (x.epoch !== y.epoch) return Math.sign(x.epoch - y.epoch);
  const order = compareParts(x.version, y.version);
  if (order !== 0 || x.release === "" || y.release === "") return order;
  return compareParts(x.release, y.release);
}
