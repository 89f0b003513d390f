/**
 * The master's door: bytes of a request in, bytes of the answer out. No I/O of its own.
 *
 * Decides who asks before anything is done for them: envelope, version, decryption, replay, identity,
 * then the command, which must be in a table. (`salt/channel/server.py:ReqServerChannel.handle_message`)
 * @module
 */
import type { Crypticle } from "../crypt/mod.ts";
import { messageOf } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import { packWire, unpack } from "../serializers/msgpack.ts";
import { isValidMinionId } from "../text/minion_id.ts";
import type { PeerInfo } from "../transport/types.ts";
import { type Data, type DataMap, isMap, type MinionId } from "../types/mod.ts";
import { Bulk, sealBulkReply } from "./bulk_reply.ts";
import { PLAIN, Refusal } from "./errors.ts";
import type { SharedSet } from "./shared_set.ts";
import type { SessionCrypticles } from "./session_crypticles.ts";
import type { TokenCheck } from "./token_check.ts";

const log = getLogger("saltx.gate");

/** Whom an encrypted request acts for. */
export interface Caller {
  /** The id in the load; see `proven`. Null where the load names none. */
  id: MinionId | null;
  /** Whether a token or a session key has proven that it is `id` who asks. */
  proven: boolean;
  version: number;
  encAlgo: string;
  sigAlgo: string;
  peer: PeerInfo;
}

/** One command of the encrypted channel. */
export interface EncryptedCommand {
  /** Served only to who has proven the id in the load; others get `{}`. */
  tok: boolean;
  /** Its reply is already sealed for its reader (`_pillar`). */
  sealed?: boolean;
  /** It may take long: who calls the gate may let others go first. */
  heavy?: boolean;
  /** What it promises needs little of the time of who calls the gate: others may go on meanwhile. */
  aside?: boolean;
  run(load: DataMap, caller: Caller): Data | Bulk | Promise<Data | Bulk>;
}

/** One command of the clear channel, for clients on the master's host. Checks credentials itself. */
export type ClearCommand = (load: DataMap, peer: PeerInfo) => Data | Promise<Data>;

/** What the gate needs to know and to call. */
export interface GateParts {
  minimumVersion: number;
  /** s a request may be old by its own `ts`; 0 turns that off. (`request_server_ttl`) */
  requestTtl: number;
  /** The fleet's key, for version 2 peers. */
  fleet(): Crypticle;
  sessions: SessionCrypticles;
  tokens: TokenCheck;
  /** Nonces that were used. */
  replays: SharedSet;
  /** Whether this id was seen to speak version 3: it may not go back. */
  speaksVersion3(id: string): boolean;
  noteVersion3(id: MinionId): void;
  signIn(load: DataMap, version: number, peer: PeerInfo): Uint8Array | Promise<Uint8Array>;
  clear: ReadonlyMap<string, ClearCommand>;
  encrypted: ReadonlyMap<string, EncryptedCommand>;
  now(): number;
  /** Is told of each request: the command, `ok`, `refused` or `failed`, and the ms it took. */
  served?(command: string, outcome: Outcome, ms: number): void;
}

/** How a request gives way to others, for who calls the gate. */
export interface GiveWay {
  /** Is awaited before a command that may take long; by then the request is checked. */
  turn: (() => Promise<void>) | undefined;
  /** Is called when a command that is `aside` has promised its answer. */
  aside: () => void;
}

/** What became of a request. */
export type Outcome = "ok" | "refused" | "failed";

/** What a request turned out to be, as it is served. */
interface Progress {
  command: string;
  outcome: Outcome;
  /** When the work began. */
  since: number;
}

/** What answering a request needs besides the command. */
interface Exchange {
  crypticle: Crypticle;
  nonce: string | undefined;
  progress: Progress;
  aside: (() => void) | undefined;
}

interface Envelope {
  enc: string;
  load: Data;
  version: number;
  fields: DataMap;
}

/** Serves requests, one call each. Never rejects: whatever comes gets an answer. */
export class Gate {
  readonly #parts: GateParts;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /** The bytes of the answer. */
  async handle(payload: Uint8Array, peer: PeerInfo, giveWay?: GiveWay): Promise<Uint8Array> {
    const progress: Progress = { command: "unknown", outcome: "ok", since: performance.now() };
    try {
      const envelope = this.#open(payload);
      return envelope.enc === "clear"
        ? await this.#clear(envelope, peer, progress)
        : await this.#encrypted(envelope, peer, progress, giveWay);
    } catch (error) {
      progress.outcome = error instanceof Refusal ? "refused" : "failed";
      if (error instanceof Refusal) {
        log.warning(`Refused a request${from(peer)}: ${error.message}`);
        return packWire(error.reply);
      }
      log.error(`A request${from(peer)} could not be served: ${messageOf(error)}`, error);
      return packWire(PLAIN.handlerRaised);
    } finally {
      const { command, outcome, since } = progress;
      this.#parts.served?.(command, outcome, performance.now() - since);
    }
  }

