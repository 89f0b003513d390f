/** Requests with JSON to servers of returners. @module */
import { messageOf } from "../../errors.ts";
import { ReturnerUnavailable } from "../../loader/returner_types.ts";

/** ms that a request may take. */
const TIMEOUT = 30_000;
/** Bytes of an answer that are read. */
const MAX_ANSWER = 16 * 1024 * 1024;

/** Answers that pass: too many requests, and what is wrong inside the server. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

/** A request. */
export interface JsonRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
  /** PEM of who may sign the server's certificate, where not the system's. */
  ca?: string;
  /** False takes any certificate. */
  verify?: boolean;
}

/** What a server said. */
export interface Answer {
  status: number;
  text: string;
}

/**
 * Sends it and gives status and text of the answer. Redirects are not followed: they could lead a
 * password elsewhere.
 * @throws {ReturnerUnavailable} when there is no answer or one that passes.
 */
export async function request(wanted: JsonRequest): Promise<Answer> {
  let answer: Answer;
  try {
    answer = await send(wanted);
  } catch (error) {
    throw new ReturnerUnavailable(`${plainUrl(wanted.url)} does not answer: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const { status, text } = answer;
  if (!PASSING.has(status)) return answer;
  throw new ReturnerUnavailable(`${plainUrl(wanted.url)} answers ${status}: ${text.slice(0, 200)}`);
}

async function send({ url, method, headers, body, ca, verify }: JsonRequest): Promise<Answer> {
  const tls = url.startsWith("https:");
  const { request } = tls ? await import("node:https") : await import("node:http");
  return await new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method,
      headers: { "content-type": "application/json", ...headers },
      signal: AbortSignal.timeout(TIMEOUT),
      ...(tls ? { rejectUnauthorized: verify !== false, ...(ca === undefined ? {} : { ca }) } : {}),
    }, (response) => {
      const chunks: Uint8Array[] = [];
      let size = 0;
      response.on("data", (chunk: Uint8Array) => {
        size += chunk.length;
        if (size > MAX_ANSWER) response.destroy(new Error(`more than ${MAX_ANSWER} bytes`));
        else chunks.push(chunk);
      });
      response.once("error", reject);
      response.once("end", () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") });
      });
    });
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}

/** An address without user and password, for messages. */
export function plainUrl(address: string): string {
  const url = new URL(address);
  url.username = "";
  url.password = "";
  return url.href;
}

/** Takes user and password out of an address and makes a header of them. */
export function withLogin(address: string): { url: string; headers: Record<string, string> } {
  const url = new URL(address);
  if (url.username === "") return { url: address, headers: {} };
  const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return {
    url: plainUrl(address),
    headers: { authorization: `Basic ${Buffer.from(login).toString("base64")}` },
  };
}
