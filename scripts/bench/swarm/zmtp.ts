/**
 * A ZeroMQ connection made by hand (ZMTP 3.0, NULL mechanism), so that one process can hold thousands
 * of them, and can also say what no library would. (rfc.zeromq.org/spec/23)
 * @module
 */
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";

const MORE = 1;
const LONG = 2;
const COMMAND = 4;

/** Two bytes of time to live: the peer sets no timer. */
const PING = Buffer.from("\x04PING\0\0", "latin1");

/** The 64 bytes that open a connection: signature, version 3.0, mechanism NULL, not the server. */
export function greeting(): Buffer {
  const bytes = Buffer.alloc(64);
  bytes[0] = 0xff;
  bytes[9] = 0x7f;
  bytes[10] = 3;
  bytes.write("NULL", 12, "latin1");
  return bytes;
}

/** One frame: flags, length, body. */
export function frame(body: Uint8Array, flags = 0): Buffer {
  const long = body.length > 255;
  const head = Buffer.alloc(long ? 9 : 2);
  head[0] = flags | (long ? LONG : 0);
  if (long) head.writeBigUInt64BE(BigInt(body.length), 1);
  else head[1] = body.length;
  return Buffer.concat([head, body]);
}

/** A message of some frames. */
export function message(frames: readonly Uint8Array[]): Buffer {
  return Buffer.concat(frames.map((body, i) => frame(body, i < frames.length - 1 ? MORE : 0)));
}

/** The command that ends the handshake. */
export function ready(socketType: string): Buffer {
  const value = Buffer.from(socketType, "latin1");
  const size = Buffer.alloc(4);
  size.writeUInt32BE(value.length);
  const name = (text: string) =>
    Buffer.concat([Buffer.of(text.length), Buffer.from(text, "latin1")]);
  return frame(Buffer.concat([name("READY"), name("Socket-Type"), size, value]), COMMAND);
}

/** One connection to a bound ZeroMQ socket. */
export class ZmtpConnection {
  /** Resolves once both sides are ready; rejects when the other end refuses or goes. */
  readonly opened: Promise<void>;
  readonly #socket: Socket;
  readonly #type: "REQ" | "DEALER" | "SUB";
  readonly #onMessage: (frames: Uint8Array[]) => void;
  #buffer: Buffer = Buffer.alloc(0);
  #frames: Uint8Array[] = [];
  #greeted = false;
  /** Until the other side has answered a PING. */
  readonly #heard = Promise.withResolvers<void>();
  #open!: () => void;
  #fail!: (error: Error) => void;

  /** `onMessage` gets the frames of each message; `onClose` is called once when the link is gone. */
  constructor(
    host: string,
    port: number,
    type: "REQ" | "DEALER" | "SUB",
    onMessage: (frames: Uint8Array[]) => void,
    onClose: () => void = () => {},
  ) {
    this.#type = type;
    this.#onMessage = onMessage;
    this.opened = new Promise((resolve, reject) => {
      this.#open = resolve;
      this.#fail = reject;
    });
    this.opened.catch(() => {});
    this.#heard.promise.catch(() => {});
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.on("connect", () => this.#socket.write(greeting()));
    this.#socket.on("data", (data: Buffer) => this.#take(data));
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => {
      const error = new Error(`${host}:${port} closed the connection`);
      this.#fail(error);
      this.#heard.reject(error);
      onClose();
    });
  }

  /** Sends a message. */
  send(frames: readonly Uint8Array[]): void {
    this.#socket.write(message(frames));
  }

  /**
   * Asks a PUB for what begins with `topic`. Resolves once it has heard that, and so sends what is
   * published from then on: the answer to a PING that follows says so. (rfc.zeromq.org/spec/37)
   */
  async subscribe(topic: Uint8Array | string): Promise<void> {
    this.#socket.write(frame(Buffer.concat([Buffer.of(1), Buffer.from(topic as string)])));
    this.#socket.write(frame(PING, COMMAND));
    await this.#heard.promise;
  }

  /** Sends bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(data: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? data : Buffer.concat([this.#buffer, data]);
    if (!this.#greeted) {
      if (this.#buffer.length < 64) return;
      this.#buffer = this.#buffer.subarray(64);
      this.#greeted = true;
      this.#socket.write(ready(this.#type));
    }
    while (this.#takeFrame());
  }

  #takeFrame(): boolean {
    const bytes = this.#buffer;
    const flags = bytes[0];
    if (flags === undefined) return false;
    const long = (flags & LONG) !== 0;
    const start = long ? 9 : 2;
    if (bytes.length < start) return false;
    const size = long ? Number(bytes.readBigUInt64BE(1)) : bytes[1] ?? 0;
    if (bytes.length < start + size) return false;
    const body = bytes.subarray(start, start + size);
    this.#buffer = bytes.subarray(start + size);
    if (flags & COMMAND) this.#command(body);
    else {
      this.#frames.push(body);
      if (!(flags & MORE)) this.#onMessage(this.#frames.splice(0));
    }
    return true;
  }

  #command(body: Buffer): void {
    const name = body.toString("latin1", 1, 1 + (body[0] ?? 0));
    if (name === "READY") this.#open();
    else if (name === "PONG") this.#heard.resolve();
    else if (name === "PING") {
      // A PONG repeats what follows name and time to live.
      this.#socket.write(
        frame(Buffer.concat([Buffer.from("\x04PONG", "latin1"), body.subarray(7)]), COMMAND),
      );
    } else if (name === "ERROR") this.#fail(new Error(`refused: ${body.toString("latin1")}`));
  }
}
