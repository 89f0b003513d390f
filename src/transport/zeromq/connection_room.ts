/**
 * How many connections the ports of a process may have open together. What lies between that and the
 * limit of open files stays for its own files, without which no request can be served.
 * @module
 */
import type { Socket } from "node:net";

/** Counts connections. */
export class ConnectionRoom {
  readonly #limit: number;
  readonly #forHost: number;
  #taken = 0;

  /** `forHost`: so many more, for programs of this host, so that an operator is let in to a full master. */
  constructor(limit: number, forHost: number) {
    this.#limit = limit;
    this.#forHost = forHost;
  }

  /** Connections that are open. */
  get taken(): number {
    return this.#taken;
  }

  /** False: it does not fit. Else it counts until {@linkcode leave}. */
  enter(socket: Pick<Socket, "remoteAddress" | "localAddress">): boolean {
    const room = isOfThisHost(socket) ? this.#limit + this.#forHost : this.#limit;
    if (this.#taken >= room) return false;
    this.#taken += 1;
    return true;
  }

  leave(): void {
    this.#taken -= 1;
  }
}

/** The address is one's own, or that which Linux talks from to any other of its own. */
function isOfThisHost(
  { remoteAddress, localAddress }: Pick<Socket, "remoteAddress" | "localAddress">,
): boolean {
  const [remote, local] = [remoteAddress, localAddress].map((one) => one?.replace(/^::ffff:/, ""));
  return remote !== undefined && (remote === local || remote === "127.0.0.1" || remote === "::1");
}
