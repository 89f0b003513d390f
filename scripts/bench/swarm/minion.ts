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
  readResume,
  readSignIn,
  sealRequest,
  type Session,
  signInRequest,
} from "./wire.ts";
import { type Behaviour, checkBehaviour, type Knobs } from "./behaviour.ts";
import { RaetLink } from "./raet_link.ts";
import { noteError, type Tally } from "./tally.ts";
import { Turns } from "./turns.ts";
import { ZmtpConnection } from "./zmtp.ts";

/** Sign-ins that a road which is found again gets. */
const ROAD_TRIES = 10;

/** ms that a request may take; as long as Salt's minions wait. */
const TIMEOUT = 60_000;

/** Latencies kept for each command: enough for percentiles, whatever a flood lasts. */
const MAX_LATENCIES = 200_000;

/** Connections for one request that are open at once in one process: the master's descriptors end. */
const PASSING = new Turns(64);

/** One minion. */
export class SimulatedMinion {
  readonly #who: Identity;
  #behaviour: Behaviour;
  readonly #tally: Tally;
  #request: ZmtpConnection | null = null;
  #publications: ZmtpConnection | null = null;
  #session: Session | null = null;
  #answer: { resolve(reply: Uint8Array): void; reject(error: Error): void } | null = null;
  /** Requests of one minion go one after the other, as on a REQ socket. */
  #queue: Promise<unknown> = Promise.resolve();
  #renewing: Promise<void> | null = null;
  #closed = false;
  #away = false;
  #road: RaetLink | null = null;
  #gate: PromiseWithResolvers<void> | null = null;

  constructor(who: Identity, behaviour: Behaviour, tally: Tally) {
    checkBehaviour(behaviour);
    this.#who = who;
    this.#behaviour = behaviour;
    this.#tally = tally;
  }

  /** Whether it lost its master and has not found it again. */
  get away(): boolean {
    return this.#away;
  }

