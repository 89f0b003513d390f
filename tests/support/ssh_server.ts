/**
 * A real OpenSSH server of a lab, into which its own key lets.
 * @module
 */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { programOf } from "../../scripts/services.ts";
import { runCommand } from "./commands.ts";
import type { Lab } from "./lab.ts";
import { freeEndpoint, takesConnections } from "./loopback.ts";
import { until } from "./until.ts";

/** Runs until the lab ends. */
export class SshServer {
  readonly host: string;
  readonly port: number;
  /** Private key that it accepts. */
  readonly key: string;
  /** A known_hosts file with its key. */
  readonly knownHosts: string;

  private constructor(at: { host: string; port: number; dir: string }) {
    this.host = at.host;
    this.port = at.port;
    this.key = join(at.dir, "user_key");
    this.knownHosts = join(at.dir, "known_hosts");
  }

  /** @throws Error when sshd is not installed (`scripts/services.ts sshd`) or does not start. */
  static async start(lab: Lab): Promise<SshServer> {
    const program = await programOf("sshd");
    if (!program) throw new Error("There is no sshd: run scripts/services.ts as root");
    const { host, publishPort: port } = await freeEndpoint();
    const dir = join(lab.root, "ssh");
    await mkdir(dir);
    const server = new SshServer({ host, port, dir });
    const hostKey = join(dir, "host_key");
    for (const path of [hostKey, server.key]) {
      const made = await runCommand(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path]);
      if (made.code !== 0) throw new Error(`ssh-keygen failed: ${made.stderr}`);
    }
    await writeFile(join(dir, "authorized"), await readFile(`${server.key}.pub`));
    const publicKey = await readFile(`${hostKey}.pub`, "utf8");
    await writeFile(server.knownHosts, `[${host}]:${port} ${publicKey}`);
    // Where sshd gives up privileges; a system with its service has it.
    await mkdir("/run/sshd", { recursive: true, mode: 0o755 });
    await chmod(lab.root, 0o755);
    const options = [
      ...[`ListenAddress=${host}:${port}`, `HostKey=${hostKey}`, "PidFile=none", "UsePAM=no"],
      ...[`AuthorizedKeysFile=${join(dir, "authorized")}`, "StrictModes=no"],
      ...[`AllowUsers=${userInfo().username}`, "PermitRootLogin=prohibit-password"],
    ];
    const argv = [program, "-D", "-e", "-f", "/dev/null"];
    const daemon = await lab.daemon("sshd", [...argv, ...options.flatMap((o) => ["-o", o])]);
    await until("sshd to answer", () => daemon.status !== null || takesConnections(server));
    if (daemon.status !== null) throw new Error(`sshd ended with ${daemon.status}:\n${daemon.log}`);
    return server;
  }
}
