/**
 * Addresses and ports of this host that no other test uses.
 * @module
 */
import { randomInt } from "node:crypto";
import { connect, createServer, type Server } from "node:net";

/** Where one master listens. */
export interface Endpoint {
  host: string;
  publishPort: number;
  requestPort: number;
}

/** Whether something listens there. */
export function takesConnections({ host, port }: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function listen(host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, host, () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening");
  return address.port;
}

/**
 * Two free ports at an address of its own. All of 127.0.0.0/8 is loopback on Linux, so a random
 * address keeps the ports free after this returns: nobody else asks for a port there.
 */
export async function freeEndpoint(): Promise<Endpoint> {
  const host = `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(1, 255)}`;
  const servers = [await listen(host), await listen(host)];
  const [publishPort, requestPort] = servers.map(portOf);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  if (publishPort === undefined || requestPort === undefined) throw new Error("no ports");
  return { host, publishPort, requestPort };
}

/** Ports of 127.0.0.1 that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen("127.0.0.1")));
  const ports = servers.map(portOf);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}
