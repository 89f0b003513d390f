/**
 * Where a Redis is and how to get in, read from options in Salt's spelling:
 * `<prefix>.host`, `.port`, `.db`, `.password` … or from one `redis://` address.
 * (`salt/cache/redis_cache.py:_get_redis_cache_opts`, `salt/returners/redis_return.py:_get_options`)
 * @module
 */
import { readFileSync } from "node:fs";
import { messageOf, SaltConfigurationError } from "../errors.ts";
import { isMap } from "../types/mod.ts";

/** One server of a Redis Cluster. */
export interface RedisNode {
  host: string;
  port: number;
}

/** How TLS is spoken. Texts are PEM. */
export interface RedisTls {
  ca?: string;
  cert?: string;
  key?: string;
  /** False takes any certificate. True when absent. */
  verify?: boolean;
  /** The name that the certificate must bear, where it is not the host's. */
  serverName?: string;
}

/** What is needed to open a connection. */
export interface RedisSettings {
  /** The option that names this Redis: stands in messages. */
  option: string;
  host: string;
  port: number;
  /** Number of the database. A cluster has but 0. */
  db: number;
  username?: string;
  password?: string;
  /** Instead of host and port. */
  unixSocketPath?: string;
  /** Absent: without TLS. */
  tls?: RedisTls;
  /** Absent: a single server. */
  cluster?: readonly RedisNode[];
}

const DEFAULT_PORT = 6379;

/** What may stand behind the `?` of an address. */
const PARAMETERS = [
  ...["cluster_mode", "db", "password", "ssl_ca_certs", "ssl_cert_reqs", "ssl_certfile"],
  ...["ssl_keyfile", "ssl_server_name", "user"],
];

/**
 * Settings from an address alone, `redis[s]://[user[:password]@]host[:port][/db]` or `unix:///path`.
 * The options for TLS, `cluster_mode=true` and, for a socket, `user` and `password` may follow, as in
 * `rediss://host?ssl_ca_certs=/etc/ssl/redis.pem`.
 * @throws {SaltConfigurationError} naming the option that is wrong.
 */
export function redisSettingsOfUrl(address: string, option: string): RedisSettings {
  const url = URL.canParse(address) ? new URL(address) : null;
  const scheme = url?.protocol;
  if (!url || !["redis:", "rediss:", "unix:"].includes(scheme!)) {
    throw new SaltConfigurationError(
      `${option}: must be an address like redis://host:6379/0, rediss://user:password@host, or ` +
        "unix:///path/to/redis.sock",
    );
  }
  const settings: RedisSettings = {
    option,
    host: url.hostname.replace(/^\[(.*)\]$/, "$1") || "localhost",
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    db: number(
      url.searchParams.get("db") ?? (scheme === "unix:" ? "" : url.pathname.slice(1)),
      0,
      option,
    ),
  };
  const user = url.searchParams.get("user") ?? decodeURIComponent(url.username);
  const password = url.searchParams.get("password") ?? decodeURIComponent(url.password);
  if (user !== "") settings.username = user;
  if (password !== "") settings.password = password;
  if (scheme === "unix:") settings.unixSocketPath = decodeURIComponent(url.pathname);
  const unknown = [...url.searchParams.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) {
    throw new SaltConfigurationError(
      `${option}: '${unknown}' may not stand behind the ?; there are ${PARAMETERS.join(", ")}`,
    );
  }
  const get = (name: string) => name === "ssl" ? scheme === "rediss:" : url.searchParams.get(name);
  const tls = tlsOf(get, option);
  if (tls) settings.tls = tls;
  if (get("cluster_mode") === "true") {
    settings.cluster = [{ host: settings.host, port: settings.port }];
  }
  return settings;
}

/**
 * Settings from the options below `prefix`, such as `cache.redis`. Both ways of writing them are read:
 * `cache.redis.host: x`, and a map in a map.
 *
 * Salt's: `host`, `port`, `db`, `password`, `unix_socket_path`, `cluster_mode`,
 * `cluster.startup_nodes`. Beside them `url`, `user`, and for TLS `ssl`, `ssl_ca_certs`,
 * `ssl_certfile`, `ssl_keyfile`, `ssl_cert_reqs` (`none` takes any certificate) and
 * `ssl_server_name`.
 * @throws {SaltConfigurationError} naming the option that is wrong.
 */
