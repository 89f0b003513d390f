import assert from "node:assert/strict";
import { test } from "node:test";
import { faultOf, isReply } from "../../../src/cache/redis_faults.ts";

test("isReply() tells what a server says from what became of the connection", () => {
  const said = ["MISCONF Errors writing to the AOF file", "LOADING Redis is loading", "ERR no"];
  for (const message of said) assert.equal(isReply(new Error(message)), true, message);
  const gone = ["Socket closed unexpectedly", "connect ECONNREFUSED 127.0.0.1:1", "Socket timeout"];
  for (const message of gone) assert.equal(isReply(new Error(message)), false, message);
});

test("faultOf() says what to do", () => {
  const of = (message: string, code?: string) =>
    faultOf(Object.assign(new Error(message), { code }));
  assert.deepEqual(of("OOM command not allowed"), {
    fault: "full",
    why: "its memory is full (maxmemory)",
  });
  assert.equal(of("WRONGPASS invalid username-password pair").fault, "denied");
  assert.equal(of("NOPERM this user has no permissions to run 'x'").why.startsWith("NOPERM"), true);
  assert.equal(of("WRONGTYPE Operation against a key").fault, "refused");
  assert.match(of("connect ECONNREFUSED 127.0.0.1:1", "ECONNREFUSED").why, /is it running/);
  assert.equal(of("Socket closed unexpectedly").why, "the connection broke");
});
