/**
 * Why a request is not served, and what its sender is told.
 * @module
 */

/** The plain replies of Salt. (`salt/channel/server.py:ReqServerChannel.handle_message`) */
export const PLAIN = {
  notMsgpack: { msg: "bad load" },
  badLoad: "bad load",
  notAMap: "payload and load must be a dict",
  nullByte: "bad load: id contains a null byte",
  idNotText: (id: string) => `bad load: id ${id} is not a string`,
  handlerRaised: "Some exception handling minion payload",
} as const;

/** A request that is refused with a plain reply; `reason` is for the master's log. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly reply: string | { msg: string };
  constructor(reply: string | { msg: string }, reason: string) {
    super(reason);
    this.reply = reply;
  }
}
