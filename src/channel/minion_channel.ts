/**
 * A minion's authenticated connection to one master.
 * (`salt/channel/client.py:AsyncReqChannel, AsyncPubChannel`)
 * @module
 */
import { randomUUID } from "node:crypto";
import { signX931 } from "../crypt/mod.ts";
import {
  AuthenticationError,
  messageOf,
  SaltClientError,
  SaltDeserializationError,
  SaltException,
} from "../errors.ts";
import { loadMinionKeys, masterKeyFiles } from "../key/mod.ts";
import { getLogger, type Logger } from "../logging/mod.ts";
import { unpack } from "../serializers/msgpack.ts";
import type { RequestClient, TransportFactory } from "../transport/types.ts";
import { type Data, type DataMap, isMap, type MinionId, type PublishLoad } from "../types/mod.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type MasterAnswer, readResumed, TOKEN_TEXT } from "./minion_auth.ts";
import { type Algorithms, algorithmsOf, type MinionAuthOpts } from "./minion_options.ts";
import { MinionSession, type RequestMaker } from "./minion_session.ts";
import { type SignInParts, signInToMaster } from "./minion_sign_in.ts";
import { openPillar, pillarSignatureHolds, readPillar } from "./pillar_reader.ts";
import { SharedTask } from "./shared_task.ts";
import type { MinionChannel, SignIn } from "./types.ts";

/** ms for which publications under the key before a rotation are still read: they may be under way. */
const OLD_KEY_MS = 10_000;

/** ms in which forged publications make the minion sign in anew at most once. */
const FUTILE_MS = 5_000;

/** ms after which the master has to prove itself by RSA again, as `publish_session` is by default. */
const RESUME_MS = 86_400_000;

/** What a channel is made of. */
export interface MinionChannelOptions {
  id: MinionId;
  opts: MinionAuthOpts;
  /** Where the master takes requests, as the transport names it. */
  masterUri: string;
  transport: TransportFactory;
  /** This minion's grains, for `autosign_grains`; asked only when that is set. */
  grains?: () => DataMap | Promise<DataMap>;
  /** False: a key that is not accepted ends the sign-in at once (`salt-call`). */
  waitWhilePending?: boolean;
  /** File in `pki_dir` that keeps the master's key; `minion_master.pub` when absent. */
  masterKeyName?: string;
  logger?: Logger;
  clock?: Clock;
}

/**
 * Opens a channel: reads the minion's keys (making them at the first start) and opens the transport.
 * Nothing is sent yet.
 * @throws SaltException for unusable keys, SaltConfigurationError for unknown algorithms.
 */
export async function createMinionChannel(options: MinionChannelOptions): Promise<MinionChannel> {
  const { id, opts, masterUri, transport } = options;
  const algorithms = algorithmsOf(opts);
  const keys = await loadMinionKeys(opts.pki_dir, opts.keysize);
  const client = await transport.requestClient(masterUri);
  return new Channel({
    identity: { id, ...keys },
    opts,
    masterUri,
    client,
    masterKeys: masterKeyFiles(opts.pki_dir, opts.master_sign_key_name, options.masterKeyName),
    grains: options.grains ?? (() => ({})),
    waitWhilePending: options.waitWhilePending ?? true,
    clock: options.clock ?? systemClock,
    log: options.logger ?? getLogger("saltx.channel"),
  }, algorithms);
}

interface RequestOptions {
  timeoutMs?: number;
  tries?: number;
  signal?: AbortSignal;
  raw?: boolean;
}

class Channel implements MinionChannel {
  readonly #parts: SignInParts;
  readonly #algorithms: Algorithms;
  readonly #maker: RequestMaker;
  readonly #client: RequestClient;
  readonly #signingIn: SharedTask<MinionSession>;
  readonly #rekeyListeners: (() => void)[] = [];
  #session: MinionSession | null = null;
  #before: { session: MinionSession; until: number } | null = null;
  #futileUntil = 0;
  /** When the master last proved itself by RSA. */
  #signedInAt = 0;
  #closed = false;

  constructor(parts: SignInParts, algorithms: Algorithms) {
    this.#parts = parts;
    this.#algorithms = algorithms;
    this.#client = parts.client;
    const token = signX931(parts.identity.privateKey, TOKEN_TEXT);
    this.#maker = { identity: parts.identity, token, opts: parts.opts };
    this.#signingIn = new SharedTask((signal) => this.#signInAnew(signal));
  }

