/**
 * What rpm says of packages. (`salt/utils/pkg/rpm.py`)
 * @module
 */
import type { ExecContext } from "../../loader/types.ts";
import { pyStr } from "../../text/py_repr.ts";

const x86 = ["x86_64", "x86_64_v2"];
const small = ["i386", "i486", "i586", "i686"];
const smallArm = ["armv5tel", "armv5tejl", "armv6l", "armv6hl", "armv7l", "armv7hl", "armv7hnl"];
const known = new Set([
  ...x86,
  ..."athlon amd64 ia32e ia64 geode".split(" "),
  ...small,
  ..."ppc ppc64 ppc64le ppc64iseries ppc64pseries s390 s390x".split(" "),
  ..."alpha alphaev4 alphaev45 alphaev5 alphaev56 alphapca56 alphaev6 alphaev67".split(" "),
  ..."alphaev68 alphaev7".split(" "),
  ...smallArm,
  ..."aarch64 sh3 sh4 sh4a".split(" "),
]);

/** Whether a word is an architecture that a name may end with. */
export function isArch(word: string): boolean {
  return known.has(word);
}

/** The machine's own architecture. */
export function ownArch(ctx: ExecContext): string {
  return pyStr(ctx.grains["osarch"] ?? "");
}

/** Whether both are of 32 bits and of one family. */
export function areSmall(arch: string, own: string): boolean {
  return [small, smallArm].some((list) => list.includes(arch) && list.includes(own));
}

/** A name, with its architecture where that is not the machine's own. */
export function fullName(name: string, arch: string, own: string): string {
  const usual = arch === own || arch === "noarch" || areSmall(arch, own) ||
    (x86.includes(arch) && x86.includes(own));
  return usual ? name : `${name}.${arch}`;
}

/** A name and the architecture that it ends with, if it does. */
export function splitArch(name: string): { name: string; arch: string | null } {
  const at = name.lastIndexOf(".");
  const arch = name.slice(at + 1);
  return at > 0 && (isArch(arch) || arch === "noarch")
    ? { name: name.slice(0, at), arch }
    : { name, arch: null };
}

/** A name without an architecture that is the machine's own. */
export function normalizeName(name: string, own: string): string {
  const { name: bare, arch } = splitArch(name);
  return arch !== null && fullName(bare, arch, own) === bare ? bare : name;
}

/** What rpm is asked for each package, a line each. */
export const queryFormat =
  "%{NAME}_|-%{EPOCH}_|-%{VERSION}_|-%{RELEASE}_|-%{ARCH}_|-(none)_|-%{INSTALLTIME}\\n";

/** One package, as Salt's functions return it. */
export interface RpmPackage {
  name: string;
  /** With epoch and release. */
  version: string;
  arch: string;
  repoid: string;
  install_date: string | null;
  install_date_time_t: number | null;
}

/** Seconds since 1970 as text. */
export function isoTime(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}`;
}

/** One line of an answer to {@linkcode queryFormat}; undefined when it is none. */
export function parseRpmLine(line: string, own: string): RpmPackage | undefined {
  const parts = line.split("_|-");
  if (parts.length !== 7) return undefined;
  const [name, epoch, version, release, arch, repoid, time] = parts as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const full = release === "" ? version : `${version}-${release}`;
  const installed = time === "(none)" || time === "0" ? null : Number(time);
  return {
    name: fullName(name, arch, own),
    version: epoch === "(none)" || epoch === "0" ? full : `${epoch}:${full}`,
    arch,
    repoid,
    install_date: installed === null ? null : `${isoTime(installed)}+00:00Z`,
    install_date_time_t: installed,
  };
}
