/** Functions of `network` about routes and neighbours. @module */
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { which } from "../../../process/mod.ts";
import { formatAddress, maskOf, parseAddress, parseNetwork } from "../../../text/ip.ts";
import type { DataMap } from "../../../types/mod.ts";
import { runProgram } from "../_program.ts";

/** A route in the shape of `network.routes`. */
interface Route extends DataMap {
  addr_family: string;
  destination: string;
  gateway: string;
  netmask: string;
  flags: string;
  interface: string;
}

const family = {
  type: "string",
  doc: "`inet` or `inet6`; both when left out.",
} as const;

function route(
  version: 4 | 6,
  destination: string,
  gateway: string,
  flags: string,
  device: string,
  netmask = "",
): Route {
  return {
    addr_family: version === 4 ? "inet" : "inet6",
    destination,
    gateway,
    netmask,
    flags,
    interface: device,
  };
}

/** The word behind `dev`, when that stands at a place. */
function deviceAt(words: string[], at: number): string {
  return words[at] === "dev" ? words[at + 1] ?? "" : "";
}

/** Reads `ip -4 route show table main`. (`network.py:_ip_route_linux`) */
export function parseRoutes4(text: string): Route[] {
  return text.split("\n").filter(Boolean).flatMap((line) => {
    const words = line.trim().split(/\s+/);
    if (words[0] === "unreachable") return [];
    if (words[0] === "default") {
      const gateway = words[1] === "via" ? words[2]! : "0.0.0.0";
      const device = deviceAt(words, words[1] === "via" ? 3 : 1);
      return [route(4, "0.0.0.0", gateway, "UG", device, "0.0.0.0")];
    }
    const network = parseNetwork(words[0]!, false);
    if (!network) return [];
    const destination = formatAddress(4, network.value);
    return [
      route(4, destination, "0.0.0.0", "U", deviceAt(words, 1), maskOf(4, network.prefix)),
    ];
  });
}

const otherKinds = new Set(
  "unicast broadcast throw unreachable prohibit blackhole nat anycast multicast".split(" "),
);

/** Reads `ip -6 route show table all`. */
export function parseRoutes6(text: string): Route[] {
  return text.split("\n").filter(Boolean).flatMap((line) => {
    const words = line.trim().split(/\s+/);
    if (otherKinds.has(words[0]!)) return [];
    if (words[0] === "default") {
      const gateway = words[1] === "via" ? words[2]! : "::";
      return [route(6, "::/0", gateway, "UG", deviceAt(words, words[1] === "via" ? 3 : 1))];
    }
    if (words[0] === "local") return [route(6, `${words[1]}/128`, "::", "U", deviceAt(words, 2))];
    return [route(6, words[0]!, "::", "U", deviceAt(words, 1))];
  });
}

/** Reads `netstat -A inet -rn` and `netstat -A inet6 -rn`, without their two lines of titles. */
export function parseNetstatRoutes(version: 4 | 6, text: string): Route[] {
  return text.split("\n").slice(2).filter(Boolean).flatMap((line) => {
    const words = line.trim().split(/\s+/);
    if (version === 4) {
      return [route(4, words[0]!, words[1]!, words[3]!, words[7] ?? "", words[2]!)];
    }
    if (words.length !== 6 && words.length !== 7) return [];
    return [route(6, words[0]!, words[1]!, words[2]!, words.at(-1)!)];
  });
}

function checkFamily(wanted: string | null): void {
  if (wanted !== null && wanted !== "inet" && wanted !== "inet6") {
    throw new CommandExecutionError(`Invalid address family ${wanted}`);
  }
}

async function routes(ctx: ExecContext, wanted: string | null): Promise<Route[]> {
  checkFamily(wanted);
  const read = async (...argv: string[]) => (await runProgram(ctx, argv)).stdout;
  const all = which("netstat")
    ? [
      ...parseNetstatRoutes(4, await read("netstat", "-A", "inet", "-rn")),
      ...parseNetstatRoutes(6, await read("netstat", "-A", "inet6", "-rn")),
    ]
    : [
      ...parseRoutes4(await read("ip", "-4", "route", "show", "table", "main")),
      ...parseRoutes6(await read("ip", "-6", "route", "show", "table", "all")),
    ];
  return wanted === null ? all : all.filter((item) => item.addr_family === wanted);
}

async function routeTo(ctx: ExecContext, ip: string): Promise<DataMap> {
  if (!parseAddress(ip)) throw new SaltInvocationError(`"${ip}" is not an IP address`);
  const { stdout, stderr, retcode } = await runProgram(ctx, ["ip", "route", "get", ip]);
  const match = /(?:via\s+([\w.:]+))?\s+dev\s+([\w.:-]+)\s+.*src\s+([\w.:]+)/.exec(
    stdout.split("\n")[0] ?? "",
  );
  if (retcode !== 0 || !match) {
    throw new CommandExecutionError(`There is no route to ${ip}: ${stderr.trim()}`);
  }
  return {
    destination: ip,
    gateway: match[1] ?? null,
    interface: match[2]!,
    source: match[3]!,
  };
}

/** Routes and neighbours. */
export const routeFunctions = {
  routes: fn({
    doc: "Lists the routes.",
    args: { family },
    example: "salt '*' network.routes",
    run: (ctx, args) => routes(ctx, args.family),
  }),
  default_route: fn({
    doc: "Lists the default routes.",
    args: { family },
    example: "salt '*' network.default_route",
    async run(ctx, args) {
      const targets = args.family === "inet"
        ? ["0.0.0.0", "default"]
        : args.family === "inet6"
        ? ["::/0", "default"]
        : ["0.0.0.0", "::/0", "default"];
      return (await routes(ctx, args.family)).filter((item) => targets.includes(item.destination));
    },
  }),
  get_route: fn({
    doc: "Returns by which gateway, interface and address this machine reaches another.",
    args: { ip: { type: "string", required: true, doc: "The other's address." } },
    example: "salt '*' network.get_route 10.10.10.10",
    run: (ctx, args) => routeTo(ctx, args.ip),
  }),
  arp: fn({
    doc: "Returns the addresses of neighbours by their hardware addresses.",
    args: {},
    example: "salt '*' network.arp",
    async run(ctx) {
      const neighbours: DataMap = {};
      for (const line of (await runProgram(ctx, ["arp", "-an"])).stdout.split("\n")) {
        const words = line.trim().split(/\s+/);
        if (words.length >= 4) neighbours[words[3]!] = words[1]!.replace(/^\(+|\)+$/g, "");
      }
      return neighbours;
    },
  }),
};