  #open(payload: Uint8Array): Envelope {
    let fields: Data;
    try {
      fields = unpack(payload);
    } catch (error) {
      throw new Refusal(PLAIN.notMsgpack, `not a msgpack message (${messageOf(error)})`);
    }
    if (!isMap(fields)) throw new Refusal(PLAIN.badLoad, "the message is not a map");
    const { enc, load } = fields;
    if (typeof enc !== "string" || load === undefined) {
      throw new Refusal(PLAIN.badLoad, "the message has no enc or no load");
    }
    const version = fields["version"] ?? 0;
    if (typeof version !== "number" || !Number.isInteger(version)) {
      throw new Refusal(PLAIN.badLoad, "its version is not a number");
    }
    if (version < this.#parts.minimumVersion) {
      throw new Refusal(
        PLAIN.badLoad,
        `its protocol version ${version} is below minimum_auth_version ` +
          `${this.#parts.minimumVersion}; upgrade that peer or lower the setting`,
      );
    }
    if (enc !== "clear" && enc !== "aes") {
      throw new Refusal(PLAIN.badLoad, `its encryption '${enc.slice(0, 20)}' is unknown`);
    }
    return { enc, load, version, fields };
  }

  async #clear(envelope: Envelope, peer: PeerInfo, progress: Progress): Promise<Uint8Array> {
    const load = envelope.load;
    if (!isMap(load)) throw new Refusal(PLAIN.notAMap, "its load is not a map");
    checkId(load["id"]);
    const cmd = load["cmd"];
    if (cmd === "_auth") {
      progress.command = cmd;
      checkProven(load["id"], peer);
      return await this.#parts.signIn(load, envelope.version, peer);
    }
    if (peer.verifiedId !== null) {
      throw new Refusal(PLAIN.badLoad, "clear commands are for this host's own programs");
    }
    const command = typeof cmd === "string" ? this.#parts.clear.get(cmd) : undefined;
    if (!command) {
      log.warning(`Refused a request${from(peer)}: no clear command is called ${shown(cmd)}`);
      progress.outcome = "refused";
      return packWire({});
    }
    progress.command = String(cmd);
    return packWire(await command(load, peer));
  }

  async #encrypted(
    envelope: Envelope,
    peer: PeerInfo,
    progress: Progress,
    giveWay: GiveWay | undefined,
  ): Promise<Uint8Array> {
    if (typeof envelope.load === "string" || !(envelope.load instanceof Uint8Array)) {
      throw new Refusal(PLAIN.badLoad, "its encrypted load is not bytes");
    }
    const { crypticle, load } = envelope.version >= 3
      ? this.#decryptSession(envelope, envelope.load)
      : this.#decryptFleet(envelope.load);
    if (!isMap(load)) throw new Refusal(PLAIN.notAMap, "its load is not a map");
    checkId(load["id"]);
    const caller = this.#identify(load, envelope, peer);
    const nonce = this.#takeNonce(load, envelope.version, caller);
    this.#checkAge(load);
    delete load["tok"];
    const cmd = load["cmd"];
    const command = typeof cmd === "string" ? this.#parts.encrypted.get(cmd) : undefined;
    if (command?.heavy && giveWay?.turn) {
      await giveWay.turn();
      progress.since = performance.now();
    }
    const aside = command?.aside ? giveWay?.aside : undefined;
    return await this.#run(command, load, caller, { crypticle, nonce, progress, aside });
  }

  #decryptSession(
    envelope: Envelope,
    bytes: Uint8Array,
  ): { crypticle: Crypticle; load: Data } {
    const id = envelope.fields["id"];
    if (!isValidMinionId(id)) throw new Refusal(PLAIN.badLoad, "its envelope has no valid id");
    for (const crypticle of this.#parts.sessions.of(id)) {
      const load = crypticle.tryLoads(bytes);
      if (load !== undefined) return { crypticle, load };
    }
    throw new Refusal(
      PLAIN.badLoad,
      `minion ${id} has no valid session (its key is not accepted, or it has to sign in again)`,
    );
  }

  #decryptFleet(bytes: Uint8Array): { crypticle: Crypticle; load: Data } {
    const crypticle = this.#parts.fleet();
    const load = crypticle.tryLoads(bytes);
    if (load === undefined) {
      throw new Refusal(PLAIN.badLoad, "it is not under the session key in force");
    }
    return { crypticle, load };
  }

  /** What the request proves about its sender. A false proof refuses it, whatever it asks. */
  #identify(load: DataMap, envelope: Envelope, peer: PeerInfo): Caller {
    const id = load["id"] ?? null;
    const caller: Caller = {
      id: id as MinionId | null,
      proven: false,
      version: envelope.version,
      encAlgo: textOr(envelope.fields["enc_algo"], "OAEP-SHA1"),
      sigAlgo: textOr(envelope.fields["sig_algo"], "PKCS1v15-SHA1"),
      peer,
    };
    if (id !== null && !isValidMinionId(id)) {
      throw new Refusal(PLAIN.badLoad, `its id ${shown(id)} is not a valid minion id`);
    }
    if (envelope.version >= 3 && id !== envelope.fields["id"]) {
      throw new Refusal(PLAIN.badLoad, `${shown(envelope.fields["id"])} asks as ${shown(id)}`);
    }
    checkProven(id, peer);
    const token = load["tok"];
    if (token !== undefined) {
      if (!(token instanceof Uint8Array) || id === null || !this.#parts.tokens.holds(id, token)) {
        throw new Refusal(PLAIN.badLoad, `the token of ${shown(id)} does not hold`);
      }
      caller.proven = true;
    } else if (envelope.version >= 3) {
      throw new Refusal(PLAIN.badLoad, `the request of ${shown(id)} has no token`);
    }
    if (id !== null) this.#checkDowngrade(id as MinionId, caller);
    return caller;
  }

  #checkDowngrade(id: MinionId, caller: Caller): void {
    if (caller.version >= 3) this.#parts.noteVersion3(id);
    else if (this.#parts.speaksVersion3(id)) {
      throw new Refusal(
        PLAIN.badLoad,
        `${id} has spoken protocol version 3 before and may not go back to ${caller.version}`,
      );
    }
  }

  #takeNonce(load: DataMap, version: number, caller: Caller): string | undefined {
    const nonce = load["nonce"];
    delete load["nonce"];
    if (version < 2) return undefined;
    if (typeof nonce !== "string" || nonce.length !== 32) {
      throw new Refusal(PLAIN.badLoad, `the request of ${shown(caller.id)} has no nonce`);
    }
    if (!this.#parts.replays.add(caller.id ?? "", nonce)) {
      throw new Refusal(PLAIN.badLoad, `a request of ${shown(caller.id)} came a second time`);
    }
    return nonce;
  }

  #checkAge(load: DataMap): void {
    const sent = load["ts"];
    delete load["ts"];
    const ttl = this.#parts.requestTtl;
    if (ttl <= 0 || typeof sent !== "number") return;
    const age = Math.round(this.#parts.now() / 1000 - sent);
    if (Math.abs(age) > ttl) {
      throw new Refusal(
        PLAIN.badLoad,
        `a request of ${shown(load["id"])} is ${age} s old by its own clock and ` +
          `request_server_ttl is ${ttl}; compare the clocks of both hosts`,
      );
    }
  }

  async #run(
    command: EncryptedCommand | undefined,
    load: DataMap,
    caller: Caller,
    { crypticle, nonce, progress, aside }: Exchange,
  ): Promise<Uint8Array> {
    const cmd = load["cmd"];
    if (!command || (command.tok && !caller.proven)) {
      const why = command ? "without a token" : "which is no command";
      log.warning(`Refused: ${caller.id} asked for ${shown(cmd)} ${why}`);
      progress.outcome = "refused";
      return crypticle.dumpsPacked({}, nonce);
    }
    progress.command = String(cmd);
    if (nonce !== undefined && command.sealed) load["nonce"] = nonce;
    let result: Data | Bulk;
    try {
      const made = command.run(load, caller);
      if (made instanceof Promise) aside?.();
      // What is there at once is sealed at once, within the time that the request is known to take.
      result = made instanceof Promise ? await made : made;
    } catch (error) {
      log.error(`${shown(cmd)} of ${caller.id} failed: ${messageOf(error)}`, error);
      progress.outcome = "failed";
      result = "";
    }
    if (result instanceof Bulk) return sealBulkReply(result, crypticle, nonce);
    if (command.sealed) return packWire(result);
    return crypticle.dumpsPacked(result, nonce);
  }
}

function checkId(id: Data | undefined): void {
  if (id === undefined) return;
  if (typeof id !== "string") {
    throw new Refusal(PLAIN.idNotText(shown(id)), `its id ${shown(id)} is not text`);
  }
  if (id.includes("\0")) throw new Refusal(PLAIN.nullByte, "its id contains a null byte");
}

/** A transport that knows who sends lets nobody speak for another. */
function checkProven(id: Data | undefined, peer: PeerInfo): void {
  if (peer.verifiedId === null || id === null || id === undefined || id === peer.verifiedId) return;
  throw new Refusal(PLAIN.badLoad, `${peer.verifiedId} asks as ${shown(id)}`);
}

function textOr(value: Data | undefined, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

/** A peer's word in a log line: short, and on one line. */
function shown(value: Data | undefined): string {
  return (JSON.stringify(value, (_, v) => typeof v === "bigint" ? `${v}` : v) ?? "nothing").slice(
    0,
    80,
  );
}

function from(peer: PeerInfo): string {
  return peer.address ? ` from ${peer.address}` : "";
}
