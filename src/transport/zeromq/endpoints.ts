/**
 * Endpoint names in libzmq's form.
 * @module
 */
import { SaltConfigurationError } from "../../errors.ts";

/** `sockaddr_un.sun_path` less its NUL, on Linux. */
const MAX_IPC_PATH = 107;

/** `tcp://host:port`; a literal IPv6 address gets its brackets. */
export function tcpEndpoint(host: string, port: number): string {
  const bare = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  return bare.includes(":") ? `tcp://[${bare}]:${port}` : `tcp://${bare}:${port}`;
}

/**
 * `ipc://path`.
 * @throws {SaltConfigurationError} when the kernel cannot hold the path; names the option to shorten.
 */
export function ipcEndpoint(path: string): string {
  const length = new TextEncoder().encode(path).length;
  if (length > MAX_IPC_PATH) {
    throw new SaltConfigurationError(
      `The socket path '${path}' has ${length} bytes, the system allows ${MAX_IPC_PATH}. ` +
        `Set sock_dir to a shorter folder.`,
    );
  }
  return `ipc://${path}`;
}
