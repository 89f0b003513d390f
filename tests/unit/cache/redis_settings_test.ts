import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { redisName, redisSettings, redisSettingsOfUrl } from "../../../src/cache/redis_settings.ts";

/** Any file will do: nothing is connected to. */
const CA = import.meta.filename ?? "";
const NO_CA = "rediss://db1?ssl_ca_certs=/none.pem";

test("redisSettings() reads Salt's options and their defaults", () => {
  assert.deepEqual(redisSettings({}, "cache.redis"), {
    option: "cache.redis.host",
    host: "localhost",
    port: 6379,
    db: 0,
  });
  assert.deepEqual(
    redisSettings({
      "cache.redis.host": "db1",
      "cache.redis.port": "6380",
      "cache.redis.db": "3",
      "cache.redis.password": 1234,
      "cache.redis.user": "saltx",
    }, "cache.redis"),
    {
      option: "cache.redis.host",
      host: "db1",
      port: 6380,
      db: 3,
      username: "saltx",
      password: "1234",
    },
  );
});

test("redisSettings() reads maps in maps as well", () => {
  const opts = { cache: { redis: { host: "db1", cluster: { startup_nodes: [] } } } };
  assert.equal(redisSettings(opts, "cache.redis").host, "db1");
  assert.equal(redisSettings({ "cache.redis": { host: "db2" } }, "cache.redis").host, "db2");
  // `cache: redis` is the name of a driver and no map.
  assert.equal(redisSettings({ cache: "redis" }, "cache.redis").host, "localhost");
});

test("redisSettings() of a cluster names its first servers", () => {
  const settings = redisSettings({
    "redis.cluster_mode": true,
    "redis.cluster.startup_nodes": [{ host: "a", port: 7000 }, { host: "::1" }],
  }, "redis");
  assert.equal(settings.option, "redis.cluster.startup_nodes");
  assert.deepEqual(settings.cluster, [{ host: "a", port: 7000 }, { host: "::1", port: 6379 }]);
  assert.equal(redisName(settings), "a:7000, [::1]:6379");
});

test("redisSettings() prefers a socket, and names it", () => {
  const settings = redisSettings({ "redis.unix_socket_path": "/run/redis.sock" }, "redis");
  assert.equal(settings.option, "redis.unix_socket_path");
  assert.equal(redisName(settings), "/run/redis.sock");
});

test("redisSettings() refuses what makes no sense, by the option's name", () => {
  const cases: [object, RegExp][] = [
    [{ "redis.port": "x" }, /^redis\.port: 'x' is not a number/],
    [{ "redis.port": 70000 }, /^redis\.port: '70000'/],
    [{ "redis.host": ["a"] }, /^redis\.host: must be text/],
    [{ "redis.ssl": true, "redis.ssl_ca_certs": "/none.pem" }, /^redis\.ssl_ca_certs: cannot read/],
    [{ "redis.cluster_mode": true, "redis.cluster.startup_nodes": "a" }, /startup_nodes: must be/],
  ];
  for (const [opts, message] of cases) {
    assert.throws(() => redisSettings(opts, "redis"), { name: "SaltConfigurationError", message });
  }
});

test("redisSettingsOfUrl() takes an address apart", () => {
  assert.deepEqual(redisSettingsOfUrl("redis://u:p%40ss@[::1]:7000/2", "cluster"), {
    option: "cluster",
    host: "::1",
    port: 7000,
    db: 2,
    username: "u",
    password: "p@ss",
  });
  assert.deepEqual(redisSettingsOfUrl("rediss://:x@db", "cluster").tls, {});
  const socket = redisSettingsOfUrl("unix:///run/r.sock?db=4&user=u&password=p%26", "cluster");
  assert.deepEqual([socket.db, socket.username, socket.password], [4, "u", "p&"]);
  const own = redisSettingsOfUrl(`rediss://db?ssl_ca_certs=${CA}&ssl_cert_reqs=none`, "cluster");
  assert.deepEqual(own.tls, { ca: readFileSync(CA, "utf8"), verify: false });
  assert.deepEqual(redisSettingsOfUrl("redis://db:7000?cluster_mode=true", "cluster").cluster, [
    { host: "db", port: 7000 },
  ]);
  for (
    const wrong of ["", "db1:6379", "http://db1", "redis://db1/x", "redis://db1?ssl=true", NO_CA]
  ) {
    assert.throws(() => redisSettingsOfUrl(wrong, "cluster"), { message: /^cluster[.:]/ }, wrong);
  }
});
