/**
 * `/metrics` for Prometheus and its kin, on `metrics_address`; off by default.
 * @module
 */
import type { Server } from "node:http";
import { EX, messageOf, SaltException } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import type { MetricFamily } from "./meters.ts";

const log = getLogger("saltx.metrics");

/** The families as OpenMetrics text, and its content type. */
export async function openMetricsText(
  families: readonly MetricFamily[],
): Promise<{ text: string; type: string }> {
  const { AggregatorRegistry, Registry } = (await import("prom-client")).default;
  const registry = aggregateOf(AggregatorRegistry)([families], Registry.OPENMETRICS_CONTENT_TYPE);
  return { text: await registry.metrics(), type: registry.contentType };
}

/** What `AggregatorRegistry.aggregate` takes and gives; its own types leave the second out. */
type Aggregate = (
  families: readonly (readonly MetricFamily[])[],
  contentType: string,
) => { metrics(): Promise<string>; contentType: string };

function aggregateOf(registry: { aggregate: unknown }): Aggregate {
  return registry.aggregate as Aggregate;
}

/** Host and port of `host:port` or `[v6]:port`. */
function parseAddress(address: string): { host: string; port: number } {
  const found = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:\s]+)):(\d{1,5})$/.exec(address);
  const port = Number(found?.[3]);
  if (!found || port > 65_535) {
    throw new SaltException(
      `metrics_address is "${address}"; it has to be host:port, for example 127.0.0.1:9420`,
      { exitCode: EX.USAGE },
    );
  }
  return { host: found[1] ?? found[2]!, port };
}

/**
 * Serves what `collect` gives. Resolves with the address really bound and what ends it.
 * @throws {SaltException} when the address is none, or cannot be listened on.
 */
export async function serveMetrics(
  address: string,
  collect: () => Promise<MetricFamily[]>,
): Promise<{ address: string; close(): Promise<void> }> {
  const { host, port } = parseAddress(address);
  const { createServer } = await import("node:http");
  const server = createServer((request, response) => {
    if (request.url !== "/metrics" || (request.method !== "GET" && request.method !== "HEAD")) {
      response.writeHead(404, { "content-type": "text/plain" }).end("There is /metrics here\n");
      return;
    }
    collect().then(openMetricsText).then(({ text, type }) => {
      response.writeHead(200, { "content-type": type }).end(text);
    }).catch((error) => {
      log.error(`The metrics could not be gathered: ${messageOf(error)}`, error);
      response.writeHead(500, { "content-type": "text/plain" }).end("See the log of the master\n");
    });
  });
  await listen(server, host, port, address);
  const bound = (server.address() as { port: number }).port;
  log.info(`Metrics are at http://${host}:${bound}/metrics`);
  return {
    address: `${host}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, host: string, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) =>
      reject(
        new SaltException(`Cannot listen on metrics_address ${address}: ${messageOf(error)}`, {
          cause: error,
          exitCode: EX.UNAVAILABLE,
        }),
      ));
    server.listen(port, host, () => resolve());
  });
}
