/**
 * Pillar, sealed for one minion alone: a fresh key under its RSA key, and the master's signature inside.
 * (`salt/channel/server.py:ReqServerChannel._encrypt_private`)
 * @module
 */
import {
  Crypticle,
  isEncryptionAlgorithm,
  isSigningAlgorithm,
  oaepEncrypt,
  pkcs1Sign,
} from "../crypt/mod.ts";
import { packWire } from "../serializers/msgpack.ts";
import type { Data, DataMap } from "../types/mod.ts";
import type { Caller } from "./gate.ts";

/** For whom, from whom, in answer to what. */
export interface PillarSeal {
  /** PEMs of the minion's public and the master's private key. */
  minionKey: string;
  masterKey: string;
  nonce: Data | undefined;
  caller: Caller;
}

/** The reply to `_pillar`; an error map when the request was not one of version 2 or newer. */
export function sealPillar(pillar: DataMap, seal: PillarSeal): DataMap {
  const { encAlgo, sigAlgo, version } = seal.caller;
  if (!isEncryptionAlgorithm(encAlgo) || !isSigningAlgorithm(sigAlgo)) {
    return { error: "bad algorithm" };
  }
  const keyText = Crypticle.generateKeyString();
  const crypticle = new Crypticle(keyText);
  const key = oaepEncrypt(seal.minionKey, keyText, encAlgo);
  if (version < 2) return { key, pillar: crypticle.dumps(pillar) };
  if (typeof seal.nonce !== "string") return { error: "Nonce not included in request" };
  const data = packWire({ key, pillar, nonce: seal.nonce });
  const sig = pkcs1Sign(seal.masterKey, data, sigAlgo);
  return { key, pillar: crypticle.dumps({ data, sig }) };
}
