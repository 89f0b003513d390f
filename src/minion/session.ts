/**
 * One signed-in connection to a master: from sign-in to the moment it is of no more use.
 * @module
 */
import type { MinionChannel, TransportFactory } from "../channel/types.ts";
import type { MinionOpts } from "../config/mod.ts";
import { messageOf } from "../errors.ts";
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

/** `publish_port` of a minion that means: as the master says. (`AsyncPubChannel.connect`) */
const UNSET_PUBLISH_PORT = 4506;

/** What to open a channel with. */
export interface ChannelWanted {
  /** `master_uri` is the master to connect to. */
  opts: MinionOpts;
  transport: TransportFactory;
  /** File in `pki_dir` with the key of this master. */
  masterKeyName: string;
  grains(): Promise<DataMap>;
  /** False: a key that is not accepted yet is an error. */
  waitWhilePending: boolean;
}

/** A signed-in channel, and the options with the master's address in them. */
export interface SignedIn {
  opts: MinionOpts;
  channel: MinionChannel;
  publishPort: number;
}

/** What a session is made with. */
export interface SessionParts {
  transport: TransportFactory;
  openChannel(wanted: ChannelWanted): Promise<MinionChannel>;
  /** This minion's grains, for `autosign_grains`. */
  grains(): Promise<DataMap>;
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

/** A channel, a subscription and their end. */
export class Session {
  /** Options as functions see them, with this master's address. */
  readonly opts: MinionOpts;
  readonly channel: MinionChannel;
  readonly #publish: PublishClient;
  readonly #clock: Clock;
  readonly #listener: SessionListener;
  readonly #end = new AbortController();
  readonly #up = Promise.withResolvers<void>();
  #isUp = false;
  #wasUp = false;
  #rebuild: AbortController | null = null;

  private constructor(
    opts: MinionOpts,
    channel: MinionChannel,
    publish: PublishClient,
    clock: Clock,
    listener: SessionListener,
  ) {
    this.opts = opts;
    this.channel = channel;
    this.#publish = publish;
    this.#clock = clock;
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
    signal: AbortSignal,
  ): Promise<Session> {
    const { opts, channel, publishPort } = await signIn(base, master, parts, { signal });
    try {
      const uri = tcpEndpoint(String(opts["master_ip"]), ownPort(base) ?? publishPort);
      const publish = await parts.transport.publishClient(uri, {
        id: opts.id as MinionId,
        topics: opts.zmq_filtering ? [BROADCAST, minionTopic(opts.id)] : null,
      });
      return new Session(opts, channel, publish, parts.clock, listener);
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
    const alive = Number(this.opts["master_alive_interval"]);
    const rebuild = this.#rebuild = new AbortController();
    const after = (alive > 0 ? alive : REBUILD) * 1000;
    const wait = async () => {
      const first = Math.min(LINK_MS, after);
      await this.#clock.sleep(first, rebuild.signal);
      log.error(
        `There is no subscription to master ${this.opts.master} yet, ${
          first / 1000
        } s on. Is its ` +
          `publish port reachable from here?`,
      );
      await this.#clock.sleep(after - first, rebuild.signal);
      this.close(new Error(`no link to the master for ${after / 1000} s`));
    };
    wait().catch((error) => {
      if (!rebuild.signal.aborted) log.error(`Waiting failed: ${messageOf(error)}`, error);
    });
  }
}

/**
 * Finds the master's address and signs in there.
 * @throws AuthenticationError, SaltClientError, or the signal's reason.
 */
export async function signIn(
  base: MinionOpts,
  master: NamedMaster,
  parts: SessionParts,
  how: { signal: AbortSignal; waitWhilePending?: boolean },
): Promise<SignedIn> {
  const { resolver, clock, transport, grains } = parts;
  const { signal, waitWhilePending = true } = how;
  const ip = await resolveMaster(master, base, { resolver, clock, signal });
  const opts: MinionOpts = {
    ...base,
    master: master.name,
    master_ip: ip,
    master_port: master.port,
    master_uri: tcpEndpoint(ip, master.port),
  };
  log.debug(`Master URI: ${opts.master_uri}`);
  const { masterKeyName } = master;
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

function ownPort(opts: MinionOpts): number | null {
  const port = Number(opts.publish_port ?? 0);
  return port > 0 && port !== UNSET_PUBLISH_PORT ? port : null;
}
