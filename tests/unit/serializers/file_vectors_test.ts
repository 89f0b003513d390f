import assert from "node:assert/strict";
import { test } from "node:test";
import { packLocal, unpack } from "../../../src/serializers/msgpack.ts";
import { assertShown, b64, loadVectors } from "../../support/vectors.ts";

for (const job of loadVectors("job_cache.json").jobs) {
  test(`unpack() reads the job cache of a real master: ${job.fun}`, () => {
    // deno-lint-ignore no-explicit-any -- JSON
    for (const [name, file] of Object.entries<any>(job.files)) {
      if (!name.endsWith(".p")) continue;
      const value = unpack(b64(file.b64), { keepBinary: true });
      assertShown(value, file.decoded, name);
      assert.deepEqual(packLocal(value), b64(file.b64), name);
    }
  });
}