  /** Connects, for requests to come. */
  async connect(): Promise<void> {
    const { transport, host, requestPort } = this.#behaviour;
    if (transport === "raet") {
      this.#road ??= await RaetLink.open(this.#who.id, { host, port: requestPort }, {
        onLink: (up) => up ? void this.#foundRoad() : this.#lostRoad(),
        loss: () => this.#behaviour.packetLoss,
        onLost: () => this.#tally.packetsLost += 1,
      });
    } else this.#request ??= await this.#connect();
  }

  /** Signs in, with a token from the second time on. Throws when the master does not let it in. */
  async signIn(): Promise<void> {
    const { version, resumes } = this.#behaviour;
    if (resumes && this.#session?.resumes && await this.#resume(this.#session)) return;
    const nonce = makeNonce();
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
    if (this.#road) return this.#road.listen((payload) => this.#published(payload));
    const { host } = this.#behaviour;
    const port = this.#mine().publishPort;
    const connection = new ZmtpConnection(
      host,
      port,
      "SUB",
      (frames) => this.#published(frames.at(-1) ?? new Uint8Array()),
      () => this.#lostMaster(connection),
    );
    this.#publications = connection;
    await connection.opened;
    await connection.subscribe("");
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

  /**
   * Asks for a file, piece by piece. Gives its size, or what has come of it.
   * @param isOver true: no further piece is asked for.
   */
  async fetch(path: string, isOver: () => boolean = () => false): Promise<number> {
    let size = 0;
    for (;;) {
      if (isOver()) return size;
      const load = { cmd: "_serve_file", path, saltenv: "base", loc: size, id: this.#who.id };
      const piece = await this.#encrypted(load) as DataMap;
      const { data } = piece;
      const bytes = typeof data === "string" || data instanceof Uint8Array ? data.length : 0;
      if (bytes === 0) return size;
      size += bytes;
      this.#tally.pieces += 1;
    }
  }

  /** Behaves otherwise from now on. */
  behave(change: Partial<Knobs>): void {
    const behaviour = { ...this.#behaviour, ...change };
    checkBehaviour(behaviour);
    this.#behaviour = behaviour;
  }

  /** Holds answers to jobs, and does not look for a lost master, until {@linkcode release}. */
  hold(): void {
    this.#gate ??= Promise.withResolvers<void>();
  }

  release(): void {
    this.#gate?.resolve();
    this.#gate = null;
  }

  /** Leaves for good. */
  close(): void {
    this.#closed = true;
    this.#request?.close();
    this.#publications?.close();
    this.#road?.close();
    this.#answer?.reject(new Error("closed"));
  }

  /** Is gone as a process that was killed: over RAET the master is told nothing, over TCP by the kernel. */
  die(): void {
    this.#road?.silence();
    this.close();
  }

  #mine(): Session {
    if (this.#session === null) throw new Error(`${this.#who.id} has not signed in`);
    return this.#session;
  }

  #value(): Data {
    const { returnSize } = this.#behaviour;
    return returnSize > 0 ? "x".repeat(returnSize) : true;
  }

  async #resume(session: Session): Promise<boolean> {
    try {
      const answer = await this.#encrypted({ cmd: "_resume", id: this.#who.id });
      const resumed = readResume(session, answer);
      if (resumed === null) return false;
      this.#session = resumed;
      this.#tally.resumes += 1;
      return true;
    } catch {
      return false;
    }
  }

  #published(payload: Uint8Array): void {
    const session = this.#mine();
    const job = openPublication(session, payload);
    if (job !== null) return this.#begin(job);
    // A key that is not known means that the master has another one by now.
    this.#renewing ??= this.signIn().finally(() => this.#renewing = null);
    this.#renewing.then(() => {
      const again = openPublication(this.#mine(), payload);
      if (again !== null) this.#begin(again);
    }).catch((error) => this.#fail(error));
  }

  #begin(job: DataMap): void {
    this.#tally.jobs += 1;
    if (Math.random() < this.#behaviour.loss || !this.#isFor(job)) return;
    const think = this.#behaviour.thinkMs * (0.5 + Math.random());
    if (think > 0) setTimeout(() => this.#answerJob(job), think);
    else this.#answerJob(job);
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
    const answer = () => {
      if (this.#closed) return;
      this.return(String(job["jid"]), value).catch((error) => this.#fail(error));
    };
    if (this.#gate) void this.#gate.promise.then(answer);
    else answer();
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
    if (this.#behaviour.transport === "raet") {
      await this.connect();
      const reply = await this.#road!.request(payload, TIMEOUT);
      this.#note(cmd, start);
      return reply;
    }
    if (!this.#behaviour.keepsConnection) {
      using _turn = await PASSING.enter();
      return await this.#askOnce(cmd, payload, start);
    }
    return await this.#askOnce(cmd, payload, start);
  }

  async #askOnce(cmd: string, payload: Uint8Array, start: number): Promise<Uint8Array> {
    const connection = this.#request ??= await this.#connect();
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const reply = await new Promise<Uint8Array>((resolve, reject) => {
        this.#answer = { resolve, reject };
        timer = setTimeout(() => reject(new Error(`no answer to ${cmd}`)), TIMEOUT);
        connection.send([new Uint8Array(), payload]);
      });
      this.#note(cmd, start);
      if (!this.#behaviour.keepsConnection) this.#drop(connection);
      return reply;
    } catch (error) {
      // A late answer must not be taken for that to the next request.
      this.#drop(connection);
      throw error;
    } finally {
      clearTimeout(timer);
      this.#answer = null;
    }
  }

  #note(cmd: string, start: number): void {
    const latencies = this.#tally.latencies[cmd] ??= [];
    if (latencies.length < MAX_LATENCIES) latencies.push(performance.now() - start);
  }

  #drop(connection: ZmtpConnection): void {
    if (this.#request === connection) this.#request = null;
    connection.close();
  }

  async #connect(): Promise<ZmtpConnection> {
    const { host, requestPort } = this.#behaviour;
    const connection = new ZmtpConnection(
      host,
      requestPort,
      "REQ",
      (frames) => this.#answer?.resolve(frames.at(-1) ?? new Uint8Array()),
      () => {
        if (this.#closed || this.#request !== connection) return;
        this.#request = null;
        this.#answer?.reject(new Error("the connection was lost"));
        if (!this.#away) this.#fail(new Error("a request connection was lost"));
      },
    );
    await connection.opened;
    return connection;
  }

  #lostMaster(connection: ZmtpConnection): void {
    if (this.#closed || this.#publications !== connection) return;
    this.#publications = null;
    if (this.#behaviour.reconnectMs === 0) {
      return this.#fail(new Error("the connection for publications was lost"));
    }
    if (!this.#away) {
      this.#away = true;
      void this.#comeBack();
    }
  }

  #lostRoad(): void {
    if (this.#closed || this.#away) return;
    if (this.#behaviour.reconnectMs === 0) this.#fail(new Error("the road was lost"));
    else this.#away = true;
  }

  /** A road is found again by itself; this minion has to sign in still. */
  async #foundRoad(): Promise<void> {
    for (let tries = 0; this.#away && !this.#closed && tries < ROAD_TRIES; tries += 1) {
      const pause = Math.random() * this.#behaviour.reconnectMs;
      await new Promise((resolve) => setTimeout(resolve, pause));
      try {
        await this.signIn();
        if (this.#away) this.#tally.comebacks += 1;
        this.#away = false;
      } catch (error) {
        noteError(this.#tally, error);
      }
    }
  }

  async #comeBack(): Promise<void> {
    while (!this.#closed) {
      await this.#gate?.promise;
      const pause = Math.random() * this.#behaviour.reconnectMs;
      await new Promise((resolve) => setTimeout(resolve, pause));
      try {
        await this.listen();
        await this.signIn();
        this.#away = false;
        this.#tally.comebacks += 1;
        return;
      } catch {
        const connection: ZmtpConnection | null = this.#publications;
        this.#publications = null;
        connection?.close();
      }
    }
  }

  #fail(error: unknown): void {
    if (!this.#closed && this.#behaviour.reconnectMs === 0) noteError(this.#tally, error);
  }
}
