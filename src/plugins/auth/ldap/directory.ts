/**
 * A connection to an LDAP directory.
 * @module
 */
import type { Client, Entry as LdapEntry } from "ldapts";
import { messageOf } from "../../../errors.ts";
import { getLogger } from "../../../logging/mod.ts";
import type { LdapSettings } from "./settings.ts";

const log = getLogger("saltx.auth.ldap");

/** ms to reach a server. */
const CONNECT_MS = 5000;
/** ms for one answer. */
const ANSWER_MS = 10_000;
/** Entries of one search. */
const MOST_ENTRIES = 10_000;

/** What a search finds. */
export interface DirectoryEntry {
  readonly dn: string;
  /** Values of an attribute, whatever the case of its name. */
  values(attribute: string): readonly string[];
}

/** What to look for. */
export interface Search {
  readonly base: string;
  readonly scope: "base" | "one" | "sub";
  /** With or without brackets. (RFC 4515) */
  readonly filter: string;
  readonly attributes: readonly string[];
}

/** The certificate authorities of the runtime and, where it can tell, of this host. */
async function authorities(): Promise<string[] | undefined> {
  try {
    const { getCACertificates } = await import("node:tls");
    return [...getCACertificates("default"), ...getCACertificates("system")];
  } catch (error) {
    log.debug(`The host's certificate authorities cannot be read: ${messageOf(error)}`);
    return undefined;
  }
}

async function tlsOptions(settings: LdapSettings) {
  const ca = settings.noVerify ? undefined : await authorities();
  return { rejectUnauthorized: !settings.noVerify, ...(ca ? { ca } : {}) };
}

/** Signs in and searches. Close it when done. */
export class Directory {
  readonly url: string;
  readonly #client: Client;

  private constructor(url: string, client: Client) {
    this.url = url;
    this.#client = client;
  }

  /**
   * Connects to the first server that answers.
   * @throws Error naming what was tried.
   */
  static async open(settings: LdapSettings): Promise<Directory> {
    const { Client } = await import("ldapts");
    const secure = settings.starttls || settings.urls.some((url) => /^ldaps/i.test(url))
      ? await tlsOptions(settings)
      : undefined;
    const failures: string[] = [];
    for (const url of settings.urls) {
      const client = new Client({
        url,
        timeout: ANSWER_MS,
        connectTimeout: CONNECT_MS,
        strictDN: false,
        ...(secure && /^ldaps/i.test(url) ? { tlsOptions: secure } : {}),
      });
      try {
        if (settings.starttls) await client.startTLS(secure);
        // A search of the root entry needs no sign-in, and tells whether anybody is there.
        else await client.search("", { scope: "base", attributes: ["1.1"] });
        return new Directory(url, client);
      } catch (error) {
        // A server that refuses to be searched by anybody is there.
        if ("code" in (error as object) && typeof (error as { code: unknown }).code === "number") {
          return new Directory(url, client);
        }
        failures.push(`${url}: ${messageOf(error)}`);
        await client.unbind().catch(() => {});
      }
    }
    throw new Error(`no directory can be reached (${failures.join("; ")})`);
  }

  /** Signs in. False: that is not the password, or there is no such entry. */
  async bind(dn: string, password: string): Promise<boolean> {
    const { InvalidCredentialsError, NoSuchObjectError } = await import("ldapts");
    try {
      await this.#client.bind(dn, password);
      return true;
    } catch (error) {
      if (error instanceof InvalidCredentialsError || error instanceof NoSuchObjectError) {
        return false;
      }
      throw error;
    }
  }

  /** What fits; nothing when the base is not there. */
  async search({ base, scope, filter, attributes }: Search): Promise<DirectoryEntry[]> {
    const { NoSuchObjectError } = await import("ldapts");
    log.debug(`Searching ${base} (${scope}) for ${filter}`);
    try {
      const { searchEntries } = await this.#client.search(base, {
        scope,
        filter: filter.startsWith("(") ? filter : `(${filter})`,
        attributes: [...attributes],
        sizeLimit: MOST_ENTRIES,
      });
      return searchEntries.map(entryOf);
    } catch (error) {
      if (error instanceof NoSuchObjectError) return [];
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#client.unbind().catch(() => {});
  }
}

function entryOf(entry: LdapEntry): DirectoryEntry {
  const attributes = new Map(
    Object.entries(entry).map(([name, value]) => [name.toLowerCase(), [value].flat().map(String)]),
  );
  return { dn: entry.dn, values: (name) => attributes.get(name.toLowerCase()) ?? [] };
}
