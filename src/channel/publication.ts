/**
 * The bytes of a publication. (`salt/channel/server.py:PubServerChannel.wrap_payload`)
 * @module
 */
import { type Crypticle, pkcs1Sign, type SigningAlgorithm } from "../crypt/mod.ts";
import { packWire } from "../serializers/msgpack.ts";
import type { DataMap } from "../types/mod.ts";

/** How to seal. */
export interface Sealing {
  crypticle: Crypticle;
  /** PEM of the master's private key; null leaves the publication unsigned. */
  privateKey: string | null;
  sigAlgo: SigningAlgorithm;
}

/** `sig` is over the encrypted bytes; `sig_algo` goes along because newer minions read it unguarded. */
export function sealPublication(load: DataMap, sealing: Sealing): Uint8Array {
  const encrypted = sealing.crypticle.dumps(load);
  if (sealing.privateKey === null) return packWire({ enc: "aes", load: encrypted });
  return packWire({
    enc: "aes",
    load: encrypted,
    sig: pkcs1Sign(sealing.privateKey, encrypted, sealing.sigAlgo),
    sig_algo: sealing.sigAlgo,
  });
}
