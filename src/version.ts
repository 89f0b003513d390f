/**
 * Which saltx this is and which Salt it behaves like.
 * @module
 */

/** Version of saltx. */
export const VERSION = "0.1.0";

/**
 * The release of Salt whose behaviour is the yardstick; what `test.version` and the grain
 * `saltversion` say, because states and peers compare it with Salt's numbers. It is the newest LTS.
 */
export const SALT_COMPAT_VERSION = "3006.30";

/** {@linkcode SALT_COMPAT_VERSION} as the grain `saltversioninfo` has it. */
export const SALT_COMPAT_VERSION_INFO: readonly number[] = SALT_COMPAT_VERSION.split(".").map(
  Number,
);

/** The name of that release. */
export const SALT_COMPAT_NAME = "Sulfur";
