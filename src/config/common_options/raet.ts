/**
 * RAET, the transport over UDP, by historic RAET's names where it had them. What has no default here
 * depends on the role.
 * @module
 */
import { anything, bool, float, int, optional, port, str } from "../option.ts";

/** Options the same on both daemons. */
export const commonRaet = {
  raet_port: optional(
    port(
      0,
      "yes",
      "UDP port of RAET: on a master `ret_port` where it is not set, on a minion any.",
    ),
  ),
  raet_alt_port: optional(
    port(0, "yes", "UDP port of `salt-call` over RAET; any where it is not set."),
  ),
  raet_mutable: bool(
    false,
    "yes",
    "Let other RAET keys of a known minion wait for acceptance; else they are denied.",
  ),
  raet_main: optional(anything(null, "no", "Historic RAET's role: here a master is one.")),
  raet_clear_remotes: optional(
    anything(null, "no", "Historic RAET forgot remotes at start: none are kept here."),
  ),
  raet_clear_remote_masters: optional(
    anything(null, "no", "Historic RAET forgot its masters' keys at start: here they stay known."),
  ),
  raet_road_bufcnt: optional(
    int(0, "yes", "Receive buffer in units of 64 KiB, where that is more than 4 MiB.", { min: 0 }),
  ),
  raet_lane_bufcnt: int(100, "yes", "Messages that a yard may have unread.", { min: 1 }),
  raet_alive_period: float(20, "yes", "Seconds between a minion's signs of life over RAET.", {
    min: 0.1,
  }),
  raet_interim: float(3600, "yes", "Seconds of silence after which a master forgets a session.", {
    min: 1,
  }),
  raet_rekey_interval: float(
    3600,
    "yes",
    "Seconds after which the keys of a session are renewed.",
    {
      min: 10,
    },
  ),
  raet_max_message: int(67108864, "yes", "Bytes that a message over RAET may have.", {
    min: 65536,
  }),
  raet_min_cwnd: int(10, "yes", "Packets that may be under way to a remote whatever is lost.", {
    min: 2,
    max: 64,
  }),
  raet_mtu: int(1200, "yes", "Bytes of a datagram where master, minion and path take more.", {
    min: 1200,
    max: 9000,
  }),
  raet_txq_msgs: int(1000, "yes", "Messages that may wait for one remote.", { min: 1 }),
  raet_txq_bytes: int(67108864, "yes", "Bytes that may wait for one remote.", { min: 65536 }),
  raet_rx_memory: optional(
    int(0, "yes", "Bytes for large messages under way: 256 MiB on a master, 64 MiB on a minion.", {
      min: 65536,
    }),
  ),
  raet_max_pending: int(1000, "yes", "RAET keys that may wait for acceptance.", { min: 1 }),
  raet_hello_rate: int(200, "yes", "First packets a second that a master serves without a token.", {
    min: 1,
  }),
  raet_discover: bool(true, "yes", "Tell the master's RAET key to who asks for it."),
  raet_master_pub: optional(
    str("", "yes", "The master's public RAET key, 64 hex digits: it is then not asked for."),
  ),
  raet_rsa_vouch: bool(true, "yes", "Let accepted RSA keys vouch for RAET keys, both ways."),
};
