/** Functions of `network` about connections. @module */
import { readFileSync } from "node:fs";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { which } from "../../../process/mod.ts";
import { formatAddress } from "../../../text/ip.ts";
import type { DataMap } from "../../../types/mod.ts";
import { runProgram } from "../_program.ts";

/** An address as the kernel's tables have it: hexadecimal words in the machine's byte order. */
export function hexToIp(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.map((word) => word.match(/../g)!.reverse().join("")).join("");
  const value = BigInt(`0x${bytes}`);
  if (words.length === 1) return formatAddress(4, value);
  return value >> 32n === 0xffffn ? formatAddress(4, value & 0xffffffffn) : formatAddress(6, value);
}

/** Established connections in `/proc/net/tcp` or `/proc/net/tcp6`. */
export function parseEstablished(text: string): DataMap[] {
  return text.split("\n").slice(1).filter(Boolean).flatMap((line) => {
    const [, local = "", remote = "", state] = line.trim().split(/\s+/);
    if (state !== "01") return [];
    const [localAddress, localPort] = local.split(":");
    const [remoteAddress, remotePort] = remote.split(":");
    return [{
      local_addr: hexToIp(localAddress!),
      local_port: parseInt(localPort!, 16),
      remote_addr: hexToIp(remoteAddress!),
      remote_port: parseInt(remotePort!, 16),
    }];
  });
}

function readTable(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Reads `netstat -tulpnea`. */
export function parseNetstat(text: string): DataMap[] {
  return text.split("\n").flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const tcp = line.startsWith("tcp");
    if (!tcp && !line.startsWith("udp")) return [];
    // A UDP socket may or may not be in a state.
    const rest = tcp || !/^\d+$/.test(words[5] ?? "") ? words.slice(6) : words.slice(5);
    return [{
      proto: words[0]!,
      "recv-q": words[1]!,
      "send-q": words[2]!,
      "local-address": words[3]!,
      "remote-address": words[4]!,
      ...(tcp ? { state: words[5]! } : {}),
      user: rest[0] ?? "",
      inode: rest[1] ?? "",
      program: rest[2] ?? "",
    }];
  });
}

/** Reads `ss -tulpnea`. */
export function parseSs(text: string): DataMap[] {
  return text.split("\n").flatMap((line) => {
    const tcp = line.startsWith("tcp");
    if (!tcp && !line.startsWith("udp")) return [];
    const words = line.trim().split(/\s+/);
    const more = words.slice(6).join(" ");
    const state = words[1] === "ESTAB" ? "ESTABLISHED" : words[1]!;
    return [{
      proto: words[0]!,
      "recv-q": words[2]!,
      "send-q": words[3]!,
      "local-address": words[4]!,
      "remote-address": words[5]!,
      ...(tcp ? { state } : {}),
      user: /(?:^|\s)uid:(\S+)/.exec(more)?.[1] ?? 0,
      inode: /(?:^|\s)ino:(\S+)/.exec(more)?.[1] ?? 0,
      program: /users:\(\("([^"]*)"/.exec(more)?.[1] ?? "",
    }];
  });
}

async function listSockets(ctx: ExecContext): Promise<DataMap[]> {
  return which("netstat")
    ? parseNetstat((await runProgram(ctx, ["netstat", "-tulpnea"])).stdout)
    : parseSs((await runProgram(ctx, ["ss", "-tulpnea"])).stdout);
}

/** Connections. */
export const socketFunctions = {
  active_tcp: fn({
    doc: "Returns the established TCP connections.",
    args: {},
    example: "salt '*' network.active_tcp",
    run() {
      const found = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) =>
        parseEstablished(readTable(path))
      );
      return Object.fromEntries(found.entries());
    },
  }),
  netstat: fn({
    doc: "Lists sockets, with the programs behind them.",
    args: {},
    example: "salt '*' network.netstat",
    run: (ctx) => listSockets(ctx),
  }),
};
