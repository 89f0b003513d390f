import assert from "node:assert/strict";
import { test } from "node:test";
import {
  findContext,
  findPort,
  parseBooleans,
  parseContext,
  parseModules,
  protocolAndPort,
} from "../../../../src/plugins/modules/selinux/parse.ts";

test("parseBooleans() reads what semanage boolean -l prints", () => {
  const text = `SELinux boolean                State  Default Description

abrt_anon_write                (off  ,  off)  Allow ABRT to modify public files
antivirus_can_scan_system      (on   ,   off)  Allow antivirus to scan
`;
  assert.deepEqual(parseBooleans(text), {
    abrt_anon_write: {
      State: "off",
      Default: "off",
      Description: "Allow ABRT to modify public files",
    },
    antivirus_can_scan_system: {
      State: "on",
      Default: "off",
      Description: "Allow antivirus to scan",
    },
  });
});

test("parseModules() reads both forms of semodule's list", () => {
  const full = "100 abrt pp\n400 my_module pp disabled\n";
  assert.deepEqual(parseModules(full, true), {
    abrt: { Enabled: true, Version: null },
    my_module: { Enabled: false, Version: null },
  });
  assert.deepEqual(parseModules("abrt 1.2.0\nold\t1.0 Disabled\n", false), {
    abrt: { Enabled: true, Version: "1.2.0" },
    old: { Enabled: false, Version: "1.0" },
  });
});

const contexts = `SELinux fcontext                                   type               Context

/                                                  directory          system_u:object_r:root_t:s0 
/.*                                                all files          system_u:object_r:default_t:s0 
/srv/web(/.*)?                                     all files          system_u:object_r:httpd_sys_content_t:s0:c0.c3 
`;

const any = { filetype: null, sel_type: null, sel_user: null, sel_level: null };

test("findContext() compares the file specification as text", () => {
  assert.deepEqual(findContext(contexts, { ...any, name: "/srv/web(/.*)?" }), {
    filespec: "/srv/web(/.*)?",
    filetype: "all files",
    sel_user: "system_u",
    sel_role: "object_r",
    sel_type: "httpd_sys_content_t",
    sel_level: "s0:c0.c3",
  });
  assert.equal(findContext(contexts, { ...any, name: "/srv/web" }), null);
  assert.equal(findContext(contexts, { ...any, name: "/", filetype: "f" }), null);
  assert.equal(findContext(contexts, { ...any, name: "/", sel_type: "etc_t" }), null);
  assert.equal(findContext(contexts, { ...any, name: "/", filetype: "d" })?.["sel_type"], "root_t");
  assert.throws(() => parseContext("a:b:c"), /Invalid SELinux context/);
});

test("findPort() finds whole ports and ranges of one protocol", () => {
  const text = `SELinux Port Type              Proto    Port Number

http_port_t                    tcp      80, 81, 443, 488
http_port_t                    udp      80
traceroute_port_t              udp      64000-64010
`;
  const find = (protocol: string, port: string, sel_type: string | null = null) =>
    findPort(text, { protocol, port, sel_type });
  assert.deepEqual(find("tcp", "443"), {
    sel_type: "http_port_t",
    protocol: "tcp",
    port: "80, 81, 443, 488",
  });
  assert.equal(find("tcp", "8"), null);
  assert.equal(find("tcp", "80", "ssh_port_t"), null);
  assert.equal(find("udp", "64000-64010")?.["sel_type"], "traceroute_port_t");
  assert.deepEqual(protocolAndPort("x", "udp", "53"), ["udp", "53"]);
  assert.throws(() => protocolAndPort("tcp/80; id", null, null), /Invalid name/);
});
