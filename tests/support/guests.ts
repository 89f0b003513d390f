/**
 * Whole hosts for a guide that is run word by word: each with a network, a name, and folders of its
 * own in place of `/etc/salt`, `/srv` and the like; `ssh`, `scp` and `rsync` lead from one to the
 * other. Needs root, iproute2 and util-linux.
 * @module
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Result, runCommand } from "./commands.ts";
import type { Lab } from "./lab.ts";
import { Hosts } from "./netns.ts";
import { saltxCommand } from "./software.ts";

/** Folders that each host has of its own. */
const OWN = ["/etc/salt", "/root", "/run", "/srv", "/tmp", "/var/cache", "/var/log", "/var/lib"];

/** Where the programs of the hosts lie. */
const BIN = "/mnt";

/** Leads into another host; `-l user` and the like are read over. */
const SSH = `#!/bin/sh
while :; do case "$1" in -l|-o|-p) shift 2;; -*) shift;; *) break;; esac; done
host=$1; shift
exec nsenter -t "$(cat ${BIN}/$host.pid)" -m -n -u env HOME=/root sh -c "cd; $*"
`;

/** Goes by that way, in the protocol that needs no program but itself. */
const SCP = `#!/bin/sh\nexec /usr/bin/scp -O -S ${BIN}/ssh "$@"\n`;

/** The hosts of one test. `await using` ends all that runs on them, and takes them away. */
export class Guests implements AsyncDisposable {
  readonly #hosts: Hosts;
  readonly #names: readonly string[];
  readonly #pids = new Map<string, number>();

  private constructor(hosts: Hosts, names: readonly string[]) {
    this.#hosts = hosts;
    this.#names = names;
  }

  /** Makes hosts of these names, which know each other by them. */
  static async open(lab: Lab, ...names: string[]): Promise<Guests> {
    const guests = new Guests(await Hosts.open("hub", ...names), names);
    try {
      await guests.#join();
      for (const name of names) await guests.#begin(lab, name);
      return guests;
    } catch (error) {
      await guests[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Runs a line of shell on a host, in its home. */
  async shell(name: string, line: string): Promise<Result> {
    const pid = String(this.#pids.get(name));
    const env = ["env", `PATH=${BIN}:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin`, "HOME=/root"];
    const argv = ["nsenter", "-t", pid, "-m", "-n", "-u", ...env, "sh", "-c", `cd; ${line}`];
    return await runCommand(argv);
  }

  /** Each reaches the others through the first. */
  async #join(): Promise<void> {
    await this.#hosts.run("hub", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
    for (const [i, name] of this.#names.entries()) {
      await this.#hosts.run(name, "ip", "route", "add", "default", "via", `10.91.${i + 1}.1`);
    }
  }

  async #begin(lab: Lab, name: string): Promise<void> {
    const root = join(lab.root, name);
    const bin = join(lab.root, "bin");
    for (const folder of OWN) await mkdir(join(root, folder), { recursive: true });
    await mkdir(bin, { recursive: true });
    const lines = this.#names.map((one, i) => `10.91.${i + 1}.2 ${one}\n`);
    await writeFile(join(root, "hosts"), ["127.0.0.1 localhost\n", ...lines].join(""));
    await writeFile(join(bin, "ssh"), SSH, { mode: 0o755 });
    await writeFile(join(bin, "scp"), SCP, { mode: 0o755 });
    await writeFile(join(bin, "saltx"), "", { mode: 0o755 });
    const steps = [
      `echo ${name} > /proc/sys/kernel/hostname`,
      `mount --bind ${join(root, "hosts")} /etc/hosts`,
      `mount --bind ${bin} ${BIN}`,
      `mount --bind ${saltxCommand()[0]} ${BIN}/saltx`,
      ...OWN.map((folder) => `mkdir -p ${folder}`),
      // The lab's own folder may lie below one of them: that one comes last.
      ...[...OWN].sort((a) => lab.root.startsWith(`${a}/`) ? 1 : -1)
        .map((folder) => `mount --bind ${join(root, folder)} ${folder}`),
      "echo ready",
      "exec sleep infinity",
    ];
    const script = ["unshare", "--mount", "--uts", "sh", "-ec", steps.join("\n")];
    const argv = [...this.#hosts.host(name).command, ...script];
    const holder = await lab.daemon(`host ${name}`, argv, { cwd: dirname(lab.root) });
    await holder.line(/^ready$/m);
    this.#pids.set(name, holder.pid);
    await writeFile(join(bin, `${name}.pid`), String(holder.pid));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#names) {
      const pids = await this.#hosts.pids(name);
      for (const pid of pids) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It has ended meanwhile.
        }
      }
    }
    await this.#hosts[Symbol.asyncDispose]();
  }
}
