/**
 * Version numbers in order.
 * @module
 */

interface Version {
  numbers: number[];
  /** Before the release itself: alpha, beta, candidate. */
  stage: number;
  count: number;
}

const STAGES = ["a", "b", "rc"];

function parse(text: string): Version {
  const match = /^v?(\d+(?:\.\d+)*)(?:[.~-]?(a|b|rc)(\d*))?/.exec(text.trim());
  if (!match) return { numbers: [], stage: STAGES.length, count: 0 };
  const stage = match[2] === undefined ? STAGES.length : STAGES.indexOf(match[2]);
  return { numbers: match[1]!.split(".").map(Number), stage, count: Number(match[3] ?? 0) };
}

/**
 * Negative when `a` is older than `b`, 0 when both are the same release, positive when it is newer.
 * What follows a release (`+12.gabcdef`) does not count; what is no version is older than any.
 * (`salt/version.py:SaltStackVersion`)
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  const length = Math.max(left.numbers.length, right.numbers.length);
  for (let i = 0; i < length; i++) {
    const difference = (left.numbers[i] ?? -1) - (right.numbers[i] ?? -1);
    // 3006 and 3006.0 are one release.
    if (difference !== 0 && !(i > 0 && (left.numbers[i] ?? 0) === (right.numbers[i] ?? 0))) {
      return difference;
    }
  }
  return left.stage - right.stage || left.count - right.count;
}
