/**
 * Counters, gauges and histograms that cost next to nothing, in the shape that prom-client gathers
 * from several processes; here they come from several threads.
 * @module
 */

/** Labels of one value. */
export type Labels = Record<string, string | number>;

/** All values of one name. (`prom-client`: `Registry.getMetricsAsJSON`) */
export interface MetricFamily {
  name: string;
  help: string;
  type: "counter" | "gauge" | "histogram";
  aggregator: "sum";
  values: { value: number; labels: Labels; metricName?: string }[];
}

/** Upper bounds of the buckets of times, in s. */
export const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Values of one label; beyond it they count as `other`, so that no peer makes names without end. */
const MAX_SERIES = 200;

interface Times {
  labels: Labels;
  buckets: number[];
  sum: number;
  count: number;
}

/** The counts of one thread. */
export class Meters {
  readonly #help = new Map<string, string>();
  readonly #counters = new Map<string, Map<string, { labels: Labels; value: number }>>();
  readonly #times = new Map<string, Map<string, Times>>();

  /** Says what a name means; each has to be described before it is counted. */
  describe(help: Record<string, string>): this {
    for (const [name, text] of Object.entries(help)) this.#help.set(name, text);
    return this;
  }

  /** Adds to a counter. */
  add(name: string, value = 1, labels: Labels = {}): void {
    const counter = series(this.#counters, name, labels, (own) => ({ labels: own, value: 0 }));
    counter.value += value;
  }

  /** Notes a time, in s. */
  time(name: string, seconds: number, labels: Labels = {}): void {
    const times = series(this.#times, name, labels, (own) => ({
      labels: own,
      buckets: SECONDS.map(() => 0),
      sum: 0,
      count: 0,
    }));
    const bucket = SECONDS.findIndex((bound) => seconds <= bound);
    if (bucket >= 0) times.buckets[bucket]! += 1;
    times.sum += seconds;
    times.count += 1;
  }

  /** What was counted so far. */
  snapshot(): MetricFamily[] {
    const families: MetricFamily[] = [];
    for (const [name, all] of this.#counters) {
      const values = [...all.values()].map(({ labels, value }) => ({ value, labels }));
      families.push(family(name, this.#helpOf(name), "counter", values));
    }
    for (const [name, all] of this.#times) {
      const values = [...all.values()].flatMap((times) => histogramValues(name, times));
      families.push(family(name, this.#helpOf(name), "histogram", values));
    }
    return families;
  }

  #helpOf(name: string): string {
    const help = this.#help.get(name);
    if (help === undefined) throw new Error(`The metric "${name}" is not described`);
    return help;
  }
}

/** A family of values that are read when somebody asks. */
export function family(
  name: string,
  help: string,
  type: MetricFamily["type"],
  values: MetricFamily["values"],
): MetricFamily {
  return { name, help, type, aggregator: "sum", values };
}

function series<T>(
  all: Map<string, Map<string, T>>,
  name: string,
  labels: Labels,
  make: (labels: Labels) => T,
): T {
  let own = all.get(name);
  if (!own) all.set(name, own = new Map());
  const key = Object.values(labels).join("\0");
  const known = own.get(key);
  if (known) return known;
  if (own.size >= MAX_SERIES) {
    const other = Object.fromEntries(Object.keys(labels).map((label) => [label, "other"]));
    const otherKey = Object.values(other).join("\0");
    const found = own.get(otherKey) ?? make(other);
    own.set(otherKey, found);
    return found;
  }
  const made = make(labels);
  own.set(key, made);
  return made;
}

/** As Prometheus has them: each bucket holds what is in those below it as well. */
function histogramValues(name: string, times: Times): MetricFamily["values"] {
  const { labels, buckets, sum, count } = times;
  let below = 0;
  const values: MetricFamily["values"] = buckets.map((inside, i) => {
    below += inside;
    return { metricName: `${name}_bucket`, labels: { le: SECONDS[i]!, ...labels }, value: below };
  });
  values.push({ metricName: `${name}_bucket`, labels: { le: "+Inf", ...labels }, value: count });
  values.push({ metricName: `${name}_sum`, labels, value: sum });
  values.push({ metricName: `${name}_count`, labels, value: count });
  return values;
}

/** Adds up what several threads counted. */
export function mergeFamilies(all: readonly MetricFamily[]): MetricFamily[] {
  const merged = new Map<string, MetricFamily>();
  for (const one of all) {
    const known = merged.get(one.name);
    if (!known) {
      merged.set(one.name, { ...one, values: one.values.map((value) => ({ ...value })) });
      continue;
    }
    const keyOf = ({ metricName, labels }: MetricFamily["values"][number]) =>
      `${metricName}\0${Object.entries(labels).sort().join("\0")}`;
    const byKey = new Map(known.values.map((value) => [keyOf(value), value]));
    for (const value of one.values) {
      const same = byKey.get(keyOf(value));
      if (same) same.value += value.value;
      else known.values.push({ ...value });
    }
  }
  return [...merged.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}
