/**
 * HTTP requests with bounds: on redirects, size and time.
 * @module
 */
import { readFileSync } from "node:fs";
import { type IncomingMessage, request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { CommandExecutionError } from "../../../errors.ts";

/** What to ask. */
export interface HttpRequest {
  url: string;
  method: string;
  headers: Record<string, string>;
  body?: string;
  username?: string;
  password?: string;
  /** Whether the server's certificate is checked. */
  verify: boolean;
  /** File with certificates to trust. */
  ca?: string;
  /** Files of the own certificate and key. */
  cert?: string;
  key?: string;
  timeoutMs: number;
  maxBody: number;
  signal?: AbortSignal;
}

/** What came back. */
export interface HttpResponse {
  status: number;
  reason: string;
  headers: Record<string, string>;
  body: string;
}

const maxRedirects = 5;

function decompress(bytes: Uint8Array, coding: string, limit: number): Uint8Array {
  const options = { maxOutputLength: limit };
  if (coding === "gzip") return gunzipSync(bytes, options);
  if (coding === "deflate") return inflateSync(bytes, options);
  return coding === "br" ? brotliDecompressSync(bytes, options) : bytes;
}

async function readBody(response: IncomingMessage, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += (chunk as Uint8Array).length;
    if (size > limit) {
      response.destroy();
      throw new CommandExecutionError(`The answer is longer than ${limit} bytes (http_max_body)`);
    }
    chunks.push(chunk as Uint8Array);
  }
  const coding = response.headers["content-encoding"] ?? "identity";
  const bytes = decompress(Buffer.concat(chunks), coding, limit);
  const charset = /charset=["']?([\w-]+)/i.exec(response.headers["content-type"] ?? "")?.[1];
  try {
    return new TextDecoder(charset ?? "utf-8").decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

function tlsOptions(asked: HttpRequest) {
  return {
    rejectUnauthorized: asked.verify,
    ...(asked.ca ? { ca: readFileSync(asked.ca) } : {}),
    ...(asked.cert ? { cert: readFileSync(asked.cert) } : {}),
    ...(asked.key ? { key: readFileSync(asked.key) } : {}),
  };
}

function start(url: URL, asked: HttpRequest): Promise<IncomingMessage> {
  const secure = url.protocol === "https:";
  if (!secure && url.protocol !== "http:") {
    throw new CommandExecutionError(`Unsupported URL scheme in "${url.protocol}//${url.host}"`);
  }
  const headers = { ...asked.headers };
  if (asked.username !== undefined) {
    const credentials = Buffer.from(`${asked.username}:${asked.password ?? ""}`).toString("base64");
    headers["Authorization"] = `Basic ${credentials}`;
  }
  const signal = AbortSignal.any([
    AbortSignal.timeout(asked.timeoutMs),
    ...(asked.signal ? [asked.signal] : []),
  ]);
  const options = { method: asked.method, headers, signal, ...(secure ? tlsOptions(asked) : {}) };
  return new Promise((resolve, reject) => {
    const request = secure ? secureRequest(url, options) : plainRequest(url, options);
    request.once("response", resolve);
    request.once("error", reject);
    request.end(asked.body);
  });
}

/** What a redirect asks for next: GET after 303, and never the credentials at another host. */
function redirected(asked: HttpRequest, from: URL, to: URL, status: number): HttpRequest {
  const { username: _, password: __, ...anonymous } = asked;
  const kept = to.host === from.host ? asked : anonymous;
  const headers = to.host === from.host ? asked.headers : Object.fromEntries(
    Object.entries(asked.headers).filter(([name]) => !/^(authorization|cookie)$/i.test(name)),
  );
  if (status !== 303) return { ...kept, headers, url: to.href };
  const { body: ___, ...withoutBody } = kept;
  return { ...withoutBody, headers, method: "GET", url: to.href };
}

/**
 * Asks and follows redirects.
 * @throws CommandExecutionError, or Error from the network.
 */
export async function httpRequest(first: HttpRequest): Promise<HttpResponse> {
  let asked = first;
  for (let redirects = 0;; redirects++) {
    const url = new URL(asked.url);
    const response = await start(url, asked);
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    if ([301, 302, 303, 307, 308].includes(status) && location && redirects < maxRedirects) {
      response.resume();
      asked = redirected(asked, url, new URL(location, url), status);
      continue;
    }
    const headers = Object.entries(response.headers).map(([name, value]): [string, string] => [
      name.replace(/(^|-)([a-z])/g, (part) => part.toUpperCase()),
      Array.isArray(value) ? value.join(",") : value ?? "",
    ]);
    return {
      status,
      reason: response.statusMessage ?? "",
      headers: Object.fromEntries(headers),
      body: await readBody(response, asked.maxBody),
    };
  }
}
