/**
 * What a connection needs of the package that speaks Redis's protocol, for one server and for a cluster
 * alike.
 * @module
 */
import { Buffer } from "node:buffer";
import type { RedisSettings } from "./redis_settings.ts";

/** What a server answers. Bulk strings are bytes; nothing is decoded that nobody asked for. */
export type RedisReply = Buffer | string | number | null | RedisReply[];

/** Bounds of a connection. */
export interface RedisLimits {
  /** Commands that may wait for an answer. 10,000 when absent. */
  maxQueue?: number;
  /** ms for a connection to come about. 5000 when absent. */
  connectTimeout?: number;
  /**
   * ms without a word from the server after which the connection counts as broken; a blocking command
   * must end sooner. 5000 when absent.
   */
  silenceTimeout?: number;
}

/** ms until a lost connection is tried again, doubled up to the second number. */
export const RETRY_FIRST = 50;
export const RETRY_LAST = 2000;

/** A command as the package takes it. */
export type Words = (string | Buffer)[];

interface Emitter {
  on(event: string, listener: (error: Error) => void): unknown;
  destroy(): void;
}

interface SingleClient extends Emitter {
  connect(): Promise<unknown>;
  sendCommand(words: Words): Promise<RedisReply>;
  multi(): SingleMulti;
}

interface SingleMulti {
  addCommand(words: Words): SingleMulti;
  exec(): Promise<RedisReply[]>;
}

interface ClusterClient extends Emitter {
  readonly masters: readonly unknown[];
  nodeClient(node: unknown): Promise<Pick<SingleClient, "sendCommand">>;
  connect(): Promise<unknown>;
  sendCommand(
    key: string | Buffer | undefined,
    readOnly: boolean,
    words: Words,
  ): Promise<RedisReply>;
  multi(key?: string | Buffer): ClusterMulti;
}

interface ClusterMulti {
  addCommand(key: string | Buffer | undefined, readOnly: boolean, words: Words): ClusterMulti;
  exec(): Promise<RedisReply[]>;
}

/** What a connection needs of the package, for one server and for a cluster alike. */
export interface Driver {
  connect(): Promise<unknown>;
  /** Whether `connect` tries for as long as it takes. */
  persistent: boolean;
  onReady(listener: () => void): void;
  onError(listener: (error: Error) => void): void;
  send(words: Words): Promise<RedisReply>;
  /** A `send` for each server. */
  servers(): Promise<((words: Words) => Promise<RedisReply>)[]>;
  multi(commands: Words[]): Promise<RedisReply[]>;
  destroy(): void;
}

/** Loads the package. */
export async function openDriver(
  settings: RedisSettings,
  limits: RedisLimits,
): Promise<Driver> {
  const { RESP_TYPES, createClient, createCluster } = await loadClient();
  const { connectTimeout = 5000, silenceTimeout = 5000, maxQueue = 10_000 } = limits;
  const socket = {
    ...addressOf(settings),
    connectTimeout,
    socketTimeout: silenceTimeout,
    reconnectStrategy: (retries: number) => Math.min(RETRY_FIRST * 2 ** retries, RETRY_LAST),
  };
  const options = {
    RESP: 2,
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer }, timeout: silenceTimeout },
    commandsQueueMaxLength: maxQueue,
    // A cluster opens the way to each of its servers when it first needs it.
    disableOfflineQueue: !settings.cluster,
    pingInterval: Math.ceil(silenceTimeout / 3),
    disableClientInfo: true,
    maintNotifications: "disabled",
    ...(settings.username === undefined ? {} : { username: settings.username }),
    ...(settings.password === undefined ? {} : { password: settings.password }),
  };
  if (!settings.cluster) {
    const client = createClient({ ...options, socket, database: settings.db } as object);
    return singleDriver(client as unknown as SingleClient);
  }
  const cluster = createCluster(
    {
      RESP: 2,
      rootNodes: settings.cluster.map(({ host, port }) => ({ socket: { host, port } })),
      commandOptions: options.commandOptions,
      defaults: { ...options, socket },
    } as unknown as Parameters<typeof createCluster>[0],
  );
  return clusterDriver(cluster as unknown as ClusterClient);
}

/** The package is CommonJS: in the executable, all that it exports is its default export. */
async function loadClient(): Promise<typeof import("@redis/client")> {
  const loaded = await import("@redis/client");
  const { default: inner } = loaded as unknown as { default?: typeof loaded };
  return inner ?? loaded;
}

function addressOf({ host, port, unixSocketPath, tls, cluster }: RedisSettings): object {
  const security = tls && {
    tls: true,
    rejectUnauthorized: tls.verify ?? true,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  };
  if (cluster) return { ...security };
  return unixSocketPath !== undefined ? { path: unixSocketPath } : { host, port, ...security };
}

function singleDriver(client: SingleClient): Driver {
  return {
    connect: () => client.connect(),
    persistent: true,
    onReady: (listener) => void client.on("ready", listener),
    onError: (listener) => void client.on("error", listener),
    send: (words) => client.sendCommand(words),
    servers: () => Promise.resolve([(words) => client.sendCommand(words)]),
    multi: (commands) => {
      const multi = client.multi();
      for (const words of commands) multi.addCommand(words);
      return multi.exec();
    },
    destroy: () => client.destroy(),
  };
}

function clusterDriver(cluster: ClusterClient): Driver {
  // The first servers are there before it is known which holds what.
  let open = false;
  let onReady = () => {};
  return {
    connect: async () => {
      await cluster.connect();
      open = true;
      onReady();
    },
    persistent: false,
    onReady: (listener) => {
      onReady = listener;
      cluster.on("node-ready", () => {
        if (open) listener();
      });
    },
    // A single node that fails is no reason to stop: commands for the others go through.
    onError: (listener) => {
      cluster.on("error", listener);
      cluster.on("node-error", () => {});
    },
    send: (words) => cluster.sendCommand(keyOf(words), false, words),
    servers: async () => {
      const clients = await Promise.all(cluster.masters.map((node) => cluster.nodeClient(node)));
      return clients.map((client) => (words) => client.sendCommand(words));
    },
    multi: (commands) => {
      const multi = cluster.multi(commands[0] && keyOf(commands[0]));
      for (const words of commands) multi.addCommand(keyOf(words), false, words);
      return multi.exec();
    },
    destroy: () => cluster.destroy(),
  };
}

/** The key by which a cluster finds the server for a command. */
function keyOf(words: Words): string | Buffer | undefined {
  const name = String(words[0]).toUpperCase();
  if (name === "EVAL" || name === "EVALSHA") return words[3];
  if (name === "XGROUP" || name === "XINFO" || name === "OBJECT") return words[2];
  if (name !== "XREAD" && name !== "XREADGROUP") return words[1];
  return words[words.findIndex((word) => String(word).toUpperCase() === "STREAMS") + 1];
}
