/** Requests to web servers. (`salt/modules/http.py`, `salt/utils/http.py`) @module */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { CommandExecutionError, messageOf, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, executionModule, fn } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import { SALT_COMPAT_VERSION } from "../../../version.ts";
import type { HttpRequest, HttpResponse } from "./request.ts";

/** Answers are held in memory, so there is a bound below `http_max_body`'s default. */
const mostBody = 256 << 20;

const url = { type: "string", required: true, doc: "The URL." } as const;
const kwargs = {
  type: "map",
  keywords: true,
  doc: "`method`, `params`, `data`, `data_file`, `header_dict`, `header_list`, `username`, " +
    "`password`, `status`, `headers`, `text`, `decode`, `decode_type` (json, yaml, plain, auto), " +
    "`text_out`, `headers_out`, `verify_ssl`, `ca_bundle`, `cert`, `agent`, `raise_error`.",
} as const;

function formEncode(data: Data): string {
  if (isMap(data)) {
    const pairs = Object.entries(data).map(([key, value]): [string, string] => [key, pyStr(value)]);
    return new URLSearchParams(pairs).toString();
  }
  return pyStr(data);
}

function requestHeaders(options: DataMap): Record<string, string> {
  const headers: Record<string, string> = {
    "User-Agent": pyStr(options["agent"] ?? `Salt/${SALT_COMPAT_VERSION}`),
  };
  if (isMap(options["header_dict"])) {
    for (const [name, value] of Object.entries(options["header_dict"])) {
      headers[name] = pyStr(value);
    }
  }
  if (Array.isArray(options["header_list"])) {
    for (const line of options["header_list"].map(pyStr)) {
      const colon = line.indexOf(":");
      if (colon > 0) headers[line.slice(0, colon).trim()] = line.slice(colon + 1).trim();
    }
  }
  return headers;
}

/** The last file that is there, of those where systems keep the certificates that they trust. */
function trusted(ctx: ExecContext, options: DataMap): string | undefined {
  const given = options["ca_bundle"] ?? ctx.opts["ca_bundle"];
  if (typeof given === "string" && existsSync(given)) return given;
  return [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
  ].find(existsSync);
}

function body(options: DataMap): string | undefined {
  const file = options["data_file"];
  if (typeof file === "string") return readFileSync(file, "utf8");
  const data = options["data"];
  return data === undefined || data === null ? undefined : formEncode(data);
}

function withParams(address: string, params: Data | undefined): string {
  if (!isMap(params) || Object.keys(params).length === 0) return address;
  return `${address}${address.includes("?") ? "&" : "?"}${formEncode(params)}`;
}

function makeRequest(ctx: ExecContext, address: string, options: DataMap): HttpRequest {
  const { opts } = ctx;
  const data = body(options);
  const headers = requestHeaders(options);
  const typed = Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
  if (data !== undefined && !typed) headers["Content-Type"] = "application/x-www-form-urlencoded";
  const cert = options["cert"] ?? (opts["cert"] as Data | undefined);
  const [certFile, keyFile] = Array.isArray(cert) ? cert.map(pyStr) : [cert, cert];
  const ca = trusted(ctx, options);
  const username = options["username"];
  return {
    url: withParams(address, options["params"]),
    method: pyStr(options["method"] ?? "GET").toUpperCase(),
    headers,
    verify: (options["verify_ssl"] ?? (opts["verify_ssl"] as Data | undefined)) !== false,
    timeoutMs: Math.min(Number(opts.http_request_timeout ?? 3600), 3600) * 1000,
    maxBody: Math.min(Number(opts.http_max_body ?? mostBody), mostBody),
    signal: ctx.signal,
    ...(data === undefined ? {} : { body: data }),
    ...(ca ? { ca } : {}),
    ...(typeof certFile === "string" ? { cert: certFile } : {}),
    ...(typeof keyFile === "string" ? { key: keyFile } : {}),
    ...(username === undefined || username === null
      ? {}
      : { username: pyStr(username), password: pyStr(options["password"] ?? "") }),
  };
}

