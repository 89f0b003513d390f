/**
 * A real Redis server of a lab.
 * @module
 */
import { mkdir } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { programOf } from "../../scripts/services.ts";
import { type Daemon, runCommand } from "./commands.ts";
import type { Lab } from "./lab.ts";
import { freeEndpoint } from "./loopback.ts";
import { until } from "./until.ts";

/** How the server is to be. */
export interface RedisOptions {
  /** For logs, and where several of them run in one lab. */
  name?: string;
  /** Asked of clients. */
  password?: string;
  /** Another program than Debian's redis-server. */
  program?: string;
  /** More of its arguments: `["--cluster-enabled", "yes"]`. */
  args?: readonly string[];
}

/** Runs until the lab ends; what it has acknowledged survives {@linkcode RedisServer.kill}. */
export class RedisServer {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Where the servers of a cluster talk to each other. */
  readonly busPort: number;
  /** Its Unix socket. */
  readonly socket: string;
  readonly password: string | undefined;
  readonly #lab: Lab;
  readonly #argv: readonly string[];
  #daemon: Daemon | null = null;

  private constructor(
    lab: Lab,
    program: string,
    at: { host: string; port: number; busPort: number; dir: string },
    options: RedisOptions,
  ) {
    this.#lab = lab;
    this.name = options.name ?? "redis";
    this.host = at.host;
    this.port = at.port;
    this.busPort = at.busPort;
    this.socket = join(at.dir, "s");
    this.password = options.password;
    this.#argv = [
      ...[program, "--bind", at.host, "--port", String(at.port), "--dir", at.dir],
      ...["--cluster-port", String(at.busPort), "--cluster-announce-ip", at.host],
      ...["--unixsocket", this.socket, "--unixsocketperm", "600"],
      // A command is on the disk before it is answered.
      ...["--appendonly", "yes", "--appendfsync", "always", "--save", ""],
      ...(options.password === undefined ? [] : ["--requirepass", options.password]),
      ...(options.args ?? []),
    ];
  }

  /**
   * Starts a server on a free port and waits until it answers.
   * @throws Error when redis-server is not installed (`scripts/services.ts redis`) or does not start.
   */
  static async start(lab: Lab, options: RedisOptions = {}): Promise<RedisServer> {
    // To test with another release.
    const program = process.env["REDIS_SERVER"] ?? options.program ?? await programOf("redis");
    if (!program) throw new Error("There is no redis-server: run scripts/services.ts as root");
    const { host, publishPort: port, requestPort: busPort } = await freeEndpoint();
    const dir = join(lab.root, options.name ?? "redis");
    await mkdir(dir, { recursive: true });
    const server = new RedisServer(lab, program, { host, port, busPort, dir }, options);
    await server.resume();
    return server;
  }

  /** `redis://…` of it, with its password. */
  get url(): string {
    const login = this.password === undefined ? "" : `:${encodeURIComponent(this.password)}@`;
    return `redis://${login}${this.host}:${this.port}`;
  }

  /** Starts it again at the same address with the same data, and waits until it answers. */
  async resume(): Promise<void> {
    const daemon = this.#daemon = await this.#lab.daemon(this.name, this.#argv);
    await until(`${this.name} to answer`, () => daemon.status !== null || this.#answers());
    if (daemon.status !== null) {
      throw new Error(`${this.name} ended with ${daemon.status}:\n${daemon.log}`);
    }
  }

  /** Of its process. */
  get pid(): number {
    return this.#daemon?.pid ?? 0;
  }

  /** Ends it as a shutdown does. */
  async stop(): Promise<void> {
    await this.#daemon?.stop();
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    await this.#daemon?.stop("SIGKILL");
  }

  /**
   * Runs one command through redis-cli.
   * @returns what it prints, without the last newline.
   * @throws Error when it fails.
   */
  async command(...args: string[]): Promise<string> {
    const login = this.password === undefined ? {} : { REDISCLI_AUTH: this.password };
    const argv = ["redis-cli", "-e", "-h", this.host, "-p", String(this.port), ...args];
    const { code, stdout, stderr } = await runCommand(argv, { env: login });
    if (code !== 0) throw new Error(`redis-cli ${args.join(" ")} fails: ${stdout}${stderr}`);
    return stdout.replace(/\n$/, "");
  }

  /** Opens a port for TLS beside the other, by which the lab sees that it runs. */
  async openTls(): Promise<number> {
    const port = this.port === 65_535 ? 65_534 : this.port + 1;
    await this.command("CONFIG", "SET", "tls-port", String(port));
    return port;
  }

  /** Whether it serves commands; one that still loads its data does not. */
  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const client = connect(this.port, this.host, () => client.write("PING\r\n"));
      const end = (answer: boolean) => {
        client.destroy();
        resolve(answer);
      };
      client.once("data", (bytes) => end(/^(\+PONG|-NOAUTH)/.test(bytes.toString())));
      client.once("error", () => end(false)).once("close", () => end(false));
    });
  }
}

/** A certificate for `redis.test`, with its key, in a folder. */
export async function certificate(folder: string): Promise<{ cert: string; key: string }> {
  const dir = join(folder, "tls");
  await mkdir(dir, { recursive: true });
  const [cert, key] = [join(dir, "cert.pem"), join(dir, "key.pem")];
  const { code, stderr } = await runCommand([
    ...["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"],
    ...["-subj", "/CN=redis.test", "-addext", "subjectAltName=DNS:redis.test"],
    ...["-keyout", key, "-out", cert],
  ]);
  if (code !== 0) throw new Error(`openssl fails: ${stderr}`);
  return { cert, key };
}

/** Arguments of a server that {@linkcode RedisServer.openTls} is to be called on. */
export function tlsArgs(cert: string, key: string): string[] {
  return [
    ...["--tls-port", "0", "--tls-cert-file", cert, "--tls-key-file", key],
    ...["--tls-ca-cert-file", cert, "--tls-auth-clients", "no"],
  ];
}

/** Three servers that are a Redis Cluster. */
export async function startRedisCluster(lab: Lab): Promise<RedisServer[]> {
  const args = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
  const servers = await Promise.all(
    ["c1", "c2", "c3"].map((name) => RedisServer.start(lab, { name, args })),
  );
  for (const server of servers) {
    await server.command("CONFIG", "SET", "cluster-announce-ip", server.host);
  }
  const nodes = servers.map(({ host, port }) => `${host}:${port}`);
  await servers[0]!.command("--cluster", "create", ...nodes, "--cluster-yes");
  await until(
    "the cluster",
    async () => (await servers[2]!.command("CLUSTER", "INFO")).includes("cluster_state:ok"),
  );
  return servers;
}
