/** Functions of `network` that try to reach other machines. @module */
import { lookup, reverse } from "node:dns/promises";
import { connect } from "node:net";
import { SaltInvocationError } from "../../../errors.ts";
import { addressesOf, readInterfaces } from "../../../host/mod.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { runProgram } from "../_program.ts";

const host = { type: "string", required: true, doc: "Name or address." } as const;

/** A host name without anything that a program could take for more than that. */
function plainHost(text: string): string {
  const plain = text.slice(0, 255).replace(/[^0-9A-Za-z_.:-]/g, "").replace(/^-+/, "");
  if (plain === "") throw new SaltInvocationError(`"${text}" is not the name of a host`);
  return plain;
}

async function ping(
  ctx: ExecContext,
  args: { host: string; timeout: Data; return_boolean: boolean },
): Promise<Data> {
  const wait = args.timeout ? ["-W", String(Number(pyStr(args.timeout)) || 1)] : [];
  const argv = ["ping", ...wait, "-c", "4", plainHost(args.host)];
  const { retcode, stdout, stderr } = await runProgram(ctx, argv, {
    ignoreRetcode: args.return_boolean,
  });
  if (args.return_boolean) return retcode === 0;
  return (stdout + stderr).trimEnd();
}

/** One hop of `traceroute`'s output. */
function parseHop(line: string): DataMap | undefined {
  const silent = /^\s*(\d+)\s+\* \* \*/.exec(line);
  if (silent) return { count: Number(silent[1]), hostname: "*" };
  const match = /^\s*(\d+)\s+(\S+) \(([^)]+)\)\s+([\d.]+) ms\s+([\d.]+) ms\s+([\d.]+) ms/.exec(
    line,
  );
  if (!match) return undefined;
  const [, count, hostname, ip, ms1, ms2, ms3] = match;
  return {
    count: Number(count),
    hostname: hostname!,
    ip: ip!,
    ms1: Number(ms1),
    ms2: Number(ms2),
    ms3: Number(ms3),
  };
}

interface Target {
  host: string;
  port: number;
  address: string;
  timeoutMs: number;
}

function connectTcp(target: Target, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: target.address, port: target.port, signal });
    const end = (reached: boolean) => {
      socket.destroy();
      resolve(reached);
    };
    socket.setTimeout(target.timeoutMs, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}

/** Sends something and waits for anything to come back. */
async function askUdp(target: Target): Promise<boolean> {
  const { createSocket } = await import("node:dgram");
  return await new Promise((resolve) => {
    const socket = createSocket(target.address.includes(":") ? "udp6" : "udp4");
    const end = (reached: boolean) => {
      clearTimeout(timer);
      socket.close();
      resolve(reached);
    };
    const timer = setTimeout(() => end(false), target.timeoutMs);
    socket.once("message", () => end(true));
    socket.once("error", () => end(false));
    socket.connect(target.port, target.address, () => socket.send("saltx"));
  });
}

async function tryConnect(ctx: ExecContext, name: string, port: Data, kwargs: DataMap) {
  const failure = (comment: string) => ({ result: false, comment });
  if (!name) return failure("Required argument, host, is missing.");
  if (!port) return failure("Required argument, port, is missing.");
  const proto = kwargs["proto"] === "udp" ? "udp" : "tcp";
  const family = kwargs["family"] === "ipv4" ? 4 : kwargs["family"] === "ipv6" ? 6 : 0;
  const shown = pyStr(port);
  let address: string;
  try {
    ({ address } = await lookup(plainHost(name), { family }));
  } catch {
    return failure(`Unable to resolve host ${name} on ${proto} port ${shown}`);
  }
  const timeoutMs = (Number(pyStr(kwargs["timeout"] ?? 5)) || 5) * 1000;
  const target = { host: name, port: Number(shown), address, timeoutMs };
  const valid = Number.isInteger(target.port) && target.port > 0 && target.port < 65536;
  const reached = valid &&
    await (proto === "udp" ? askUdp(target) : connectTcp(target, ctx.signal));
  const where = `${name} (${address}) on ${proto} port ${shown}`;
  return reached
    ? { result: true, comment: `Successfully connected to ${where}` }
    : failure(`Unable to connect to ${where}`);
}

