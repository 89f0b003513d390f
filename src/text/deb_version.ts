/**
 * Order of Debian package versions. (deb-version(7); `dpkg --compare-versions`)
 * @module
 */

/** What counts for order: `~` before the end, the end before letters, letters before all else. */
function order(char: string | undefined): number {
  if (char === "~") return -1;
  if (char === undefined || /\d/.test(char)) return 0;
  const code = char.charCodeAt(0);
  return /[A-Za-z]/.test(char) ? code : code + 256;
}

/** Compares runs of other characters and runs of digits in turn. */
function compareParts(a: string, b: string): number {
  let [i, j] = [0, 0];
  const isDigit = (char: string | undefined) => char !== undefined && /\d/.test(char);
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a[i])) || (j < b.length && !isDigit(b[j]))) {
      const difference = order(a[i]) - order(b[j]);
      if (difference !== 0) return difference;
      if (i < a.length) i++;
      if (j < b.length) j++;
    }
    const left = /^\d*/.exec(a.slice(i))![0];
    const right = /^\d*/.exec(b.slice(j))![0];
    const [x, y] = [left.replace(/^0+/, ""), right.replace(/^0+/, "")];
    if (x.length !== y.length) return x.length - y.length;
    if (x !== y) return x < y ? -1 : 1;
    i += left.length;
    j += right.length;
  }
  return 0;
}

interface DebVersion {
  epoch: number;
  upstream: string;
  revision: string;
}

function parse(version: string): DebVersion {
  const colon = version.indexOf(":");
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf("-");
  return {
    epoch: colon < 0 ? 0 : Number(version.slice(0, colon)) || 0,
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? "" : rest.slice(dash + 1),
  };
}

/** -1, 0 or 1: whether a version is before, as, or after another. */
export function compareDebVersions(a: string, b: string): -1 | 0 | 1 {
  const [x, y] = [parse(a.trim()), parse(b.trim())];
  const difference = x.epoch - y.epoch || compareParts(x.upstream, y.upstream) ||
    compareParts(x.revision, y.revision);
  return Math.sign(difference) as -1 | 0 | 1;
}
