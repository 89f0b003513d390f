/**
 * Anyone who knows one secret. (`salt/auth/sharedsecret.py`)
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { AuthBackend } from "./types.ts";

/** `sharedsecret: TEXT` in the master's config. */
export const sharedsecret: AuthBackend = {
  authenticate(_user, password, settings) {
    const secret = settings["sharedsecret"];
    return Promise.resolve(
      typeof secret === "string" && secret !== "" &&
        timingSafeEqual(digest(secret), digest(password)),
    );
  },
  groups: () => Promise.resolve([]),
};

/** Equal lengths, so that the comparison tells nothing. */
function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
