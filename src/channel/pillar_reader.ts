/**
 * The minion's side of `_pillar`: opens what was sealed for this minion alone and checks who sealed
 * it. No I/O. (`salt/channel/client.py:AsyncReqChannel.crypted_transfer_decode_dictentry`)
 * @module
 */
import { Buffer } from "node:buffer";
import { Crypticle, oaepDecrypt, pkcs1Verify } from "../crypt/mod.ts";
import { AuthenticationError } from "../errors.ts";
import { unpack } from "../serializers/msgpack.ts";
import { type DataMap, isMap } from "../types/mod.ts";
import type { Algorithms } from "./minion_options.ts";
import { bytesField } from "./wire_bytes.ts";

/** An opened reply whose signature is still to be checked. */
export interface SealedPillar {
  key: Uint8Array;
  data: Uint8Array;
  sig: Uint8Array;
}

/** Decrypts. Throws AuthenticationError when it is not for this minion. */
export function openPillar(
  reply: DataMap,
  privateKey: string,
  algorithms: Algorithms,
): SealedPillar {
  const key = bytesField(reply, "key");
  const keyText = new TextDecoder().decode(oaepDecrypt(privateKey, key, algorithms.encryption));
  const inner = new Crypticle(keyText).loads(bytesField(reply, "pillar"));
  if (!isMap(inner)) throw new AuthenticationError("The pillar is not signed");
  return { key, data: bytesField(inner, "data"), sig: bytesField(inner, "sig") };
}

/** Whether the master signed it. */
export function pillarSignatureHolds(
  sealed: SealedPillar,
  masterKey: string,
  algorithms: Algorithms,
): boolean {
  return pkcs1Verify(masterKey, sealed.data, sealed.sig, algorithms.signing);
}

/** The pillar, from bytes whose signature holds. Throws AuthenticationError for another key or nonce. */
export function readPillar(sealed: SealedPillar, nonce: string): DataMap {
  const data = unpack(sealed.data);
  if (!isMap(data)) throw new AuthenticationError("The pillar is not a map");
  // Else a master's old reply could be sealed anew by someone who saw only the public key.
  if (!Buffer.from(sealed.key).equals(bytesField(data, "key"))) {
    throw new AuthenticationError("Key verification failed: the pillar was sealed for another key");
  }
  if (data["nonce"] !== nonce) {
    throw new AuthenticationError("Pillar nonce verification failed: it answers another request");
  }
  const pillar = data["pillar"];
  if (isMap(pillar)) return pillar;
  throw new AuthenticationError("The master sent a pillar that is not a map");
}