async function wakeUp(mac: string, address: string, port: number): Promise<boolean> {
  const digits = mac.replace(/[:-]/g, "");
  if (!/^[0-9A-Fa-f]{12}$/.test(digits)) throw new SaltInvocationError("Invalid MAC address");
  const bytes = Buffer.from(digits, "hex");
  const packet = Buffer.concat([Buffer.alloc(6, 0xff), ...new Array<Buffer>(16).fill(bytes)]);
  const { createSocket } = await import("node:dgram");
  return await new Promise((resolve, reject) => {
    const socket = createSocket("udp4");
    socket.once("error", reject);
    socket.bind(() => {
      socket.setBroadcast(true);
      socket.send(packet, port, address, (error) => {
        socket.close();
        if (error) reject(error);
        else resolve(true);
      });
    });
  });
}

/** Reaching other machines. */
export const reachFunctions = {
  ping: fn({
    doc: "Pings another machine four times.",
    args: {
      host,
      timeout: { type: "any", default: false, doc: "Seconds to wait for each answer." },
      return_boolean: { type: "bool", default: false, doc: "Returns only whether it answered." },
    },
    example: "salt '*' network.ping archlinux.org\n" +
      "salt '*' network.ping archlinux.org timeout=3 return_boolean=True",
    run: (ctx, args) => ping(ctx, args),
  }),
  connect: fn({
    doc:
      "Tries to connect to a port. Takes `proto` (tcp, udp), `timeout` and `family` (ipv4, ipv6).",
    args: {
      host,
      port: { type: "any", doc: "The port." },
      kwargs: { type: "map", keywords: true, doc: "" },
    },
    example: "salt '*' network.connect archlinux.org 80\n" +
      "salt '*' network.connect archlinux.org 53 proto=udp timeout=3 family=ipv4",
    run: (ctx, args) => tryConnect(ctx, args.host, args.port, args.kwargs),
  }),
  traceroute: fn({
    doc: "Returns the hops on the way to another machine.",
    args: { host },
    example: "salt '*' network.traceroute archlinux.org",
    async run(ctx, args) {
      const argv = ["traceroute", plainHost(args.host)];
      const { stdout } = await runProgram(ctx, argv, {
        timeoutMs: 120_000,
        ignoreRetcode: true,
      });
      return stdout.split("\n").slice(1).map(parseHop).filter((hop) => hop !== undefined);
    },
  }),
  dig: fn({
    doc: "Returns what `dig` says of a name.",
    args: { host },
    example: "salt '*' network.dig archlinux.org",
    run: async (ctx, args) => (await runProgram(ctx, ["dig", plainHost(args.host)])).stdout,
  }),
  fqdns: fn({
    doc: "Returns the names that DNS has for this machine's addresses.",
    args: {},
    example: "salt '*' network.fqdns",
    async run() {
      const all = await readInterfaces();
      const own = [...addressesOf(all, "inet", false), ...addressesOf(all, "inet6", false)];
      const names = await Promise.all(own.map((item) => reverse(item).catch(() => [] as string[])));
      return { fqdns: [...new Set(names.flat())].sort() };
    },
  }),
  wol: fn({
    doc: "Wakes another machine by a packet to its network.",
    args: {
      mac: { type: "string", required: true, doc: "Its hardware address." },
      bcast: { type: "string", default: "255.255.255.255", doc: "Where to send the packet." },
      destport: { type: "int", default: 9, doc: "The port." },
    },
    example: "salt '*' network.wol 08:00:27:13:69:77\n" +
      "salt '*' network.wol 080027136977 255.255.255.255 7",
    run: (_ctx, args) => wakeUp(args.mac, args.bcast, args.destport),
  }),
};
