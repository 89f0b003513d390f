/** Logins through a real OpenLDAP server. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { authBackend, type AuthSettings } from "../../src/plugins/auth/mod.ts";
import type { DataMap } from "../../src/types/mod.ts";
import { LdapServer, ROOT_PASSWORD } from "../support/ldap_server.ts";
import { ask } from "../support/raw_request.ts";
import { scenario } from "../support/scenario.ts";

const base = "dc=example,dc=org";

function person(uid: string, password: string, more: string[] = []): string {
  return [
    `dn: uid=${uid.replaceAll(",", "\\,")},ou=People,${base}`,
    ...["objectClass: inetOrgPerson", "objectClass: account2", `uid: ${uid}`, `cn: ${uid}`],
    ...[`sn: ${uid}`, `sAMAccountName: ${uid}`, `userPassword: ${password}`, ...more],
  ].join("\n");
}

const ENTRIES = [
  ...["People", "Groups", "Machines"].map((ou) =>
    `dn: ou=${ou},${base}\nobjectClass: organizationalUnit\nou: ${ou}`
  ),
  person("ann", "secret"),
  person("bob", "word", [`memberOf: cn=night,ou=Groups,${base}`, "memberUid: bob"]),
  person("odd,(na*me)", "odd"),
  [
    `dn: cn=ops,ou=Groups,${base}`,
    ...["objectClass: posixGroup", "cn: ops", "gidNumber: 1000", "memberUid: ann"],
  ].join("\n"),
  [
    `dn: cn=admins,ou=Groups,${base}`,
    ...["objectClass: groupOfNames", "cn: admins", `member: uid=ann,ou=People,${base}`],
  ].join("\n"),
  ...["WEB-1.example.org", "web-2"].map((cn) =>
    `dn: cn=${cn},ou=Machines,${base}\nobjectClass: computer\ncn: ${cn}`
  ),
].join("\n\n") + "\n";

scenario("logins by LDAP", async (lab, step) => {
  const server = await LdapServer.start(lab, ENTRIES);
  const ldap = authBackend("ldap")!;
  const settings = (more: DataMap = {}): AuthSettings => ({
    external_auth: { ldap: {} },
    "auth.ldap.uri": server.url,
    "auth.ldap.basedn": base,
    "auth.ldap.binddn": server.rootDn,
    "auth.ldap.bindpw": ROOT_PASSWORD,
    "auth.ldap.filter": "uid={{ username }}",
    ...more,
  });
  const login = (user: string, password: string, more: DataMap = {}) =>
    ldap.authenticate(user, password, settings(more));
  const direct = {
    "auth.ldap.bindpw": "",
    "auth.ldap.binddn": `uid={{username}},ou=People,${base}`,
  };

  await step("the search account finds the user, whose password decides", async () => {
    assert.equal(await login("ann", "secret"), true);
    for (const [user, password] of [["ann", "word"], ["eve", "secret"], ["ann", ""], ["", ""]]) {
      assert.equal(await login(user!, password!), false, `${user} ${password}`);
    }
  });
  await step("a name is only ever a name, in filters and in DNs", async () => {
    for (const more of [{}, direct]) {
      assert.equal(await login("odd,(na*me)", "odd", more), true);
      for (const name of ["*", "a*", "ann)(uid=*", "ann,ou=People", "bob)(|(uid=ann"]) {
        assert.equal(await login(name, "secret", more), false, name);
      }
    }
  });
  await step("without a search account the user's name makes the DN", async () => {
    assert.equal(await login("ann", "secret", direct), true);
    assert.equal(await login("ann", "wrong", direct), false);
    assert.equal(await login("ann", "", direct), false);
  });
  await step(
    "groups: of posixGroup entries, of the user's entry, and of Active Directory",
    async () => {
      const groups = (user: string, password: string, more: DataMap = {}) =>
        ldap.groups(user, settings(more), password);
      assert.deepEqual(await groups("ann", ""), ["ops"]);
      assert.deepEqual(await groups("ann", "secret", direct), ["ops"]);
      assert.deepEqual(await groups("ann", "wrong", direct), []);
      const own = { "auth.ldap.groupou": "People", "auth.ldap.groupclass": "inetOrgPerson" };
      assert.deepEqual(await groups("bob", "", own), ["bob", "night"]);
      const active = {
        "auth.ldap.activedirectory": true,
        "auth.ldap.accountattributename": "sAMAccountName",
        "auth.ldap.persontype": "inetOrgPerson",
        "auth.ldap.groupclass": "groupOfNames",
      };
      assert.deepEqual(await groups("ann", "", active), ["admins"]);
      assert.deepEqual(await groups("*", "", active), []);
      const ipa = {
        "auth.ldap.freeipa": true,
        "auth.ldap.group_basedn": `ou=Groups,${base}`,
        "auth.ldap.group_filter": "(&(memberUid={{ username }})(objectClass=posixGroup))",
      };
      assert.deepEqual(await groups("ann", "", ipa), ["ops"]);
    },
  );
  await step("group membership alone never signs anybody in", async () => {
    const more = {
      ...direct,
      "auth.ldap.auth_by_group_membership_only": true,
      "auth.ldap.anonymous": true,
    };
    assert.equal(await login("ann", "wrong", more), false);
    assert.equal(await login("ann", "secret", more), true);
    assert.deepEqual(await ldap.groups("ann", settings(more), ""), ["ops"]);
  });
  await step(
    "TLS: a certificate that nobody vouches for is refused, unless no_verify",
    async () => {
      const secure = [
        { "auth.ldap.uri": `ldaps://${server.host}:${server.tlsPort}` },
        {
          "auth.ldap.uri": "",
          "auth.ldap.tls": true,
          "auth.ldap.server": server.host,
          "auth.ldap.port": server.tlsPort,
        },
        { "auth.ldap.starttls": true },
      ];
      for (const more of secure) {
        assert.equal(await login("ann", "secret", more), false, JSON.stringify(more));
        const any = { ...more, "auth.ldap.no_verify": true };
        assert.equal(await login("ann", "secret", any), true, JSON.stringify(more));
      }
    },
  );
  await step("of several servers the first that answers is asked", async () => {
    const uri = `ldap://${server.host}:1 ${server.url}`;
    assert.equal(await login("ann", "secret", { "auth.ldap.uri": uri }), true);
  });
  await step("options that do not fit, and a server that is away, let nobody in", async () => {
    const wrong: DataMap[] = [
      { "auth.ldap.starttls": true, "auth.ldap.tls": true },
      { "auth.ldap.scope": 7 },
      { "auth.ldap.uri": "http://x" },
      { "auth.ldap.filter": "" },
      { "auth.ldap.filter": "uid={{ username|upper }}" },
      { "auth.ldap.filter": "(uid=" },
      { "auth.ldap.binddn": "" },
      { "auth.ldap.bindpw": "wrong" },
      { "auth.ldap.uri": `ldap://${server.host}:1` },
    ];
    for (const more of wrong) {
      assert.equal(await login("ann", "secret", more), false, JSON.stringify(more));
    }
  });

  const master = await (await lab.master("saltx", {
    auto_accept: true,
    ...settings({ "auth.ldap.minion_stripdomains": [".example.org"] }),
    token_file: join(lab.root, "token"),
    external_auth: {
      ldap: {
        "ops%": [{ [`ldap(ou=Machines,${base})`]: ["test.ping"] }],
        bob: [{ "db-1": ["test.echo"] }],
      },
    },
  })).start();
  for (const id of ["web-1", "db-1"]) {
    await (await (await lab.minion("saltx", id, master)).start()).ready();
  }
  const as = (user: string, password: string, ...words: string[]) =>
    master.salt("-a", "ldap", `--username=${user}`, `--password=${password}`, ...words);

  await step(
    "rules of groups and of users hold, on the machines that the directory names",
    async () => {
      assert.equal((await as("ann", "secret", "web-1", "test.ping")).stdout, "web-1:\n    True\n");
      assert.equal((await as("bob", "word", "db-1", "test.echo", "x")).stdout, "db-1:\n    x\n");
      for (
        const [user, password, ...words] of [
          ["ann", "secret", "db-1", "test.ping"],
          ["ann", "secret", "web-1", "test.echo", "x"],
          ["bob", "word", "web-1", "test.ping"],
          ["bob", "secret", "db-1", "test.echo", "x"],
        ]
      ) {
        const { code, stdout, stderr } = await as(user!, password!, ...words);
        assert.equal(code, 2, words.join(" "));
        assert.equal(stdout, "");
        assert.match(stderr, /Authenti?[zc]ation error|Authorization error/);
      }
    },
  );
  await step("a token keeps the user's rules while the directory is away", async () => {
    const { code, stderr } = await as("bob", "word", "-T", "db-1", "test.ping");
    assert.equal(code, 2, "bob may not ping");
    assert.match(stderr, /Authorization error/);
    await server.stop();
    const token = await readFile(join(lab.root, "token"), "utf8");
    const publish = (fun: string) => {
      const load = { cmd: "publish", fun, arg: ["x"], tgt: "db-1", kwargs: { token }, user: "bob" };
      return ask(master.endpoint, { enc: "clear", load, version: 3 }) as Promise<DataMap>;
    };
    assert.deepEqual(((await publish("test.echo"))["load"] as DataMap)["minions"], ["db-1"]);
    const refused = (await publish("test.arg"))["error"] as DataMap;
    assert.equal(refused["name"], "AuthorizationError");
  });
  await step("passwords are in no log", () => {
    assert.equal(/secret|word/.test(master.daemon.log), false);
    return Promise.resolve();
  });
});
