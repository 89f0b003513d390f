/**
 * A minion's RAET: its keys, whom it trusts as its master, and its options.
 * @module
 */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type MinionOpts, numberOption } from "../config/mod.ts";
import { pkcs1Sign, pkcs1Verify } from "../crypt/mod.ts";
import { readKeyFile } from "../key/key_files.ts";
import { masterKeyFiles } from "../key/mod.ts";
import {
  loadRaetKeys,
  masterVouchText,
  minionVouchText,
  raetFinger,
  RaetMasterPin,
  type RaetPublic,
} from "../key/raet_keys.ts";
import { getLogger } from "../logging/mod.ts";
import { packLocal } from "../serializers/msgpack.ts";
import type { Identity } from "../transport/raet/discover.ts";
import { EstateKind } from "../transport/raet/join.ts";
import { type RaetTransport, raetTransport } from "../transport/raet/minion_road.ts";
import { tcpEndpoint } from "../transport/zeromq/mod.ts";
import type { DataMap } from "../types/mod.ts";
import { VERSION } from "../version.ts";

const log = getLogger("saltx.minion");

/** Bytes that an event has besides the message to a yard that it carries. */
const LETTER_HEAD = 2048;
/** The scheme of RSA signatures over RAET keys. */
const VOUCH = "PKCS1v15-SHA224";

/**
 * RAET's clients.
 * @param caller For `salt-call`, which runs beside a minion of the same keys.
 * @param keyName The file in `pki_dir` with the RSA key of the master at an address.
 */
export function raetOf(
  opts: MinionOpts,
  caller: boolean,
  keyName: (uri: string) => string | undefined = () => undefined,
): RaetTransport {
  const keys = loadRaetKeys(opts.pki_dir);
  log.info(`The RAET keys of this minion have the fingerprint ${raetFinger(keys, opts.hash_type)}`);
  const number = (name: string, otherwise: number) => numberOption(opts, name, otherwise);
  const pin = (host: string, port: number) => new RaetMasterPin(opts.pki_dir, host, port);
  return raetTransport({
    initiator: {
      id: opts.id,
      kind: caller ? EstateKind.CALLER : EstateKind.MINION,
      keys,
      verify: keys.verify,
      version: VERSION,
      grains: autosignGrains(opts),
      vouch: (masterPub) => vouch(opts, keys, masterPub),
      random: (length) => new Uint8Array(randomBytes(length)),
      chance: Math.random,
      txMessages: number("raet_txq_msgs", 1000),
      txBytes: number("raet_txq_bytes", 64 * 1024 * 1024),
      maxMessage: number("raet_max_message", 64 * 1024 * 1024),
      minWindow: number("raet_min_cwnd", 10),
      mtu: number("raet_mtu", 1200),
      rxMemory: number("raet_rx_memory", 64 * 1024 * 1024),
      alive: Math.min(
        number("raet_alive_period", 20),
        opts.master_alive_interval > 0 ? opts.master_alive_interval : Infinity,
      ) * 1000,
      rekey: number("raet_rekey_interval", 3600) * 1000,
    },
    port: caller ? number("raet_alt_port", 0) : number("raet_port", 0),
    laneBuffer: number("raet_lane_bufcnt", 100),
    maxLetter: opts.max_event_size - LETTER_HEAD,
    pinned: (host, port) => configuredKey(opts) ?? pin(host, port).read()?.pub ?? null,
    trust: (host, port, identity) =>
      distrust(opts, pin(host, port), identity, keyName(tcpEndpoint(host, port))),
    keep: (host, port, identity) => {
      pin(host, port).keep(identity);
      log.info(
        `Trusting the RAET keys of the master at ${host}, fingerprint ` +
          `${raetFinger(identity, opts.hash_type)}; kept as "${pin(host, port).path}"`,
      );
    },
    tell: (state, why) => {
      if (state === "open") log.debug("The road to the master is open");
      else if (state === "refused") log.error(`The road to the master is closed: ${why}`);
      else if (state === "pending") {
        log.error(`${why}: saltx key -a ${opts.id} accepts it there`);
      } else log.debug(`The road to the master is being opened: ${why}`);
    },
  });
}

function configuredKey(opts: MinionOpts): Uint8Array | null {
  const text = String(opts["raet_master_pub"] ?? "").split(":")[0]!;
  return /^[0-9a-f]{64}$/i.test(text) ? new Uint8Array(Buffer.from(text, "hex")) : null;
}

function autosignGrains(opts: MinionOpts): Uint8Array | null {
  const names = opts.autosign_grains.filter((name) => typeof name === "string");
  const grains = opts["grains"];
  if (names.length === 0 || grains === null || typeof grains !== "object") return null;
  const known = grains as DataMap;
  return packLocal(Object.fromEntries(names.map((name) => [name, known[name] ?? null])));
}

/** The RSA key's word for these keys, so that a fleet that has RSA keys accepted needs no more. */
function vouch(opts: MinionOpts, keys: RaetPublic, masterPub: Uint8Array): Uint8Array | null {
  if (opts["raet_rsa_vouch"] === false) return null;
  const pem = readKeyFile(join(opts.pki_dir, "minion.pem"));
  return pem === null ? null : pkcs1Sign(pem, minionVouchText(keys, masterPub, opts.id), VOUCH);
}

/** Why an offered key is not taken as the master's; null when it is. */
function distrust(
  opts: MinionOpts,
  pin: RaetMasterPin,
  identity: Identity,
  keyName: string | undefined,
): string | null {
  const finger = raetFinger(identity, opts.hash_type);
  const known = pin.read();
  const wanted = configuredKey(opts);
  if (wanted && !Buffer.from(wanted).equals(identity.pub)) {
    return `the master's RAET key is not raet_master_pub: its fingerprint is ${finger}`;
  }
  if (known) {
    if (raetFinger(known, opts.hash_type) === finger) return null;
    return `the master's RAET keys have changed, from ${raetFinger(known, opts.hash_type)} to ` +
      `${finger}. If that is right, remove "${pin.path}" on this minion`;
  }
  const rsa = masterKeyFiles(opts.pki_dir, opts.master_sign_key_name, keyName).read();
  if (rsa !== null && opts["raet_rsa_vouch"] !== false) {
    const { vouch } = identity;
    if (vouch && pkcs1Verify(rsa, masterVouchText(identity), vouch, VOUCH)) return null;
    return `the RSA key of the known master does not vouch for the RAET keys with the fingerprint ` +
      `${finger}. Compare it with the master's log, and set raet_rsa_vouch: False to take them`;
  }
  return null;
}
