/**
 * A real PostgreSQL server of a lab.
 * @module
 */
import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { programOf } from "../../scripts/services.ts";
import { findUser } from "../../src/process/mod.ts";
import { type Daemon, runCommand } from "./commands.ts";
import type { Lab } from "./lab.ts";
import { freeEndpoint } from "./loopback.ts";

/** Whose processes they are. */
interface Owner {
  uid: number;
  gid: number;
}

/** Runs until the lab ends; what it has committed survives {@linkcode PostgresServer.kill}. */
export class PostgresServer {
  readonly host: string;
  readonly port: number;
  /** Superuser, with {@linkcode PostgresServer.password}, over TCP. */
  readonly user = "salt";
  readonly password = "salt-secret";
  /** The database that is there from the start. */
  readonly database = "postgres";
  readonly #lab: Lab;
  readonly #bin: string;
  readonly #data: string;
  readonly #owner: Owner | undefined;
  #daemon: Daemon | null = null;

  private constructor(
    lab: Lab,
    bin: string,
    at: { host: string; port: number },
    owner: Owner | undefined,
  ) {
    this.#lab = lab;
    this.#bin = bin;
    this.#data = join(lab.root, "postgres");
    this.#owner = owner;
    this.host = at.host;
    this.port = at.port;
  }

  /**
   * Makes a cluster, starts its server on a free port and waits until it answers.
   * @throws Error when PostgreSQL is not installed (`scripts/services.ts postgres`) or does not start.
   */
  static async start(lab: Lab): Promise<PostgresServer> {
    const program = await programOf("postgres");
    if (!program) throw new Error("There is no postgres: run scripts/services.ts as root");
    const { host, publishPort: port } = await freeEndpoint();
    const server = new PostgresServer(lab, dirname(program), { host, port }, await ownerOf());
    await server.#create();
    await server.resume();
    return server;
  }

  /** `postgres://…` of its first database. */
  get url(): string {
    return `postgres://${this.user}:${this.password}@${this.host}:${this.port}/${this.database}`;
  }

  /** Starts it again at the same address with the same data, and waits until it answers. */
  async resume(): Promise<void> {
    const settings = {
      listen_addresses: this.host,
      port: this.port,
      unix_socket_directories: "",
      // Of interest only when the machine itself crashes.
      fsync: "off",
      max_connections: 50,
      shared_buffers: "16MB",
    };
    const argv = [join(this.#bin, "postgres"), "-D", this.#data];
    for (const [name, value] of Object.entries(settings)) argv.push("-c", `${name}=${value}`);
    // Not SIGTERM, with which it would wait for its clients.
    const options = { ...this.#owner, stopSignal: "SIGINT" } as const;
    this.#daemon = await this.#lab.daemon("postgres", argv, options);
    await this.#daemon.line(/database system is ready to accept connections/, 60_000);
  }

  /** Ends it as a shutdown does; connections are cut. */
  async stop(): Promise<void> {
    await this.#daemon?.stop("SIGINT");
  }

  /** Ends it as a crash does: at once, so that its next start recovers from the log. */
  async kill(): Promise<void> {
    await this.#daemon?.stop("SIGQUIT");
  }

  /**
   * Runs SQL through psql.
   * @param database another one than the first
   * @returns rows a line each, their columns separated by `|`.
   * @throws Error when it fails.
   */
  async query(sql: string, database = this.database): Promise<string> {
    const url = this.url.replace(/[^/]*$/, database);
    const argv = [
      join(this.#bin, "psql"),
      "-X",
      "-At",
      "-v",
      "ON_ERROR_STOP=1",
      "-c",
      sql,
      url,
    ];
    const { code, stdout, stderr } = await runCommand(argv);
    if (code !== 0) throw new Error(`psql fails: ${stderr}`);
    return stdout.replace(/\n$/, "");
  }

  async #create(): Promise<void> {
    const owner = this.#owner;
    const secret = join(this.#lab.root, "postgres-password");
    await mkdir(this.#data, { mode: 0o700 });
    await writeFile(secret, this.password, { mode: 0o600 });
    if (owner) {
      // Its user has to get as far as its own folder.
      await chmod(this.#lab.root, 0o711);
      for (const path of [this.#data, secret]) await chown(path, owner.uid, owner.gid);
    }
    const argv = [
      ...[join(this.#bin, "initdb"), "-D", this.#data, "-U", this.user, "--pwfile", secret],
      ...["-A", "scram-sha-256", "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync"],
    ];
    const { code, stdout, stderr } = await runCommand(argv, { ...owner, cwd: this.#data });
    if (code !== 0) throw new Error(`initdb fails: ${stdout}${stderr}`);
  }
}

/** PostgreSQL refuses to run as root. */
async function ownerOf(): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const user = await findUser("postgres");
  if (!user) throw new Error("There is no user postgres, which its package makes");
  return { uid: user.uid, gid: user.gid };
}
