import assert from "node:assert/strict";
import { test } from "node:test";
import * as kernel from "../../../../src/plugins/modules/status/kernel.ts";
import { pyRepr } from "../../../../src/text/py_repr.ts";

test("number() keeps what is no number as text", () => {
  assert.equal(pyRepr(["5", "5.0", "5.5", "a", ""].map(kernel.number)), "[5, 5.0, 5.5, 'a', '']");
  assert.equal(kernel.number("18446744073709551615"), 18446744073709551615n);
});

test("parseStat() shapes processors and interrupts", () => {
  const stats = kernel.parseStat("cpu  1 2 3 4 5 6 7 8 9 0\nintr 10 1 2\nctxt 99\nsoftirq 7 3 4\n");
  assert.deepEqual(stats, {
    cpu: { user: 1, nice: 2, system: 3, idle: 4, iowait: 5, irq: 6, softirq: 7, steal: 8 },
    intr: { total: 10, irqs: [1, 2] },
    ctxt: 99,
    softirq: { total: 7, softirqs: [3, 4] },
  });
});

test("parseMeminfo(), parseCpuinfo() and parseVmstat() read pairs", () => {
  assert.deepEqual(kernel.parseMeminfo("MemTotal:  100 kB\nHugePages_Total: 0\n"), {
    MemTotal: { value: "100", unit: "kB" },
    HugePages_Total: { value: "0" },
  });
  assert.deepEqual(kernel.parseCpuinfo("processor\t: 0\nflags\t\t: fpu vme\n\nprocessor\t: 1\n"), {
    processor: "1",
    flags: ["fpu", "vme"],
  });
  assert.deepEqual(kernel.parseVmstat("nr_free_pages 5\n"), { nr_free_pages: 5 });
});

test("parseNetstat() leaves out the last column, as Salt does", () => {
  const text = "TcpExt: A B C\nTcpExt: 1 2 3\nIpExt: X Y\nIpExt: 4 5\n";
  assert.deepEqual(kernel.parseNetstat(text), { TcpExt: { A: 1, B: 2 }, IpExt: { X: 4 } });
});

test("parseNetdev() reads interfaces whose numbers touch the colon", () => {
  const text = "Inter-| Receive\n face |bytes\n  eth0:9999 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n";
  const { eth0 } = kernel.parseNetdev(text) as { eth0: Record<string, unknown> };
  assert.equal(eth0["rx_bytes"], 9999);
  assert.equal(eth0["rx_multicast"], 8);
  assert.equal(eth0["tx_bytes"], 9);
  assert.equal(eth0["tx_compressed"], 16);
});

test("parseW() and parsePs() read tables", () => {
  assert.deepEqual(kernel.parseW("root pts/0 09:01 1.00s 0.02s 0.00s w -fh\n")[0], {
    user: "root",
    tty: "pts/0",
    login: "09:01",
    idle: "1.00s",
    jcpu: "0.02s",
    pcpu: "0.00s",
    what: "w -fh",
  });
  const ps =
    "UID        PID  PPID  C STIME TTY          TIME CMD\nroot         1     0  0 08:00 ?  00:00:01 /sbin/init splash\n";
  assert.deepEqual(kernel.parsePs(ps), { "1": { user: "root", cmd: "/sbin/init splash" } });
});
