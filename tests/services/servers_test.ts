/** The servers that tests run keep what they acknowledged over a crash. */
import assert from "node:assert/strict";
import { PostgresServer } from "../support/postgres_server.ts";
import { RedisServer } from "../support/redis_server.ts";
import { scenario } from "../support/scenario.ts";

scenario("a Redis server of a lab comes back with its data", async (lab) => {
  const redis = await RedisServer.start(lab, { password: "quite secret" });
  await redis.command("SET", "key", "value");
  await redis.kill();
  await redis.resume();
  assert.equal(await redis.command("GET", "key"), "value");
  await redis.stop();
  await assert.rejects(redis.command("GET", "key"), /Could not connect/);
});

scenario("a PostgreSQL server of a lab comes back with its data", async (lab) => {
  const postgres = await PostgresServer.start(lab);
  await postgres.query("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (2, 'y')");
  await postgres.kill();
  await postgres.resume();
  assert.equal(await postgres.query("SELECT * FROM t ORDER BY a"), "1|x\n2|y");
  await postgres.stop();
  await assert.rejects(postgres.query("SELECT 1"), /psql fails/);
});
