/**
 * Keys, signatures and the session cipher, byte for byte as Salt has them.
 *
 * - Key pairs: `generateRsaKeyPair(options)`, `openPrivateKey(pem, name, passphrase)`,
 *   `publicPemOf(privatePem)`, `cleanKey(pem)`, `bareKey(pem)`, `publicKeyOf(pem)`, `privateKeyOf(pem)`.
 * - Fingerprints: `pemFinger(fileText, hashType)`, `pemFingerOfFile(path, hashType)`,
 *   `textFinger(text, hashType)`, `sha256Hex(data)`.
 * - Signatures: `pkcs1Sign(privatePem, data, algorithm)`, `pkcs1Verify(publicPem, data, signature,
 *   algorithm)`, both also `…Async` on a pool thread; `signX931(privatePem, message)`,
 *   `recoverX931(publicPem, signature)`; `signPublicKey`, `verifyPublicKey`.
 * - Encryption: `oaepEncrypt(publicPem, data, algorithm)`, `oaepDecrypt(privatePem, data, algorithm)`;
 *   `new Crypticle(keyText)` with `dumps`, `loads`, `tryLoads`; `SerialGuard` against old publications;
 *   `sealBulk(box, length, read)`, `openBulk(key, box)` for large contents between two saltx.
 *
 * Keys go in as PEM texts; parsed keys are remembered. Bad keys and forged data throw
 * AuthenticationError.
 * @module
 */
export * from "./bulk.ts";
export * from "./crypticle.ts";
export * from "./digest.ts";
export * from "./finger.ts";
export * from "./keys.ts";
export * from "./pubkey_signature.ts";
export * from "./rsa.ts";
export * from "./x931.ts";
