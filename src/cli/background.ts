/**
 * Going to the background: the program starts itself again, detached, and waits until the new
 * process says over a local socket that it is up, or why not.
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EX, SaltException } from "../errors.ts";

/** Tells the new process where to report. */
const SOCKET_VARIABLE = "SALTX_DAEMON_REPORT";

/** How long, in ms, the terminal waits for a daemon that neither reports nor ends. */
const PATIENCE_MS = 60_000;

/** How long, in ms, the report of a process that has ended may take to be read. */
const LAST_WORD_MS = 250;

/** What the new process says of its start. */
type Report = { ready: true } | { ready: false; message: string; exitCode: number };

/** Reports to the process that waits at the terminal. */
export interface Reporter {
  ready(): Promise<void>;
  failed(message: string, exitCode: number): Promise<void>;
}

function send(socket: Socket, report: Report): Promise<void> {
  return new Promise((resolve) => socket.end(JSON.stringify(report), () => resolve()));
}

/**
 * The line to the waiting process, when this one was started by {@linkcode startInBackground}.
 * To be called once, early: what it starts in turn does not see where to report.
 */
export async function reporterOfThisProcess(): Promise<Reporter | undefined> {
  const path = process.env[SOCKET_VARIABLE];
  if (path === undefined) return undefined;
  delete process.env[SOCKET_VARIABLE];
  const socket = createConnection(path);
  // Whoever waited may have gone; the daemon goes on.
  const connected = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.on("error", () => resolve(false));
  });
  socket.unref();
  const tell = async (report: Report) => {
    if (connected && !socket.destroyed) await send(socket, report);
  };
  return {
    ready: () => tell({ ready: true }),
    failed: (message, exitCode) => tell({ ready: false, message, exitCode }),
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => resolve());
  });
}

function firstReport(server: Server): Promise<Report | undefined> {
  return new Promise((resolve) => {
    server.on("connection", (socket) => {
      let text = "";
      socket.setEncoding("utf8");
      socket.on("data", (part: string) => text += part);
      socket.on("error", () => {});
      socket.on("close", () => {
        try {
          resolve(JSON.parse(text) as Report);
        } catch {
          // It ended without a word: its exit code tells more.
        }
      });
    });
  });
}

/** What the end of the process means, unless its last word is still on the way. */
function endOf(child: ChildProcess): Promise<Report> {
  return new Promise((resolve) => {
    const failed = (message: string, exitCode: number) =>
      setTimeout(() => resolve({ ready: false, message, exitCode }), LAST_WORD_MS);
    child.once("error", (error) => failed(error.message, EX.SOFTWARE));
    child.once("exit", (code, signal) => {
      const how = code === null ? `was ended by ${signal}` : `ended with code ${code}`;
      failed(`the background process ${how} before it was up`, code || EX.GENERIC);
    });
  });
}

function patience(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms).unref());
}

/** What is started in the background. */
export interface BackgroundCommand {
  /** For messages: `salt-master`. */
  name: string;
  /** Program and arguments that start it. */
  command: readonly string[];
  /** Where its log is, for messages. */
  logFile: string;
  /** Says something that is no failure. */
  notice(message: string): void;
}

/**
 * Starts this program again in the background and waits until it is up.
 *
 * @throws SaltException with the message and exit code of a start that failed.
 */
export async function startInBackground(command: BackgroundCommand): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "saltx-"));
  const path = join(folder, "report");
  const server = createServer();
  const report = firstReport(server);
  let child: ChildProcess | undefined;
  try {
    await listen(server, path);
    const [program = "", ...words] = command.command;
    child = spawn(program, words, {
      detached: true,
      stdio: "ignore",
      env: { ...process.env, [SOCKET_VARIABLE]: path },
    });
    const result = await Promise.race([report, endOf(child), patience(PATIENCE_MS)]);
    if (result === undefined) {
      command.notice(
        `${command.name} is still starting as process ${child.pid}; see "${command.logFile}"`,
      );
    } else if (!result.ready) {
      throw new SaltException(`Cannot start ${command.name}: ${result.message}`, {
        exitCode: result.exitCode,
      });
    }
  } finally {
    child?.unref();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