async function decoded(response: HttpResponse, options: DataMap): Promise<DataMap> {
  let kind = pyStr(options["decode_type"] ?? "auto");
  if (kind === "auto") {
    const type = response.headers["Content-Type"] ?? "application/json";
    kind = ["json", "yaml"].find((name) => type.includes(name)) ?? "plain";
  }
  if (kind === "json") {
    const { decodeJson } = await import("./json.ts");
    return { dict: decodeJson(response.body) };
  }
  if (kind === "yaml") {
    const { parseYaml } = await import("../../../serializers/yaml.ts");
    return { dict: parseYaml(response.body) };
  }
  if (kind === "plain") return { text: response.body };
  return { error: `Invalid decode_type specified. Valid decode types are: json, yaml, plain` };
}

async function query(ctx: ExecContext, address: string, given: DataMap): Promise<DataMap> {
  const options = Object.fromEntries(
    Object.entries(given).filter(([name]) => !name.startsWith("__pub_")),
  );
  const proxy = ctx.opts["proxy_host"];
  if (typeof proxy === "string" && proxy !== "") {
    throw new SaltInvocationError("Requests through a proxy (proxy_host) are not supported");
  }
  let response: HttpResponse;
  try {
    const { httpRequest } = await import("./request.ts");
    response = await httpRequest(makeRequest(ctx, address, options));
  } catch (error) {
    ctx.signal.throwIfAborted();
    return { ...(options["status"] === true ? { status: 0 } : {}), error: messageOf(error) };
  }
  const { status, reason, headers, body: text } = response;
  if (status >= 400 && options["raise_error"] !== false) {
    return { status, error: `HTTP ${status}: ${reason}`, body: text };
  }
  const result: DataMap = { body: text };
  if (typeof options["text_out"] === "string") writeFileSync(options["text_out"], text);
  if (typeof options["headers_out"] === "string") {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`);
    writeFileSync(options["headers_out"], lines.join(""));
  }
  if (options["status"] === true) result["status"] = status;
  if (options["headers"] === true) result["headers"] = headers;
  if (options["decode"] === true) Object.assign(result, await decoded(response, options));
  if (options["text"] === true) result["text"] = text;
  return result;
}

async function waitForQuery(
  ctx: ExecContext,
  address: string,
  seconds: number,
  options: DataMap,
): Promise<DataMap> {
  const end = performance.now() + seconds * 1000;
  const interval = Number(pyStr(options["request_interval"] ?? 1)) || 1;
  for (;;) {
    const result = await query(ctx, address, options);
    if (!("error" in result) || performance.now() + interval * 1000 > end) return result;
    await delay(interval * 1000, undefined, { signal: ctx.signal });
  }
}

/** The module `http`. */
export const http = executionModule({
  name: "http",
  doc: "Requests to web servers.",
  functions: {
    query: fn({
      doc: "Asks a web server and returns its answer.",
      args: { url, kwargs },
      example: "salt '*' http.query http://somelink.com/\n" +
        "salt '*' http.query http://somelink.com/ method=POST params='{key1: val1}'\n" +
        "salt '*' http.query http://somelink.com/ method=POST data='<xml>somecontent</xml>'",
      async run(ctx, args) {
        try {
          return await query(ctx, args.url, args.kwargs);
        } catch (error) {
          ctx.signal.throwIfAborted();
          throw new CommandExecutionError(messageOf(error), { cause: error });
        }
      },
    }),
    wait_for_successful_query: fn({
      doc: "Asks a web server again and again until it answers without an error.",
      args: {
        url,
        wait_for: { type: "float", default: 300, doc: "Seconds after which to give up." },
        kwargs,
      },
      example: "salt '*' http.wait_for_successful_query http://somelink.com/ wait_for=160 " +
        "request_interval=1",
      run: (ctx, args) => waitForQuery(ctx, args.url, args.wait_for, args.kwargs),
    }),
  },
});
