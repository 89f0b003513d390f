/** Arguments that many functions of nftables have. @module */

/** The family, as users name it. */
export const family = {
  type: "string",
  default: "ipv4",
  doc: "`ipv4`, `ipv6`, `inet`, `arp`, `bridge` or `netdev`.",
} as const;
/** A table. */
export const table = { type: "string", default: "filter", doc: "The table." } as const;
/** A table that the call must name. */
export const neededTable = { type: "string", required: true, doc: "The table." } as const;
/** A chain. */
export const chain = { type: "string", default: null, doc: "The chain." } as const;
/** A rule. */
export const rule = { type: "string", default: null, doc: "The rule, as nft writes it." } as const;
/** A rule's handle. */
export const position = { type: "any", default: null, doc: "Handle of a rule." } as const;
