/**
 * Clusters of masters: those of saltx on a Redis, and Salt's own, which saltx does not join.
 * @module
 */
import { bool, float, int, list, oneOf, port, str } from "../option.ts";

/** Options of the master. */
export const masterCluster = {
  cluster: oneOf(
    ["null", "str"],
    null,
    "yes",
    "Redis that the masters of a cluster share: `redis://host:6379/0`, `rediss://` for TLS, or `unix:///path`; behind a `?` may stand `ssl_ca_certs` and the like, and `cluster_mode=true`.",
  ),
  cluster_id: oneOf(["null", "str"], null, "yes", "Name of the cluster; `saltx` when empty."),
  cluster_peers: list([], "no", "The other masters."),
  cluster_pki_dir: oneOf(["null", "str"], null, "no", "Folder of keys they share."),
  cluster_pool_port: port(4520, "no", "Port between them."),
  cluster_pub_fingerprint: oneOf(["null", "str"], null, "no", "Fingerprint of the cluster's key."),
  cluster_secret: oneOf(
    ["null", "str"],
    null,
    "yes",
    "Secret of the cluster's masters, which seals what is in Redis; without it, the private key that they share.",
  ),
  cluster_isolated_filesystem: bool(false, "no", "The masters share no folders."),
  cluster_max_log_size: oneOf(["null", "int"], null, "no", "Entries of the cluster log."),
  cluster_max_voters: oneOf(["null", "int"], null, "no", "How many masters vote."),
  cluster_min_voters: int(3, "no", "How many masters must vote."),
  cluster_voter_health_check_interval: float(1.0, "no", "Seconds between health checks."),
  cluster_voter_timeout: float(10.0, "no", "Seconds until a voter counts as dead."),
  cluster_demote_cooldown: float(60.0, "no", "Seconds until a voter may be replaced again."),
  cluster_auto_replace_voters: bool(false, "no", "Replace dead voters."),
  cluster_encryption_algorithm: str("OAEP-SHA1", "no", "Padding of keys between the masters."),
};
