/**
 * One signed-in connection to a master: from sign-in to the moment it is of no more use.
 * @module
 */
import type { MinionChannel, TransportFactory } from "../channel/types.ts";
import { type MinionOpts, transportOf } from "../config/mod.ts";
import { messageOf, SaltClientError } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import type { PublishClient } from "../transport/types.ts";
import { BROADCAST, minionTopic, tcpEndpoint } from "../transport/zeromq/mod.ts";
import type { DataMap, MinionId, PublishLoad } from "../types/mod.ts";
import type { Clock } from "../channel/clock.ts";
import type { NamedMaster } from "./masters.ts";
import { resolveMaster, type Resolver } from "./resolve.ts";

const log = getLogger("saltx.minion");

/** ms in which a subscription should stand; after that the log says what may be wrong. */
const LINK_MS = 10_000;

/** s without a link after which all is built anew, from the name on, unless `master_alive_interval` says. */
const REBUILD = 30;

/** ms after which a link that was lost is given up when there is another master and nobody listens there. */
const FAILOVER_MS = 500;

/** `publish_port` of a minion that means: as the master says. (`AsyncPubChannel.connect`) */
const UNSET_PUBLISH_PORT = 4506;

/** Options with what belongs to one master. */
export type SessionOpts = MinionOpts & { readonly master_finger: string };

/** What to open a channel with. */
export interface ChannelWanted {
  /** `master_uri` is the master to connect to. */
  opts: SessionOpts;
  transport: TransportFactory;
  /** File in `pki_dir` with the key of this master. */
  masterKeyName: string;
  grains(): Promise<DataMap>;
  /** False: a key that is not accepted yet is an error. */
  waitWhilePending: boolean;
}

/** A signed-in channel, and the options with the master's address in them. */
export interface SignedIn {
  opts: SessionOpts;
  channel: MinionChannel;
  publishPort: number;
}

/** What a session is made with. */
export interface SessionParts {
  transport: TransportFactory;
  openChannel(wanted: ChannelWanted): Promise<MinionChannel>;
  /** This minion's grains, for `autosign_grains`. */
  grains(): Promise<DataMap>;
  /** What to subscribe to, in place of what a minion does. */
  topics?: string[];
  resolver: Resolver;
  clock: Clock;
}

/** What a session tells its owner. */
export interface SessionListener {
  /** The link stands again after it was gone. */
  onBack(session: Session): void;
  /** The link is gone; the transport tries to get it back. */
  onLost(session: Session): void;
  /** The master has a new session key. */
  onRekey(session: Session): void;
}

/** How to open a session. */
export interface SessionHow {
  signal: AbortSignal;
  /** Whether another master stands in when this one does not answer: then it is given up soon. */
  alternatives: boolean;
}

/** A channel, a subscription and their end. */
export class Session {
  /** Name of the master. */
  readonly master: string;
  /** Options as functions see them, with this master's address. */
  readonly opts: MinionOpts;
  readonly channel: MinionChannel;
  readonly #publish: PublishClient;
  readonly #publishPort: number;
  readonly #parts: SessionParts;
  readonly #alternatives: boolean;
  readonly #listener: SessionListener;
  readonly #end = new AbortController();
  readonly #up = Promise.withResolvers<void>();
  #isUp = false;
  #wasUp = false;
  #rebuild: AbortController | null = null;

