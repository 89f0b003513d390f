/**
 * A real OpenLDAP server of a lab.
 * @module
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { programOf } from "../../scripts/services.ts";
import { type Daemon, runCommand } from "./commands.ts";
import type { Lab } from "./lab.ts";
import { freeEndpoint, takesConnections } from "./loopback.ts";
import { until } from "./until.ts";

/** The password of {@linkcode LdapServer.rootDn}. */
export const ROOT_PASSWORD = "root secret";

const SCHEMAS = ["core", "cosine", "nis", "inetorgperson"];

/** Attributes of Active Directory that OpenLDAP lacks. */
const COMPUTERS = `attributetype ( 1.3.6.1.4.1.99999.1 NAME 'sAMAccountName'
  EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.99999.2 NAME 'memberOf'
  EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )
objectclass ( 1.3.6.1.4.1.99999.3 NAME 'computer' SUP top STRUCTURAL MUST cn )
objectclass ( 1.3.6.1.4.1.99999.4 NAME 'account2' SUP top AUXILIARY
  MAY ( sAMAccountName $ memberOf $ memberUid ) )
`;

/** Runs until the lab ends. */
export class LdapServer {
  readonly basedn = "dc=example,dc=org";
  readonly rootDn = `cn=admin,${this.basedn}`;
  readonly host: string;
  readonly port: number;
  /** Of `ldaps`. */
  readonly tlsPort: number;
  readonly #lab: Lab;
  readonly #argv: readonly string[];
  #daemon: Daemon | null = null;

  private constructor(
    lab: Lab,
    program: string,
    at: { host: string; port: number; tlsPort: number; dir: string },
  ) {
    this.#lab = lab;
    this.host = at.host;
    this.port = at.port;
    this.tlsPort = at.tlsPort;
    const urls = `${this.url} ldaps://${at.host}:${at.tlsPort}`;
    this.#argv = [program, "-d", "0", "-f", join(at.dir, "slapd.conf"), "-h", urls];
  }

  /**
   * Starts a server with these entries on free ports and waits until it answers. Its certificate is its
   * own.
   * @param ldif Entries below `dc=example,dc=org`, which is there already.
   * @throws Error when slapd is not installed (`scripts/services.ts slapd`) or does not start.
   */
  static async start(lab: Lab, ldif: string): Promise<LdapServer> {
    const program = await programOf("slapd");
    if (!program) throw new Error("There is no slapd: run scripts/services.ts as root");
    const { host, publishPort: port, requestPort: tlsPort } = await freeEndpoint();
    const dir = join(lab.root, "ldap");
    await mkdir(join(dir, "data"), { recursive: true });
    const server = new LdapServer(lab, program, { host, port, tlsPort, dir });
    await server.#prepare(dir, ldif);
    await server.resume();
    return server;
  }

  get url(): string {
    return `ldap://${this.host}:${this.port}`;
  }

  /** Starts it again at the same address with the same data, and waits until it answers. */
  async resume(): Promise<void> {
    const daemon = this.#daemon = await this.#lab.daemon("slapd", this.#argv);
    await until("slapd to answer", () => daemon.status !== null || takesConnections(this));
    if (daemon.status !== null) {
      throw new Error(`slapd ended with ${daemon.status}:\n${daemon.log}`);
    }
  }

  /** Ends it. */
  async stop(): Promise<void> {
    await this.#daemon?.stop();
  }

  async #prepare(dir: string, ldif: string): Promise<void> {
    const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
    await tool([
      ...["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"],
      ...["-subj", `/CN=${this.host}`, "-keyout", key, "-out", cert],
    ]);
    await writeFile(join(dir, "computers.schema"), COMPUTERS);
    const conf = [
      ...SCHEMAS.map((name) => `include /etc/ldap/schema/${name}.schema`),
      `include ${join(dir, "computers.schema")}`,
      `pidfile ${join(dir, "slapd.pid")}`,
      "modulepath /usr/lib/ldap",
      "moduleload back_mdb",
      `TLSCertificateFile ${cert}`,
      `TLSCertificateKeyFile ${key}`,
      "database mdb",
      `suffix "${this.basedn}"`,
      `rootdn "${this.rootDn}"`,
      `rootpw "${ROOT_PASSWORD}"`,
      `directory ${join(dir, "data")}`,
      // Nobody reads passwords; who has not signed in reads groups alone.
      "access to attrs=userPassword by anonymous auth by * none",
      `access to dn.subtree="ou=Groups,${this.basedn}" by * read`,
      "access to * by users read by anonymous auth",
    ];
    await writeFile(join(dir, "slapd.conf"), conf.join("\n") + "\n");
    const top = `dn: ${this.basedn}\nobjectClass: dcObject\nobjectClass: organization\n` +
      "dc: example\no: Example\n\n";
    await writeFile(join(dir, "entries.ldif"), top + ldif);
    const argv = ["-f", join(dir, "slapd.conf"), "-l", join(dir, "entries.ldif")];
    await tool(["/usr/sbin/slapadd", ...argv]);
  }
}

async function tool(argv: string[]): Promise<void> {
  const { code, stdout, stderr } = await runCommand(argv);
  if (code !== 0) throw new Error(`${argv[0]} failed: ${stdout}${stderr}`);
}
