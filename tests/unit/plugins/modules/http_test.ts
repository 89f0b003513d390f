import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { pyRepr } from "../../../../src/text/py_repr.ts";
import type { DataMap } from "../../../../src/types/mod.ts";
import { testContext } from "../../../support/exec_context.ts";

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString();
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await textOf(request);
  const { url = "", method = "", headers } = request;
  if (url === "/json") {
    response.setHeader("Content-Type", "application/json");
    response.end('{"a": 1.0, "b": [12345678901234567890, "x"]}');
  } else if (url === "/missing") {
    response.statusCode = 404;
    response.end("gone");
  } else if (url === "/zipped") {
    response.setHeader("Content-Encoding", "gzip");
    response.end(gzipSync("unpacked"));
  } else if (url === "/loop") {
    response.writeHead(302, { Location: "/loop" }).end();
  } else if (url === "/there") {
    response.writeHead(303, { Location: "/echo" }).end();
  } else if (url === "/long") response.end("x".repeat(5000));
  else {
    response.end(JSON.stringify({
      url,
      method,
      body,
      auth: headers.authorization ?? null,
      agent: headers["user-agent"],
      own: headers["x-own"] ?? null,
      type: headers["content-type"] ?? null,
    }));
  }
}

async function withServer(use: (base: string) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function query(url: string, kwargs: DataMap = {}, opts: Record<string, unknown> = {}) {
  const ctx = await testContext({ opts });
  return await ctx.salt("http.query", [url], kwargs) as DataMap;
}

test("http.query sends method, parameters, data, headers and credentials", async () => {
  await withServer(async (base) => {
    const { body } = await query(`${base}/echo`, {
      method: "post",
      params: { a: "1 2" },
      data: { k: "v", n: 5 },
      header_list: ["X-Own: yes"],
      username: "joe",
      password: "secret",
    });
    assert.deepEqual(JSON.parse(String(body)), {
      url: "/echo?a=1+2",
      method: "POST",
      body: "k=v&n=5",
      auth: `Basic ${Buffer.from("joe:secret").toString("base64")}`,
      agent: "Salt/3006.30",
      own: "yes",
      type: "application/x-www-form-urlencoded",
    });
  });
});

test("http.query gives status, headers and decoded answers when asked", async () => {
  await withServer(async (base) => {
    const result = await query(`${base}/json`, { status: true, headers: true, decode: true });
    assert.equal(result["status"], 200);
    assert.equal((result["headers"] as DataMap)["Content-Type"], "application/json");
    assert.equal(pyRepr(result["dict"]!), "{'a': 1.0, 'b': [12345678901234567890, 'x']}");
    assert.equal((await query(`${base}/zipped`, { text: true }))["text"], "unpacked");
  });
});

test("http.query reports HTTP errors, and gives them as answers when told to", async () => {
  await withServer(async (base) => {
    assert.deepEqual(await query(`${base}/missing`), {
      status: 404,
      error: "HTTP 404: Not Found",
      body: "gone",
    });
    assert.deepEqual(await query(`${base}/missing`, { raise_error: false, status: true }), {
      body: "gone",
      status: 404,
    });
  });
});

test("http.query follows redirects, but not for ever", async () => {
  await withServer(async (base) => {
    const { body } = await query(`${base}/there`, { method: "POST", data: "x" });
    assert.equal(JSON.parse(String(body)).method, "GET");
    assert.equal((await query(`${base}/loop`, { status: true }))["status"], 302);
  });
});

test("http.query holds no more of an answer than http_max_body", async () => {
  await withServer(async (base) => {
    const result = await query(`${base}/long`, {}, { http_max_body: 1000 });
    assert.match(String(result["error"]), /longer than 1000 bytes/);
  });
});

test("http.query writes the answer to a file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "saltx-http-"));
  try {
    await withServer(async (base) => {
      const file = join(folder, "out");
      await query(`${base}/long`, { text_out: file });
      assert.equal(readFileSync(file, "utf8").length, 5000);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("http.query says when nobody answers", async () => {
  const result = await query("http://127.0.0.1:1/", { status: true });
  assert.equal(result["status"], 0);
  assert.ok(String(result["error"]).length > 0);
  assert.match(String((await query("ftp://127.0.0.1/"))["error"]), /Unsupported URL scheme/);
});

test("http.wait_for_successful_query gives up after its time", async () => {
  const ctx = await testContext();
  const kwargs = { wait_for: 0, request_interval: 0.01 };
  const result = await ctx.salt("http.wait_for_successful_query", ["http://127.0.0.1:1/"], kwargs);
  assert.ok("error" in (result as DataMap));
});
