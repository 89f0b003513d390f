/**
 * Returns, jobs and events as documents of Elasticsearch or OpenSearch, over HTTP.
 * (`salt/returners/elasticsearch_return.py`, `salt/modules/elasticsearch.py`)
 *
 * The document type `default` of Salt is `_doc` here, the only one that servers know since version 7.
 * @module
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { returnerOptions } from "../../loader/returner_options.ts";
import type { OpenReturner, Returner, ReturnerContext } from "../../loader/returner_types.ts";
import { pyTruthy } from "../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import { formatJob } from "../runners/job_format.ts";
import { funText, readJsonMap, strictJson } from "./_json.ts";
import { type Answer, plainUrl, request, withLogin } from "./_post.ts";

const DEFAULTS: DataMap = {
  debug_returner_payload: false,
  doc_type: "default",
  functions_blacklist: [],
  index_date: false,
  master_event_index: "salt-master-event-cache",
  master_event_doc_type: "default",
  master_job_cache_index: "salt-master-job-cache",
  master_job_cache_doc_type: "default",
  number_of_shards: 1,
  number_of_replicas: 0,
  states_order_output: false,
  states_count: false,
  states_single_index: false,
};

const STATE_FUNCTIONS = new Set(["state.apply", "state.highstate", "state.sls"]);

/** The returner `elasticsearch`. */
export const elasticsearchReturn: Returner = {
  name: "elasticsearch_return",
  virtualname: "elasticsearch",
  doc: "Elasticsearch or OpenSearch, over HTTP.",
  open: (ctx) => new ElasticsearchReturner(ctx),
};

class ElasticsearchReturner implements OpenReturner {
  readonly #ctx: ReturnerContext;
  /** Indexes known to be there. */
  readonly #indexes = new Set<string>();

  constructor(ctx: ReturnerContext) {
    this.#ctx = ctx;
  }

  async returner(returns: readonly DataMap[]): Promise<void> {
    for (const ret of returns) await this.#return(ret);
  }

  async event_return(events: readonly DataMap[]): Promise<void> {
    const options = this.#options(null);
    const index = dated(String(options["master_event_index"]), options);
    for (const { tag = "", data = "" } of events) {
      const type = String(options["master_event_doc_type"]);
      await this.#store(index, type, randomUUID(), { tag, data }, options);
    }
  }

  async save_load(jid: string, load: DataMap): Promise<void> {
    const options = this.#options(null);
    const index = String(options["master_job_cache_index"]);
    const type = String(options["master_job_cache_doc_type"]);
    await this.#store(index, type, jid, { jid, load }, options);
  }

  async get_load(jid: string): Promise<DataMap> {
    const options = this.#options(null);
    const index = String(options["master_job_cache_index"]);
    const type = typeName(String(options["master_job_cache_doc_type"]));
    const { status, text } = await this.#request("GET", `${index}/${type}/${jid}`);
    const source = status === 200 ? readJsonMap(text)["_source"] : undefined;
    return isMap(source) && isMap(source["load"]) ? source["load"] : {};
  }

  async get_jids(): Promise<DataMap> {
    const index = String(this.#options(null)["master_job_cache_index"]);
    const { status, text } = await this.#request("GET", `${index}/_search?size=10000`);
    const hits = status === 200 ? readJsonMap(text)["hits"] : undefined;
    const found: DataMap = {};
    for (const hit of isMap(hits) && Array.isArray(hits["hits"]) ? hits["hits"] : []) {
      const source = isMap(hit) ? hit["_source"] : undefined;
      if (!isMap(source) || !isMap(source["load"])) continue;
      const jid = String(source["jid"]);
      found[jid] = formatJob(jid, source["load"]);
    }
    return found;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #return(ret: DataMap): Promise<void> {
    const { jid, id, retcode = 1 } = ret;
    const fun = funText(ret["fun"]);
    const options = this.#options(ret);
    const ignored = [options["functions_blacklist"]!].flat();
    if (ignored.includes(fun)) {
      this.#ctx.log.info(`Job ${jid} is not stored: ${fun} is in functions_blacklist`);
      return;
    }
    const isState = STATE_FUNCTIONS.has(fun);
    const single = options["states_single_index"] === true && isState;
    let index = dated(`salt-${single ? "state_apply" : fun.replaceAll(".", "_")}`, options);
    let value = ret["return"] ?? null;
    if (isState && options["states_order_output"] === true && isMap(value)) {
      index += "-ordered";
      value = ordered(value);
    } else if (isState && !isMap(value)) value = { return: value };
    const counts = isState && options["states_count"] === true && isMap(value) ? count(value) : {};
    const document: DataMap = {
      "@timestamp": new Date().toISOString(),
      success: !pyTruthy(retcode),
      retcode,
      minion: id ?? null,
      fun,
      jid: jid ?? null,
      counts,
      data: withoutDots(value),
    };
    // With an id of its own, a return that is sent again is not stored twice.
    await this.#store(index, String(options["doc_type"]), `${jid}-${id}`, document, options);
  }

  #options(ret: DataMap | null): DataMap {
    const { option } = this.#ctx;
    return returnerOptions(option, "elasticsearch", Object.keys(DEFAULTS), DEFAULTS, ret);
  }

