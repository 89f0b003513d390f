/**
 * Calls of the modules about packages, files of settings and stored data.
 * @module
 */
import type { Call } from "./calls.ts";

function call(line: string, more: Partial<Call> = {}): Call {
  const [fun, ...words] = line.split(" ¦ ");
  return { fun: fun!, words, ...more };
}

/** Words are separated by ` ¦ `. */
export const packageCalls: Call[] = [
  call("lowpkg.list_pkgs"),
  call("lowpkg.list_pkgs ¦ bash ¦ coreutils"),
  call("lowpkg.list_pkgs ¦ nosuchpackage"),
  call("lowpkg.list_pkgs ¦ lib*"),
  call("lowpkg.file_list ¦ bash"),
  call("lowpkg.file_list ¦ bash ¦ dash ¦ libc6"),
  call("lowpkg.file_dict ¦ bash ¦ dash"),
  call("lowpkg.file_dict ¦ nosuchpackage"),
  call("lowpkg.info ¦ bash"),
  call("lowpkg.info ¦ bash ¦ libc6 ¦ perl-base"),
  call("lowpkg.info"),
  call("lowpkg.info ¦ nosuchpackage"),
  call("lowpkg.info ¦ nosuchpackage ¦ failhard=False"),
  call("lowpkg.bin_pkg_info ¦ /nowhere.deb"),
  call("lowpkg.bin_pkg_info ¦ /etc/passwd"),
  call("lowpkg.unpurge"),
];
