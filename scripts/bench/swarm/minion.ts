/**
 * One simulated minion: its own identity, two TCP connections, Salt's wire protocol. It signs in,
 * decrypts what is published and returns; it runs nothing.
 * @module
 */
import type { Data, DataMap } from "../../../src/types/mod.ts";
import {
  type Identity,
  makeNonce,
  openPublication,
  openReply,
  readSignIn,
  sealRequest,
  type Session,
  signInRequest,
} from "./wire.ts";
import { ZmtpConnection } from "./zmtp.ts";

/** How a simulated minion behaves. */
export interface Behaviour {
  host: string;
  requestPort: number;
  version: 2 | 3;
  /** ms between a publication and its return; spread between half and one and a half of it. */
  thinkMs: number;
  /** Bytes of text in each return; 0: `true`. */
  returnSize: number;
  /** Share of publications that are never answered, 0 to 1. */
  loss: number;
}

/** What has really happened, counted where it happened. */
export interface Tally {
  signIns: number;
  /** Publications that were decrypted. */
  jobs: number;
  /** Returns whose acknowledgement was decrypted. */
  returns: number;
  events: number;
  /** Answers that were no answers, and connections that were lost. */
  errors: number;
  /** ms of each request until its answer, by command. */
  latencies: Record<string, number[]>;
}

/** A tally of nothing. */
export function emptyTally(): Tally {
  return { signIns: 0, jobs: 0, returns: 0, events: 0, errors: 0, latencies: {} };
}

/** ms that a request may take; as long as Salt's minions wait. */
const TIMEOUT = 60_000;

/** One minion. */
export class SimulatedMinion {
  readonly #who: Identity;
  readonly #behaviour: Behaviour;
  readonly #tally: Tally;
  #request: ZmtpConnection | null = null;
  #publications: ZmtpConnection | null = null;
  #session: Session | null = null;
  #answer: { resolve(reply: Uint8Array): void; reject(error: Error): void } | null = null;
  /** Requests of one minion go one after the other, as on a REQ socket. */
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(who: Identity, behaviour: Behaviour, tally: Tally) {
    this.#who = who;
    this.#behaviour = behaviour;
    this.#tally = tally;
  }

  /** Signs in, with a token from the second time on. Throws when the master does not let it in. */
  async signIn(): Promise<void> {
    const nonce = makeNonce();
    const { version } = this.#behaviour;
    const known = this.#session ? { masterKey: this.#session.masterKey } : {};
    const payload = signInRequest(this.#who, nonce, { version, ...known });
    const answer = readSignIn(this.#who, await this.#ask("_auth", payload), nonce, {
      version,
      ...known,
    });
    if ("ret" in answer) throw new Error(`${this.#who.id} was told ${JSON.stringify(answer.ret)}`);
    this.#session = answer;
    this.#tally.signIns += 1;
  }

  /** Subscribes and answers jobs from then on. */
  async listen(): Promise<void> {
    const { host } = this.#behaviour;
    const port = this.#mine().publishPort;
    const connection = new ZmtpConnection(
      host,
      port,
      "SUB",
      (frames) => this.#published(frames.at(-1) ?? new Uint8Array()),
      () => this.#lost(),
    );
    this.#publications = connection;
    await connection.opened;
    connection.subscribe("");
  }

  /** Returns a job that nobody published, as minions do whose master was away. */
  async return(jid: string, value: Data = this.#value()): Promise<void> {
    const { id } = this.#who;
    const load = { cmd: "_return", id, jid, fun: "test.ping", fun_args: [], return: value };
    const answer = await this.#encrypted({ ...load, retcode: 0, success: true });
    // What is not stored is answered by something else than null.
    if (answer !== null) throw new Error(`a return was answered ${JSON.stringify(answer)}`);
    this.#tally.returns += 1;
  }

  /** Fires an event on the master's bus. */
  async fire(tag: string): Promise<void> {
    await this.#encrypted({ cmd: "_minion_event", id: this.#who.id, tag, data: { n: 1 } });
    this.#tally.events += 1;
  }

  close(): void {
    this.#closed = true;
    this.#request?.close();
    this.#publications?.close();
    this.#answer?.reject(new Error("closed"));
  }

  #mine(): Session {
    if (this.#session === null) throw new Error(`${this.#who.id} has not signed in`);
    return this.#session;
  }

  #value(): Data {
    const { returnSize } = this.#behaviour;
    return returnSize > 0 ? "x".repeat(returnSize) : true;
  }

  #published(payload: Uint8Array): void {
    const job = openPublication(this.#mine(), payload);
    if (job === null) {
      this.#tally.errors += 1;
      return;
    }
    this.#tally.jobs += 1;
    if (Math.random() < this.#behaviour.loss || !this.#isFor(job)) return;
    const think = this.#behaviour.thinkMs * (0.5 + Math.random());
    setTimeout(() => this.#answerJob(job), think);
  }

  /** Globs of one star and lists are all that the benchmark publishes to. */
  #isFor(job: DataMap): boolean {
    const { tgt } = job;
    if (Array.isArray(tgt)) return tgt.includes(this.#who.id);
    return tgt === "*" || tgt === this.#who.id;
  }

  #answerJob(job: DataMap): void {
    // A job that was waited for too long is asked about: it has long been answered.
    const value = job["fun"] === "saltutil.find_job" ? {} : this.#value();
    this.return(String(job["jid"]), value).catch(() => this.#fail());
  }

  async #encrypted(load: DataMap): Promise<Data> {
    const nonce = makeNonce();
    const session = this.#mine();
    const reply = await this.#ask(
      String(load["cmd"]),
      sealRequest(this.#who, session, load, nonce),
    );
    return openReply(session, reply, nonce);
  }

  #ask(cmd: string, payload: Uint8Array): Promise<Uint8Array> {
    const turn = this.#queue.then(() => this.#askNow(cmd, payload));
    this.#queue = turn.catch(() => {});
    return turn;
  }

  async #askNow(cmd: string, payload: Uint8Array): Promise<Uint8Array> {
    const start = performance.now();
    this.#request ??= await this.#connect();
    const connection = this.#request;
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const reply = await new Promise<Uint8Array>((resolve, reject) => {
        this.#answer = { resolve, reject };
        timer = setTimeout(() => reject(new Error(`no answer to ${cmd}`)), TIMEOUT);
        connection.send([new Uint8Array(), payload]);
      });
      (this.#tally.latencies[cmd] ??= []).push(performance.now() - start);
      return reply;
    } catch (error) {
      // A late answer must not be taken for that to the next request.
      connection.close();
      this.#request = null;
      throw error;
    } finally {
      clearTimeout(timer);
      this.#answer = null;
    }
  }

  async #connect(): Promise<ZmtpConnection> {
    const { host, requestPort } = this.#behaviour;
    const connection = new ZmtpConnection(
      host,
      requestPort,
      "REQ",
      (frames) => this.#answer?.resolve(frames.at(-1) ?? new Uint8Array()),
      () => this.#lost(),
    );
    await connection.opened;
    return connection;
  }

  #lost(): void {
    if (this.#closed) return;
    this.#answer?.reject(new Error("the connection was lost"));
    this.#request = null;
    this.#tally.errors += 1;
  }

  #fail(): void {
    if (!this.#closed) this.#tally.errors += 1;
  }
}