  async signIn(signal?: AbortSignal): Promise<SignIn> {
    this.#checkOpen();
    const { publishPort, version } = await this.#signingIn.join(signal);
    return { publishPort, version };
  }

  onRekey(listener: () => void): void {
    this.#rekeyListeners.push(listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#signingIn.stop(this.#closedError());
    this.#client.close();
  }

  async request(load: DataMap, options: RequestOptions = {}): Promise<Data> {
    return await this.#retry(options, async (timeoutMs) => {
      return await this.#withSession(options.signal, async (session) => {
        const nonce = newNonce();
        const reply = await this.#exchange(session, load, nonce, timeoutMs, options.signal);
        return session.openReply(reply, nonce, options.raw ?? false);
      });
    });
  }

  async requestPillar(load: DataMap): Promise<DataMap> {
    return await this.#retry({}, async (timeoutMs) => {
      return await this.#withSession(undefined, async (session) => {
        const nonce = newNonce();
        const reply = unpack(await this.#exchange(session, load, nonce, timeoutMs));
        if (!isMap(reply) || reply["key"] === undefined) throw noPillar(reply);
        const { privateKey } = this.#parts.identity;
        const sealed = openPillar(reply, privateKey, this.#algorithms);
        if (!pillarSignatureHolds(sealed, session.masterKey, this.#algorithms)) {
          throw new AuthenticationError("Pillar payload signature failed to validate");
        }
        return readPillar(sealed, nonce);
      });
    });
  }

  async decodePublication(payload: Uint8Array): Promise<PublishLoad | null> {
    const { log } = this.#parts;
    if (this.#closed) return null;
    try {
      const outer = unpack(payload);
      if (!isMap(outer) || outer["enc"] !== "aes") return null;
      const load = outer["load"];
      if (!(load instanceof Uint8Array)) return null;
      const session = this.#session ?? await this.#signingIn.join();
      if (this.#parts.opts.sign_pub_messages && !session.signedByMaster(load, outer)) {
        log.error(
          "Dropped a publication: sign_pub_messages is set, and the master's signature " +
            "on it is missing or does not hold",
        );
        return null;
      }
      const value = await this.#openPublication(session, load);
      if (value === null) log.warning("Dropped a publication that is not newer than the last one");
      return value as PublishLoad | null;
    } catch (error) {
      if (this.#closed) return null;
      if (!isAboutOneMessage(error)) throw error;
      log.error(`Dropped a publication from ${this.#parts.masterUri}: ${messageOf(error)}`);
      return null;
    }
  }

  async #openPublication(session: MinionSession, load: Uint8Array): Promise<DataMap | null> {
    try {
      return session.openPublication(load);
    } catch (error) {
      if (!(error instanceof AuthenticationError)) throw error;
    }
    const now = this.#parts.clock.now().getTime();
    if (this.#before && now < this.#before.until) {
      const old = tryOld(this.#before.session, load);
      if (old !== undefined) return old;
    }
    if (session === this.#session && now < this.#futileUntil) throw forged();
    const fresh = await this.#renew(session);
    try {
      return fresh.openPublication(load);
    } catch (error) {
      if (!(error instanceof AuthenticationError)) throw error;
      this.#futileUntil = now + FUTILE_MS;
      throw forged();
    }
  }

  /** Does it again when it failed for other reasons than who is who. */
  async #retry<T>(options: RequestOptions, once: (timeoutMs: number) => Promise<T>): Promise<T> {
    const { request_channel_timeout, request_channel_tries } = this.#parts.opts;
    const timeoutMs = options.timeoutMs ?? Math.max(1, request_channel_timeout) * 1000;
    const tries = Math.max(1, options.tries ?? request_channel_tries);
    for (let attempt = 1;; attempt++) {
      this.#checkOpen();
      options.signal?.throwIfAborted();
      try {
        return await once(timeoutMs);
      } catch (error) {
        if (this.#closed) throw this.#closedError();
        options.signal?.throwIfAborted();
        const again = error instanceof SaltException && !(error instanceof AuthenticationError);
        if (!again || attempt >= tries) throw error;
        this.#parts.log.debug(`A request failed, attempt ${attempt}: ${messageOf(error)}`);
      }
    }
  }

  /** Does it with the session in force; once more with a new one if that is not valid any more. */
  async #withSession<T>(
    signal: AbortSignal | undefined,
    once: (session: MinionSession) => Promise<T>,
  ): Promise<T> {
    const session = this.#session ?? await this.#signingIn.join(signal);
    try {
      return await once(session);
    } catch (error) {
      if (!(error instanceof AuthenticationError)) throw error;
      this.#parts.log.info(`${error.message}; signing in again`);
    }
    const fresh = await this.#renew(session, signal);
    try {
      return await once(fresh);
    } catch (error) {
      if (!(error instanceof AuthenticationError)) throw error;
      throw new AuthenticationError(
        `${error.message}, also right after a new sign-in. The master's log says why; if it speaks ` +
          `of the time, compare the clocks: here it is ${this.#parts.clock.now().toISOString()}`,
        { cause: error },
      );
    }
  }

  /** Another session than `stale`: the one that somebody else has got by now, or a new one. */
  async #renew(stale: MinionSession, signal?: AbortSignal): Promise<MinionSession> {
    if (this.#session !== null && this.#session !== stale) return this.#session;
    return await this.#signingIn.join(signal);
  }

  async #exchange(
    session: MinionSession,
    load: DataMap,
    nonce: string,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const seconds = Math.floor(this.#parts.clock.now().getTime() / 1000);
    const payload = session.sealRequest(load, nonce, seconds, this.#maker);
    return await this.#client.request(payload, { timeoutMs, ...(signal ? { signal } : {}) });
  }

  async #signInAnew(signal: AbortSignal): Promise<MinionSession> {
    const before = this.#session;
    let answer = before && await this.#resume(before, signal);
    if (answer === null) {
      answer = await signInToMaster(this.#parts, signal);
      this.#signedInAt = this.#parts.clock.now().getTime();
    }
    signal.throwIfAborted();
    const session = new MinionSession(answer, before);
    this.#session = session;
    const { log, masterUri, clock } = this.#parts;
    if (before === null) {
      log.info(`Signed in to the master at ${masterUri}, protocol version ${session.version}`);
    } else if (!session.sameKeys(before)) {
      log.info(`Signed in again to the master at ${masterUri}: it has a new session key`);
      this.#before = { session: before, until: clock.now().getTime() + OLD_KEY_MS };
      for (const listener of this.#rekeyListeners) listener();
    }
    return session;
  }

  /** The keys in force by the session at hand; null when a whole sign-in is needed. */
  async #resume(before: MinionSession, signal: AbortSignal): Promise<MasterAnswer | null> {
    const { clock, opts, log } = this.#parts;
    const age = clock.now().getTime() - this.#signedInAt;
    if (before.resumable === null || age > RESUME_MS) return null;
    const nonce = newNonce();
    const timeoutMs = Math.max(1, opts.auth_timeout) * 1000;
    try {
      const reply = await this.#exchange(before, { cmd: "_resume" }, nonce, timeoutMs, signal);
      return readResumed(before.openReply(reply, nonce, false), before.resumable);
    } catch (error) {
      signal.throwIfAborted();
      log.debug(`The session cannot go on: ${messageOf(error)}`);
      return null;
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw this.#closedError();
  }

  #closedError(): SaltClientError {
    return new SaltClientError(`The channel to the master at ${this.#parts.masterUri} was closed`);
  }
}

function newNonce(): string {
  return randomUUID().replaceAll("-", "");
}

function tryOld(session: MinionSession, load: Uint8Array): DataMap | null | undefined {
  try {
    return session.openPublication(load);
  } catch (error) {
    if (error instanceof AuthenticationError) return undefined;
    throw error;
  }
}

function forged(): AuthenticationError {
  return new AuthenticationError("it is not under the session key that the master gives out");
}

function noPillar(reply: Data): SaltException {
  if (isMap(reply) && typeof reply["error"] === "string") {
    return new SaltClientError(`The master sent no pillar: ${reply["error"].slice(0, 200)}`);
  }
  return new AuthenticationError("The master sent no pillar for this session");
}

/** Errors that a message from outside can cause; a refusal at sign-in ends more than one message. */
function isAboutOneMessage(error: unknown): boolean {
  if (error instanceof AuthenticationError) return error.exitCode === 1;
  return error instanceof SaltClientError || error instanceof SaltDeserializationError;
}