  private constructor(
    { opts, channel, publishPort }: SignedIn,
    publish: PublishClient,
    parts: SessionParts,
    listener: SessionListener,
    alternatives: boolean,
  ) {
    this.master = opts.master as string;
    this.opts = opts;
    this.channel = channel;
    this.#publish = publish;
    this.#publishPort = publishPort;
    this.#parts = parts;
    this.#alternatives = alternatives;
    this.#listener = listener;
    this.#up.promise.catch(() => {});
    publish.onLink((up) => up ? this.#linkUp() : this.#linkDown());
    channel.onRekey(() => listener.onRekey(this));
    if (!this.#isUp) this.#expectLink();
  }

  /**
   * Resolves, signs in and subscribes.
   * @throws AuthenticationError, SaltClientError, or the signal's reason.
   */
  static async open(
    base: MinionOpts,
    master: NamedMaster,
    parts: SessionParts,
    listener: SessionListener,
    how: SessionHow,
  ): Promise<Session> {
    const signedIn = await signIn(base, master, parts, how);
    const { opts, channel } = signedIn;
    try {
      const publishPort = ownPort(base) ?? signedIn.publishPort;
      const uri = tcpEndpoint(String(opts["master_ip"]), publishPort);
      const publish = await parts.transport.publishClient(uri, {
        id: opts.id as MinionId,
        requestUri: opts.master_uri,
        topics: parts.topics ?? (opts.zmq_filtering ? [BROADCAST, minionTopic(opts.id)] : null),
      });
      return new Session(
        { opts, channel, publishPort },
        publish,
        parts,
        listener,
        how.alternatives,
      );
    } catch (error) {
      channel.close();
      throw error;
    }
  }

  /** Whether the subscription stands. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Aborts when this session is over; its reason says why. */
  get over(): AbortSignal {
    return this.#end.signal;
  }

  /** Resolves when the subscription stands for the first time. Rejects when the session ends before. */
  up(): Promise<void> {
    return this.#up.promise;
  }

  /** Publications that are authentic, until the session ends. @throws what decoding rejects with. */
  async *publications(): AsyncGenerator<PublishLoad> {
    for await (const { payload } of this.#publish.messages()) {
      if (this.over.aborted) return;
      const load = await this.channel.decodePublication(payload);
      if (load) yield load;
    }
  }

  /** Ends the session; a new one can be opened. Safe to call twice. */
  close(reason: unknown = new Error("The connection was closed")): void {
    if (this.over.aborted) return;
    this.#end.abort(reason);
    this.#rebuild?.abort();
    this.#up.reject(reason);
    this.#publish.close();
    this.channel.close();
  }

  /** Ends only the subscription: returns can still be sent. */
  closeSubscription(): void {
    this.#publish.close();
    this.#rebuild?.abort();
  }

  #linkUp(): void {
    this.#isUp = true;
    this.#rebuild?.abort();
    this.#rebuild = null;
    this.#up.resolve();
    if (this.#wasUp) this.#listener.onBack(this);
    this.#wasUp = true;
  }

  #linkDown(): void {
    this.#isUp = false;
    if (this.over.aborted) return;
    this.#listener.onLost(this);
    this.#expectLink();
  }

  /** Ends the session when the link does not come (back) in time: the master may have moved. */
  #expectLink(): void {
    const rebuild = this.#rebuild = new AbortController();
    const after = (this.opts.master_alive_interval || REBUILD) * 1000;
    const wait = this.#wasUp && this.#alternatives && this.opts.master_alive_interval > 0
      ? this.#giveUpSoon(after, rebuild.signal)
      : this.#giveUp(after, rebuild.signal);
    wait.catch((error) => {
      if (!rebuild.signal.aborted) log.error(`Waiting failed: ${messageOf(error)}`, error);
    });
  }

  async #giveUp(after: number, signal: AbortSignal): Promise<void> {
    const first = Math.min(LINK_MS, after);
    await this.#parts.clock.sleep(first, signal);
    log.error(
      `There is no subscription to master ${this.master} yet, ${first / 1000} s on. Is its ` +
        `publish port reachable from here?`,
    );
    await this.#parts.clock.sleep(after - first, signal);
    this.close(new Error(`no link to the master for ${after / 1000} s`));
  }

  /** A master that restarts is back at once; one that nobody finds at its address is dead. */
  async #giveUpSoon(after: number, signal: AbortSignal): Promise<void> {
    const first = Math.min(FAILOVER_MS, after);
    await this.#parts.clock.sleep(first, signal);
    const ip = String(this.opts["master_ip"]);
    const listens = speaksTcp(this.opts) &&
      await this.#parts.resolver.reachable(ip, this.#publishPort);
    signal.throwIfAborted();
    if (listens) await this.#parts.clock.sleep(after - first, signal);
    this.close(new Error("its link is gone"));
  }
}

/**
 * Finds the master's address and signs in there.
 * @param how `waitWhilePending`: false makes a key that is not accepted yet an error, as it is where
 * there are alternatives.
 * @throws AuthenticationError, SaltClientError, or the signal's reason.
 */
export async function signIn(
  base: MinionOpts,
  master: NamedMaster,
  parts: SessionParts,
  how: SessionHow & { waitWhilePending?: boolean },
): Promise<SignedIn> {
  const { resolver, clock, transport, grains } = parts;
  const { signal, alternatives, waitWhilePending = !alternatives } = how;
  const settings = alternatives ? { ...base, ...IMPATIENT } : base;
  const ip = await resolveMaster(master, settings, { resolver, clock, signal });
  if (alternatives && speaksTcp(base) && !await resolver.reachable(ip, master.port)) {
    throw new SaltClientError(`Nobody takes connections at ${tcpEndpoint(ip, master.port)}`);
  }
  const opts: SessionOpts = {
    ...settings,
    master: master.name,
    master_ip: ip,
    master_port: master.port,
    master_uri: tcpEndpoint(ip, master.port),
    master_finger: master.finger,
  };
  log.debug(`Master URI: ${opts.master_uri}`);
  const { masterKeyName } = master;
  transport.expectMaster?.(opts.master_uri, masterKeyName);
  const channel = await parts.openChannel({
    opts,
    transport,
    masterKeyName,
    grains,
    waitWhilePending,
  });
  try {
    const { publishPort } = await channel.signIn(signal);
    return { opts, channel, publishPort };
  } catch (error) {
    channel.close();
    throw error;
  }
}

/** What a master that has others beside it gets: one try. */
const IMPATIENT = {
  auth_tries: 1,
  auth_safemode: false,
  retry_dns: 0,
  resolve_dns_fallback: false,
};

/** Whether the master of these options is reached by TCP. */
export function speaksTcp(opts: MinionOpts): boolean {
  return transportOf(opts.transport) === "zeromq";
}

function ownPort(opts: MinionOpts): number | null {
  const port = Number(opts.publish_port ?? 0);
  return port > 0 && port !== UNSET_PUBLISH_PORT ? port : null;
}