export function redisSettings(opts: object, prefix: string): RedisSettings {
  const get = (name: string) => optionOf(opts as Record<string, unknown>, `${prefix}.${name}`);
  const url = text(get("url"), `${prefix}.url`);
  const settings: RedisSettings = url !== undefined ? redisSettingsOfUrl(url, `${prefix}.url`) : {
    option: `${prefix}.host`,
    host: text(get("host"), `${prefix}.host`) ?? "localhost",
    port: number(get("port"), DEFAULT_PORT, `${prefix}.port`),
    db: number(get("db"), 0, `${prefix}.db`),
  };
  const socket = text(get("unix_socket_path"), `${prefix}.unix_socket_path`);
  if (socket !== undefined) {
    settings.unixSocketPath = socket;
    settings.option = `${prefix}.unix_socket_path`;
  }
  const username = text(get("user"), `${prefix}.user`);
  const password = text(get("password"), `${prefix}.password`);
  if (username !== undefined) settings.username = username;
  if (password !== undefined) settings.password = password;
  const tls = tlsOf(get, prefix);
  if (tls) settings.tls = { ...settings.tls, ...tls };
  if (get("cluster_mode") === true) {
    settings.cluster = nodesOf(get("cluster.startup_nodes"), prefix, settings);
    settings.option = `${prefix}.cluster.startup_nodes`;
  }
  return settings;
}

/** How the server is named in messages; no password in it. */
export function redisName(settings: RedisSettings): string {
  if (settings.cluster) return settings.cluster.map(hostAndPort).join(", ");
  return settings.unixSocketPath ?? hostAndPort(settings);
}

function hostAndPort({ host, port }: RedisNode): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function tlsOf(get: (name: string) => unknown, prefix: string): RedisTls | null {
  if (get("ssl") !== true) return null;
  const pem = (name: string): string | undefined => {
    const path = text(get(name), `${prefix}.${name}`);
    if (path === undefined) return undefined;
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      throw new SaltConfigurationError(`${prefix}.${name}: cannot read it: ${messageOf(error)}`);
    }
  };
  const given = {
    ca: pem("ssl_ca_certs"),
    cert: pem("ssl_certfile"),
    key: pem("ssl_keyfile"),
    serverName: text(get("ssl_server_name"), `${prefix}.ssl_server_name`),
  };
  const tls: RedisTls = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  );
  return get("ssl_cert_reqs") === "none" ? { ...tls, verify: false } : tls;
}

function nodesOf(value: unknown, prefix: string, one: RedisNode): RedisNode[] {
  if (value === undefined || value === null) return [{ host: one.host, port: one.port }];
  const option = `${prefix}.cluster.startup_nodes`;
  if (!Array.isArray(value) || value.length === 0 || !value.every(isMap)) {
    throw new SaltConfigurationError(`${option}: must be a list of maps with host and port`);
  }
  return value.map((node) => ({
    host: text(node["host"], option) ?? "localhost",
    port: number(node["port"], DEFAULT_PORT, option),
  }));
}

/** An option written with dots, or as maps in each other down to any of the dots. */
function optionOf(map: Record<string, unknown>, name: string): unknown {
  if (map[name] !== undefined) return map[name];
  for (let dot = name.indexOf("."); dot > 0; dot = name.indexOf(".", dot + 1)) {
    const inner = map[name.slice(0, dot)];
    if (!isMap(inner)) continue;
    const found = optionOf(inner, name.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

function text(value: unknown, option: string): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "number") return String(value);
  if (typeof value !== "string") throw new SaltConfigurationError(`${option}: must be text`);
  return value;
}

function number(value: unknown, otherwise: number, option: string): number {
  if (value === undefined || value === null || value === "") return otherwise;
  const read = Number(value);
  if (!Number.isInteger(read) || read < 0 || read > 65535) {
    throw new SaltConfigurationError(`${option}: '${value}' is not a number from 0 to 65535`);
  }
  return read;
}
