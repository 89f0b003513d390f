/** What the SELinux tools print. (`salt/modules/selinux.py`) @module */
import { SaltInvocationError } from "../../../errors.ts";
import { setKey } from "../../../text/set_key.ts";
import type { DataMap } from "../../../types/mod.ts";

/** Kinds of files by the letter that `semanage` takes. */
export const fileTypes: Readonly<Record<string, string>> = {
  a: "all files",
  f: "regular file",
  d: "directory",
  c: "character device",
  b: "block device",
  s: "socket",
  l: "symbolic link",
  p: "named pipe",
};

/** `semanage boolean -l`: State, Default and Description by name. */
export function parseBooleans(text: string): DataMap {
  const found: DataMap = {};
  for (const line of text.split("\n").slice(1)) {
    const match = /^(\S+)\s+\((\S+)\s*,\s*(\S+?)\)\s*(.*)$/.exec(line.trim());
    if (!match) continue;
    const [, name, state, usual, description] = match;
    setKey(found, name!, {
      State: state!,
      Default: usual!,
      Description: description!.split(/\s+/).join(" "),
    });
  }
  return found;
}

/** `semodule -lfull`, or `semodule -l` of old releases, which gives versions. */
export function parseModules(text: string, full: boolean): DataMap {
  const found: DataMap = {};
  for (const words of text.split("\n").map((line) => line.trim().split(/\s+/))) {
    const [first = "", second] = words;
    if (first === "") continue;
    const name = full ? second ?? "" : first;
    const enabled = words.length !== (full ? 4 : 3);
    setKey(found, name, { Enabled: enabled, Version: full ? null : second ?? null });
  }
  return found;
}

/** The four parts of a context. @throws SaltInvocationError when there are not four. */
export function parseContext(text: string): DataMap {
  const [user, role, type, ...level] = text.split(":");
  if (!user || !role || !type || level.length === 0 || level[0] === "") {
    throw new SaltInvocationError(
      `Invalid SELinux context string: ${text}. Expected "sel_user:sel_role:sel_type:sel_level"`,
    );
  }
  return { sel_user: user, sel_role: role, sel_type: type, sel_level: level.join(":") };
}

/** What an entry of `semanage fcontext -l` must be like. */
export interface ContextQuery {
  name: string;
  filetype: string | null;
  sel_type: string | null;
  sel_user: string | null;
  sel_level: string | null;
}

/** The entry of `semanage fcontext -l` for a file specification; null when there is none. */
export function findContext(text: string, wanted: ContextQuery): DataMap | null {
  for (const line of text.split("\n")) {
    if (!line.startsWith(`${wanted.name} `)) continue;
    const match = /^ +([a-z ]+?) +(\S+:\S+:\S+:\S+)\s*$/.exec(line.slice(wanted.name.length));
    if (!match) continue;
    const context = parseContext(match[2]!);
    const fits = (key: "sel_type" | "sel_user" | "sel_level") =>
      !wanted[key] || wanted[key] === context[key];
    const kind = wanted.filetype === null || fileTypes[wanted.filetype] === match[1];
    if (kind && fits("sel_type") && fits("sel_user") && fits("sel_level")) {
      return { filespec: wanted.name, filetype: match[1]!, ...context };
    }
  }
  return null;
}

/** The entry of `semanage port -l` that has a port, or a range; null when there is none. */
export function findPort(
  text: string,
  wanted: { sel_type: string | null; protocol: string; port: string },
): DataMap | null {
  for (const line of text.split("\n")) {
    const match = /^(\w+) +(\w+) +([\d\-, ]+)$/.exec(line.trim());
    if (!match || match[2] !== wanted.protocol) continue;
    if (wanted.sel_type && wanted.sel_type !== match[1]) continue;
    const port = match[3]!.trim();
    if (port.split(/,\s*/).includes(wanted.port)) {
      return { sel_type: match[1]!, protocol: match[2], port };
    }
  }
  return null;
}

/** Protocol and port of `tcp/8080`, or of the two given beside it. */
export function protocolAndPort(
  name: string,
  protocol: string | null,
  port: string | null,
): [protocol: string, port: string] {
  const pattern = /^(tcp|udp)\/(\d+(?:-\d+)?)$/;
  const match = pattern.exec(name) ?? pattern.exec(`${protocol}/${port}`);
  if (match) return [match[1]!, match[2]!];
  throw new SaltInvocationError(
    `Invalid name "${name}" format and protocol and port not provided or invalid: ` +
      `"${protocol}" "${port}".`,
  );
}
