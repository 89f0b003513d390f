/**
 * Calls of the modules about packages, files of settings and stored data.
 * @module
 */
import type { Call } from "./calls.ts";

function call(line: string, more: Partial<Call> = {}): Call {
  const [fun, ...words] = line.split(" ¦ ");
  return { fun: fun!, words, ...more };
}

const normalNames = "names are in their normal form, as those of Salt 3008";

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
  call("pip.version ¦ bin_env=$V"),
  call("pip.version ¦ bin_env=/nowhere"),
  call("pip.list ¦ bin_env=$V", { why: normalNames }),
  call("pip.list ¦ pyc ¦ bin_env=$V/bin/python"),
  call("pip.freeze ¦ bin_env=$V"),
  call("pip.list_freeze_parse ¦ s ¦ bin_env=$V"),
  call("pip.is_installed ¦ salt ¦ bin_env=$V"),
  call("pip.is_installed ¦ nosuch ¦ bin_env=$V"),
  call("pip.install ¦ bin_env=$V"),
  call("pip.install ¦ x ¦ index_url=nonsense ¦ bin_env=$V"),
  call("pip.install ¦ x ¦ no_index=True ¦ index_url=http://x/ ¦ bin_env=$V"),
  call("pip.install ¦ editable=git+http://x ¦ bin_env=$V"),
  call("pip.uninstall ¦ nosuchpackage ¦ bin_env=$V", {
    normalise: (repr) => repr.replaceAll(/'pid': \d+/g, ""),
  }),
  call("virtualenv.get_site_packages ¦ $V"),
  call("virtualenv.get_site_packages ¦ /nowhere"),
  call("virtualenv.get_distribution_path ¦ $V ¦ salt"),
  call("logrotate.show_conf", { why: "a failure without a stack where there is no such file" }),
  call("logrotate.show_conf ¦ /etc/logrotate.d/dpkg"),
  call("logrotate.get ¦ rotate ¦ conf_file=/etc/logrotate.d/dpkg"),
  call("logrotate.get ¦ /var/log/dpkg.log ¦ rotate ¦ conf_file=/etc/logrotate.d/dpkg"),
  call("logrotate.get ¦ /var/log/dpkg.log ¦ conf_file=/etc/logrotate.d/dpkg"),
  call("logrotate.get ¦ nosuch ¦ conf_file=/etc/logrotate.d/dpkg"),
  call("sdb.get ¦ sdb://nosuch/key"),
  call("sdb.get ¦ sdb://nosuch/key ¦ strict=True"),
  call("sdb.get ¦ sdb://nosuch ¦ strict=True"),
  call("sdb.get ¦ text ¦ True"),
  call("sdb.get ¦ text"),
  call("sdb.set ¦ text ¦ x"),
  call("sdb.delete ¦ sdb://nosuch/key"),
  call("sdb.get_or_set_hash ¦ text"),
  call("mine.valid"),
  call("mine.get ¦ * ¦ test.ping"),
  call("data.get ¦ nosuch"),
  call("data.get ¦ [a, b] ¦ x"),
  call("data.cas ¦ a ¦ 1 ¦ 2"),
  call("data.has_key ¦ a"),
  call("slsutil.merge ¦ {a: {b: 1}} ¦ {a: {c: 2}}"),
  call("slsutil.merge_all ¦ [{foo: Foo}, {foo: Bar}]"),
  call("slsutil.renderer ¦ string={{ name }}: [{{ 1 + 1 }}, {{ grains.id == opts.id }}] ¦ name=a"),
  call("slsutil.renderer ¦ string={{ name }} ¦ default_renderer=jinja ¦ name=a"),
  call("slsutil.renderer"),
  call("slsutil.banner ¦ width=60"),
  call("slsutil.boolstr ¦ True ¦ yes ¦ no"),
  call("slsutil.serialize ¦ json ¦ obj={a: [1, null]}"),
  call("slsutil.serialize ¦ yaml ¦ obj={a: [1, null]}", {
    why: "YAML is written in block style; Salt writes innermost lists and maps in braces",
  }),
  call("slsutil.deserialize ¦ yaml ¦ stream_or_string=a"),
  call("defaults.merge ¦ {a: b} ¦ {d: e}"),
  call("defaults.update ¦ {h: {a: 1}} ¦ {b: 2}"),
  call("publish.publish ¦ * ¦ test.ping"),
  call("publish.runner ¦ manage.up"),
  ...["data", "defaults", "lowpkg", "logrotate", "publish", "sdb"].map((module) =>
    call(`sys.argspec ¦ ${module}`)
  ),
  ...["cp", "slsutil"].map((module) => call(`sys.argspec ¦ ${module}`)),
  call("sys.argspec ¦ mine", { why: "get_docker needs docker.ps, which is not here" }),
];
