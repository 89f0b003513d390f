/**
 * Units of systemd and scripts of SysV: their names and files.
 * (`salt/modules/systemd_service.py`)
 * @module
 */
import { accessSync, constants, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { compareText } from "../../../text/py_text.ts";
import type { Data, DataMap } from "../../../types/mod.ts";

const types = new Set(
  ["service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer"],
);

const systemFolders = ["/lib/systemd/system", "/usr/lib/systemd/system"];

/** Where an operator's units are. */
export const localFolder = "/etc/systemd/system";

/** A unit's name as systemd knows it: a service needs no ending. */
export function unitName(name: string): string {
  return types.has(name.slice(name.lastIndexOf(".") + 1)) && name.includes(".")
    ? name
    : `${name}.service`;
}

/** The name that users call a unit by; undefined for what is no unit. */
function shortName(file: string): string | undefined {
  const at = file.lastIndexOf(".");
  if (at < 0 || !types.has(file.slice(at + 1))) return undefined;
  return file.slice(at + 1) === "service" ? file.slice(0, at) : file;
}

/** A path below another root. */
export function below(root: string | null, path: string): string {
  return root ? join(root, path) : path;
}

function namesIn(folder: string): string[] {
  try {
    return lstatSync(folder).isDirectory() ? readdirSync(folder) : [];
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Names of the units that have a file. */
function systemdNames(root: string | null): Set<string> {
  const folders = [...systemFolders, localFolder].map((folder) => below(root, folder));
  const names = folders.flatMap(namesIn).map(shortName);
  return new Set(names.filter((name) => name !== undefined));
}

/** Names of the scripts in `/etc/init.d` that no unit stands for. */
export function sysvNames(root: string | null, systemd = systemdNames(root)): string[] {
  const folder = below(root, "/etc/init.d");
  return namesIn(folder).filter((name) => !systemd.has(name) && isExecutable(join(folder, name)));
}

/** Names of all units and scripts that have a file, sorted. */
export function allNames(root: string | null): string[] {
  const systemd = systemdNames(root);
  return [...new Set([...systemd, ...sysvNames(root, systemd)])].sort(compareText);
}

/** Whether a script is started in a runlevel. */
export function isSysvEnabled(name: string, runlevel: string, root: string | null): boolean {
  const links = namesIn(below(root, `/etc/rc${runlevel}.d`));
  return links.some((link) => /^S\d{0,2}/.test(link) && link.replace(/^S\d{0,2}/, "") === name);
}

/** Whether a unit is masked: its file leads nowhere. */
export function isMasked(name: string, runtime: boolean, root: string | null): boolean {
  const folder = below(root, runtime ? "/run/systemd/system" : localFolder);
  try {
    return readlinkSync(join(folder, unitName(name))) === "/dev/null";
  } catch {
    return false;
  }
}

/** Whether a link of an instance is in one of the folders below an operator's units. */
export function hasInstanceLink(name: string): boolean {
  let entries;
  try {
    entries = readdirSync(localFolder, { recursive: true, withFileTypes: true });
  } catch {
    return false;
  }
  return entries.some((entry) => entry.isSymbolicLink() && entry.name === name);
}

/** Units of a list of systemctl whose word in some column is as wanted. */
export function parseUnitList(text: string, column: number, state: string): string[] {
  const names = text.split("\n").map((line) => line.split(/\s+/).filter(Boolean))
    .filter((words) => words[column] === state)
    .map(([first]) => shortName(first!));
  return [...new Set(names.filter((name) => name !== undefined))];
}

const lists = new Set(["Before", "After", "Wants"]);

/** A value in braces: `{ path=/bin/x ; argv[]=/bin/x -d ; … }`. */
function parseBraces(value: string): DataMap {
  const pairs = value.replace(/[{}]/g, "").split(" ; ").map((item) => {
    const at = item.indexOf("=");
    return at < 0 ? [item.trim(), ""] : [item.slice(0, at).trim(), item.slice(at + 1).trim()];
  });
  return Object.fromEntries(pairs);
}

/** What `systemctl show` prints. */
export function parseShow(text: string): DataMap {
  const properties = new Map<string, Data>();
  for (const line of text.split("\n")) {
    const at = line.indexOf("=");
    const name = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? "" : line.slice(at + 1);
    if (value.startsWith("{")) properties.set(name, parseBraces(value));
    else if (lists.has(name)) properties.set(name, value.split(/\s+/).filter(Boolean));
    else properties.set(name, value);
  }
  return Object.fromEntries(properties);
}
