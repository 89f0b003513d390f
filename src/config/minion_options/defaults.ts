/**
 * Defaults that differ on a minion from those on a master.
 * @module
 */
import { commonAccess } from "../common_options/access.ts";
import { commonDaemon } from "../common_options/daemon.ts";
import { commonFiles } from "../common_options/files.ts";
import { commonLogging } from "../common_options/logging.ts";
import { commonStates } from "../common_options/states.ts";
import { withDefault } from "../option.ts";

/** Shared options with their defaults on the minion. */
export const minionDefaults = {
  pidfile: withDefault(commonDaemon.pidfile, "/var/run/salt-minion.pid"),
  pki_dir: withDefault(commonDaemon.pki_dir, "/etc/salt/pki/minion"),
  cachedir: withDefault(commonDaemon.cachedir, "/var/cache/salt/minion"),
  sock_dir: withDefault(commonDaemon.sock_dir, "/var/run/salt/minion"),
  extension_modules: withDefault(commonDaemon.extension_modules, "/var/cache/salt/minion/extmods"),
  default_include: withDefault(commonDaemon.default_include, "minion.d/*.conf"),
  local: withDefault(commonDaemon.local, false),
  log_file: withDefault(commonLogging.log_file, "/var/log/salt/minion"),
  file_client: withDefault(commonFiles.file_client, "remote"),
  file_buffer_size: withDefault(commonFiles.file_buffer_size, 262144),
  salt_cp_chunk_size: withDefault(commonFiles.salt_cp_chunk_size, 65536),
  enable_gpu_grains: withDefault(commonStates.enable_gpu_grains, true),
  auto_accept: withDefault(commonAccess.auto_accept, true),
  sign_pub_messages: withDefault(commonAccess.sign_pub_messages, false),
};