  async #store(
    index: string,
    type: string,
    id: string,
    document: DataMap,
    options: DataMap,
  ): Promise<void> {
    await this.#ensureIndex(index, options);
    const path = `${index}/${typeName(type)}/${encodeURIComponent(id)}`;
    const body = strictJson(document);
    if (options["debug_returner_payload"] === true) {
      this.#ctx.log.debug(`elasticsearch payload: ${body}`);
    }
    expectOk(await this.#request("PUT", path, body), `document of index ${index}`);
  }

  /** An index `<name>-v1` with the alias `<name>`, as Salt makes it. */
  async #ensureIndex(index: string, options: DataMap): Promise<void> {
    if (this.#indexes.has(index)) return;
    const { status } = await this.#request("HEAD", index);
    if (status === 404) {
      const { number_of_shards, number_of_replicas } = options;
      const settings = {
        number_of_shards: number_of_shards!,
        number_of_replicas: number_of_replicas!,
      };
      const body = strictJson({ settings, aliases: { [index]: {} } });
      const made = await this.#request("PUT", `${index}-v1`, body);
      // Another minion may have been quicker.
      if (!made.text.includes("resource_already_exists")) expectOk(made, `index ${index}-v1`);
    }
    this.#indexes.add(index);
  }

  async #request(method: string, path: string, body?: string): Promise<Answer> {
    const profile = this.#ctx.option("elasticsearch");
    const settings = isMap(profile) ? profile : {};
    const option = (name: string) => settings[name] ?? this.#ctx.option(`elasticsearch.${name}`);
    const hosts = [option("host") ?? option("hosts") ?? "127.0.0.1:9200"].flat().map(String);
    const ca = option("ca_certs");
    const secure = option("use_ssl") === true;
    let last: unknown;
    for (const host of hosts) {
      const address = new URL(
        /^https?:\/\//.test(host) ? host : `http${secure ? "s" : ""}://${host}`,
      );
      if (option("username") !== undefined) address.username = String(option("username"));
      if (option("password") !== undefined) address.password = String(option("password"));
      const { url, headers } = withLogin(address.href);
      try {
        return await request({
          method,
          url: `${plainUrl(url).replace(/\/$/, "")}/${path}`,
          headers,
          verify: option("verify_certs") !== false,
          ...(body === undefined ? {} : { body }),
          ...(ca === undefined ? {} : { ca: readFileSync(String(ca), "utf8") }),
        });
      } catch (error) {
        last = error;
      }
    }
    throw last;
  }
}

function expectOk({ status, text }: Answer, what: string): void {
  if (status >= 300) {
    throw new Error(`Elasticsearch takes no ${what}: ${status} ${text.slice(0, 200)}`);
  }
}

function typeName(type: string): string {
  return type === "default" ? "_doc" : encodeURIComponent(type);
}

function dated(index: string, options: DataMap): string {
  if (options["index_date"] !== true) return index;
  const now = new Date();
  const two = (value: number) => String(value).padStart(2, "0");
  return `${index}-${now.getFullYear()}.${two(now.getMonth() + 1)}.${two(now.getDate())}`;
}

/** State results under names that sort as they ran, with the function of each. */
function ordered(states: DataMap): DataMap {
  const width = String(Object.keys(states).length).length;
  return Object.fromEntries(
    Object.entries(states).map(([uid, state]) => {
      if (/^\d/.test(uid) || !isMap(state)) return [uid, state];
      const parts = uid.split("_|-");
      const number = String(state["__run_num__"] ?? 0).padStart(width, "0");
      return [`${number}_|-${uid}`, { ...state, _func: `${parts[0]}.${parts.at(-1)}` }];
    }),
  );
}

function count(states: DataMap): DataMap {
  const results = Object.values(states).map((state) => isMap(state) ? state["result"] : undefined);
  const failed = results.filter((result) => result === false).length;
  return { succeeded: results.length - failed, failed };
}

/** Dots in keys would be read as paths. */
function withoutDots(value: Data): Data {
  if (Array.isArray(value)) return value.map(withoutDots);
  if (!isMap(value)) return value;
  const found: DataMap = {};
  for (const [key, one] of Object.entries(value)) {
    if (key.includes(".")) found["_orig_key"] = key;
    found[key.replaceAll(".", "_")] = withoutDots(one);
  }
  return found;
}
