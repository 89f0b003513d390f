/**
 * What a master counts: in its main thread, and gathered from its workers when somebody asks.
 * @module
 */
import process from "node:process";
import type { EventBusServer } from "../../event/mod.ts";
import type { ZmqPublishServer } from "../../transport/zeromq/publish_server.ts";
import type { ZmqRequestServer } from "../../transport/zeromq/request_server.ts";
import type { WorkerPool } from "../workers.ts";
import { family, mergeFamilies, Meters, type MetricFamily } from "./meters.ts";

/** The event by which `saltx run master.stats` asks, and the beginning of the tag of the answer. */
export const STATS_ASK = "saltx/stats/ask";
export const STATS_ANSWER = "saltx/stats/answer/";

/** The parts of a master that are looked at. */
export interface MetricSources {
  requests: ZmqRequestServer;
  publications: ZmqPublishServer;
  pool: WorkerPool;
  bus: EventBusServer;
}

const HELP = {
  saltx_request_seconds:
    "Time from a request's receipt to its answer, by lane: waiting and work together.",
};

/** Counts in the main thread. */
export class MasterMetrics {
  readonly #sources: MetricSources;
  readonly #meters = new Meters().describe(HELP);
  readonly #stopHearing: () => void;

  constructor(sources: MetricSources) {
    this.#sources = sources;
    sources.requests.onServed = (lane, ms) =>
      this.#meters.time("saltx_request_seconds", ms / 1000, { lane });
    this.#stopHearing = sources.bus.onEvent(
      STATS_ASK,
      ({ data }) => void this.#answer(data["name"]),
    );
  }

  /** All that is known now. */
  async collect(): Promise<MetricFamily[]> {
    const workers = await this.#sources.pool.metrics();
    return mergeFamilies([...workers.flat(), ...this.#meters.snapshot(), ...this.#present()]);
  }

  close(): void {
    this.#stopHearing();
  }

  async #answer(name: unknown): Promise<void> {
    if (typeof name !== "string" || name.length > 100) return;
    const families = await this.collect();
    this.#sources.bus.fire(STATS_ANSWER + name, { families: families as never });
  }

  #present(): MetricFamily[] {
    const { requests, publications, pool, bus } = this.#sources;
    const { stats, depths } = requests;
    const one = (
      name: string,
      help: string,
      type: MetricFamily["type"],
      value: number,
    ) => family(name, help, type, [{ value, labels: {} }]);
    const { user, system } = process.cpuUsage();
    return [
      one("saltx_requests_received", "Requests that came.", "counter", stats.received),
      one("saltx_requests_answered", "Requests that were answered.", "counter", stats.answered),
      one(
        "saltx_requests_repeated",
        "Requests given to a second worker, as the first was lost.",
        "counter",
        stats.repeated,
      ),
      one(
        "saltx_requests_abandoned",
        "Requests whose peer was gone before a worker had taken them.",
        "counter",
        stats.abandoned,
      ),
      one(
        "saltx_requests_dropped",
        "Requests dropped as a queue was full, or as two workers were lost with them.",
        "counter",
        stats.dropped,
      ),
      one(
        "saltx_peers_paused",
        "Times a connection was held back as it had request_queue_per_minion requests waiting.",
        "counter",
        stats.paused,
      ),
      family(
        "saltx_requests_waiting",
        "Requests that no worker has taken yet, by lane.",
        "gauge",
        Object.entries(depths.waiting).map(([lane, value]) => ({ value, labels: { lane } })),
      ),
      one("saltx_requests_under_way", "Requests that workers have.", "gauge", depths.underWay),
      one(
        "saltx_requests_held",
        "Sign-ins that wait for a decision about their key.",
        "gauge",
        depths.held,
      ),
      one("saltx_request_connections", "Connections to ret_port.", "gauge", depths.peers),
      one(
        "saltx_connections_refused",
        "Connections that could not be taken, for want of file descriptors.",
        "counter",
        depths.refused,
      ),
      one("saltx_subscribers", "Connections to publish_port.", "gauge", publications.subscribers),
      one("saltx_publications", "Publications sent.", "counter", publications.sent),
      one(
        "saltx_publications_waiting",
        "Publications that are not handed to all connections yet.",
        "gauge",
        publications.waiting,
      ),
      one(
        "saltx_publications_lost",
        "Messages not sent to minions that do not read, beyond pub_hwm.",
        "counter",
        publications.lost,
      ),
      one("saltx_events", "Events on the bus.", "counter", bus.counts.fired),
      one("saltx_events_dropped", "Frames that were no events.", "counter", bus.counts.dropped),
      one("saltx_workers", "Worker threads that take requests.", "gauge", pool.ready),
      one("saltx_workers_lost", "Worker threads that crashed or hung.", "counter", pool.lost),
      one(
        "saltx_cpu_seconds",
        "CPU time of the master, all threads.",
        "counter",
        (user + system) / 1e6,
      ),
      one(
        "saltx_resident_memory_bytes",
        "Memory of the master, all threads.",
        "gauge",
        process.memoryUsage.rss(),
      ),
    ];
  }
}
