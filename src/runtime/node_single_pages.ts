/**
 * Having the kernel map the pages of program files one by one, as they are touched.
 *
 * Else Linux maps the fifteen around each of them too, and a daemon at rest that runs a little of
 * everything holds three times what it uses. Stretches that are registered with a userfaultfd to have
 * writes noticed are left out of that, since Linux 6.7 also those of files. Nothing is ever written to
 * them, and nobody has to answer for them: it notices by itself.
 * (userfaultfd(2), ioctl_userfaultfd(2); `uffd_disable_fault_around` in include/linux/userfaultfd_k.h)
 * @module
 */
import type { OpenLibc } from "./libc.ts";

/** The number of the system call, which the C library has no function for. */
const USERFAULTFD: Readonly<Record<string, bigint>> = { x64: 323n, arm64: 282n };

const O_CLOEXEC = 0o2000000n;
/** What any user may ask for: faults of this program's own code, none of the kernel's. */
const USER_MODE_ONLY = 1n;

const API = 0xaan;
/** Writes are noticed without a reader that answers. */
const FEATURE_WP_ASYNC = 1n << 15n;
const UFFDIO_API = 0xc018aa3fn;
const UFFDIO_REGISTER = 0xc020aa00n;
const REGISTER_MODE_WP = 2n;

/** Where a stretch of memory begins, and its bytes. */
export interface Mapping {
  start: bigint;
  length: bigint;
}

/**
 * Registers the mappings for as long as the process lives, which takes one descriptor.
 * @returns whether all are registered: not on older kernels, nor where a container forbids it.
 */
export function mapSinglePages(mappings: readonly Mapping[], openLibc: OpenLibc): boolean {
  const call = USERFAULTFD[process.arch];
  if (process.platform !== "linux" || call === undefined || mappings.length === 0) return false;
  try {
    const libc = openLibc({
      syscall: { parameters: ["u64", "u64"], result: "i32" },
      ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
      close: { parameters: ["i32"], result: "i32" },
    });
    const fd = Number(libc.syscall(call, O_CLOEXEC | USER_MODE_ONLY));
    if (fd < 0) return false;
    const order = (request: bigint, ...fields: bigint[]) =>
      Number(libc.ioctl(fd, request, new Uint8Array(new BigUint64Array(fields).buffer))) === 0;
    const done = order(UFFDIO_API, API, FEATURE_WP_ASYNC, 0n) &&
      mappings.every(({ start, length }) =>
        order(UFFDIO_REGISTER, start, length, REGISTER_MODE_WP, 0n)
      );
    if (!done) libc.close(fd);
    return done;
  } catch {
    // Without a foreign function interface pages come in sixteens.
    return false;
  }
}
