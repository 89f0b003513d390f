/**
 * What a responder gives to who has proven its keys: a session, and the verdict on it.
 * @module
 */
import type { Address } from "./address.ts";
import { resetToken } from "./crypto.ts";
import type { DoorOptions } from "./door.ts";
import type { Proven } from "./handshake.ts";
import { writeVerdictRecord } from "./join.ts";
import type { Peer } from "./peer.ts";
import { Session } from "./session.ts";
import { VERDICT_BYTES, writeVerdict } from "./verdict.ts";
import { FULL_PATH } from "./wire.ts";

/** s after which one that was refused for now may ask again. */
const BUSY_RETRY_S = 30;
/** s over which minions spread their return to a master of few. */
const MIN_SPREAD_S = 10;
/** Minions that may return in a second. */
const RETURNS_PER_S = 200;

/** What the other side is told. Times in ms. */
export interface WelcomeOptions extends DoorOptions {
  maxMessage: number;
  alive: number;
  /** Bytes of the largest datagram, where paths have room for more than usual. (`raet_mtu`) */
  mtu?: number;
  /** Packets that may be under way to a remote whatever is lost; 10 where it is absent. */
  minWindow?: number;
}

/** The session of a handshake that is done. */
export function sessionOf(
  { keys, initiatorCid, cookieAt }: Proven,
  address: Address,
  { minWindow }: WelcomeOptions,
  now: number,
): Session {
  const session = new Session({
    suite: keys.suite,
    sendKey: keys.toInitiator,
    receiveKey: keys.toResponder,
    localCid: keys.responderCid,
    remoteCid: initiatorCid,
    responder: true,
    address,
    sid: keys.sid,
    pathSize: FULL_PATH,
    ...(minWindow === undefined ? {} : { minWindow }),
    now,
  });
  // From the cookie to the initiation is a round trip: what is lost now is sent again in its time.
  session.recovery.seedRtt(Math.max(1, now - cookieAt));
  return session;
}

/** Has the peer told that it is let in, or waits; `peers` are there in all. */
export function welcome(
  { remote, association }: Peer,
  session: Session,
  options: WelcomeOptions,
  { status, peers }: { status: number; peers: number },
): void {
  const { keys, maxMessage, alive, identity, mtu = FULL_PATH } = options;
  const { data, messages } = remote.inbox.limits;
  const record = writeVerdictRecord({
    association,
    verify: identity.verify,
    resetToken: resetToken(keys.secret, session.localCid),
    parameters: {
      maxData: data,
      maxMessages: messages,
      maxMessage,
      alive: Math.round(alive / 1000),
      maxDatagram: mtu,
    },
  });
  const spread = Math.min(65_535, Math.max(MIN_SPREAD_S, Math.ceil(peers / RETURNS_PER_S)));
  remote.controls.set("verdict", VERDICT_BYTES + record.length, (w) => {
    writeVerdict(w, { status, retryAfter: 0, spread, record });
  });
}

/** The one packet that says that it is not let in. */
export function refusal(session: Session, status: number, now: number): Uint8Array {
  const w = session.writer();
  const record = new Uint8Array(0);
  writeVerdict(w, { status, retryAfter: BUSY_RETRY_S, spread: MIN_SPREAD_S, record });
  return session.seal(w, now, { items: [], eliciting: false });
}
