/**
 * Masters and minions of a road in one process, without sockets.
 * @module
 */
import type { Address } from "../../src/transport/raet/address.ts";
import { publicOf } from "../../src/transport/raet/crypto.ts";
import type { Identity } from "../../src/transport/raet/discover.ts";
import type { MessageHead } from "../../src/transport/raet/frames.ts";
import type { Incoming } from "../../src/transport/raet/inbox.ts";
import { Initiator, type InitiatorOptions } from "../../src/transport/raet/initiator.ts";
import { VerdictStatus } from "../../src/transport/raet/verdict.ts";
import { EstateKind } from "../../src/transport/raet/join.ts";
import type { JoinRequest, Peer } from "../../src/transport/raet/peer.ts";
import { Responder, type ResponderOptions } from "../../src/transport/raet/responder.ts";
import type { Random } from "./random.ts";
import type { RoadNetwork } from "./road_network.ts";

export const MASTER_AT: Address = { host: "192.0.2.1", port: 4506 };

/** A key pair from a source of random bytes. */
export function roadKeys(random: Random) {
  const secret = random.bytes(32);
  return { secret, pub: publicOf(secret) };
}

/** A responder that notes what comes. */
export class TestMaster {
  readonly responder: Responder;
  readonly messages: { id: string; message: Incoming }[] = [];
  readonly links: [string, boolean][] = [];
  readonly duplicates: string[] = [];
  judge: (join: JoinRequest) => number = () => VerdictStatus.ACCEPTED;
  refuse: (head: MessageHead) => { code: number; text: string } | null = () => null;
  onMessage: (peer: Peer, message: Incoming) => void = () => {};

  constructor(
    network: RoadNetwork,
    random: Random,
    keys: ReturnType<typeof roadKeys>,
    options: Partial<ResponderOptions> = {},
  ) {
    this.responder = new Responder(
      {
        name: "master",
        keys,
        identity: { verify: new Uint8Array(32).fill(1), name: "master", vouch: null },
        discover: true,
        random: (length) => random.bytes(length),
        helloRate: 200,
        maxSessions: 1000,
        maxPending: 100,
        txMessages: 1000,
        txBytes: 8 * 1024 * 1024,
        rxMemory: 64 * 1024 * 1024,
        maxMessage: 16 * 1024 * 1024,
        alive: 20_000,
        interim: 3_600_000,
        ...options,
      },
      {
        send: (packet, to) => network.send(packet, MASTER_AT, to),
        judge: (join) => this.judge(join),
        refuse: (_peer, head) => this.refuse(head),
        deliver: (peer, message) => {
          this.messages.push({ id: peer.id, message });
          this.onMessage(peer, message);
        },
        link: (peer, open) => this.links.push([peer.id, open]),
        duplicate: (peer) => this.duplicates.push(peer.id),
      },
      network.now,
    );
    network.attach(MASTER_AT, this.responder);
  }
}

/** An initiator that notes what comes. */
export class TestMinion {
  readonly initiator: Initiator;
  readonly messages: Incoming[] = [];
  readonly states: [string, string][] = [];
  readonly kept: Identity[] = [];
  restarts = 0;
  address: Address;
  refuse: (head: MessageHead) => { code: number; text: string } | null = () => null;
  onMessage: (message: Incoming) => void = () => {};

  constructor(
    network: RoadNetwork,
    random: Random,
    address: Address,
    options: Partial<InitiatorOptions> = {},
  ) {
    this.address = address;
    this.initiator = new Initiator(
      {
        id: `minion-${address.host}-${address.port}`,
        kind: EstateKind.MINION,
        keys: options.keys ?? roadKeys(random),
        verify: new Uint8Array(32).fill(2),
        masterName: "master",
        address: MASTER_AT,
        masterPub: null,
        version: "test",
        grains: null,
        vouch: () => null,
        random: (length) => random.bytes(length),
        chance: () => random.below(1000) / 1000,
        txMessages: 1000,
        txBytes: 64 * 1024 * 1024,
        maxMessage: 16 * 1024 * 1024,
        rxMemory: 64 * 1024 * 1024,
        alive: 20_000,
        rekey: 3_600_000,
        ...options,
      },
      {
        send: (packet, to) => network.send(packet, this.address, to),
        deliver: (message) => {
          this.messages.push(message);
          this.onMessage(message);
        },
        refuse: (head) => this.refuse(head),
        trust: () => null,
        keep: (identity) => this.kept.push(identity),
        link: (state, why) => this.states.push([state, why]),
        restarted: () => this.restarts += 1,
      },
    );
    network.attach(address, this.initiator);
  }

  /** Goes on at another address. */
  move(network: RoadNetwork, address: Address): void {
    network.detach(this.address);
    this.address = address;
    network.attach(address, this.initiator);
  }
}
