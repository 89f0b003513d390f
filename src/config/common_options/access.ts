/**
 * Keys and rights on both sides.
 * @module
 */
import { bool, int, map, str } from "../option.ts";

/** Options the same on both daemons. */
export const commonAccess = {
  autosign_timeout: int(120, "yes", "Minutes a file in `minions_autosign` lets one minion in.", {
    min: 0,
  }),
  publisher_acl: map({}, "yes", "Which users of this host may run what."),
  publisher_acl_blacklist: map({}, "yes", "Which users and functions are refused."),
  cache: str(
    "sqlite",
    "yes",
    "Where grains, pillar and mine of minions are kept: `sqlite`, `localfs` in Salt's files, or `redis` as `cache.redis.host` and the like say.",
  ),
  cache_sreqs: bool(true, "no", "Keep request sockets open."),
  ext_job_cache: str("", "yes", "Returner to which minions send results by themselves."),
  open_mode: bool(false, "yes", "Accept every key, without any check. For experiments only."),
  auto_accept: bool(false, "yes", "Accept keys of new minions without being asked."),
  master_sign_key_name: str(
    "master_sign",
    "yes",
    "Name of the key pair with which a master signs its key.",
  ),
  sign_pub_messages: bool(true, "yes", "Master: sign publications. Minion: refuse unsigned ones."),
};
