/**
 * The back ends of `fileserver_backend`, asked in that order. (`salt/fileserver/__init__.py:Fileserver`)
 * @module
 */
import { SaltConfigurationError } from "../../errors.ts";
import { GitfsFileServer } from "./gitfs/server.ts";
import type { GitfsSettings } from "./gitfs/remotes.ts";
import { RootsFileServer, type RootsSettings } from "./roots.ts";
import type { FileLists, FileServer, FoundFile } from "./types.ts";

/** Settings of all back ends. */
export type FileServerSettings = RootsSettings & GitfsSettings & {
  cachedir: string;
  fileserver_backend: readonly unknown[];
};

/** One back end by the name that users give it. */
export interface NamedBackend {
  name: string;
  server: FileServer;
}

/** Names of a back end that stand for another one. */
const OTHER_NAMES: Readonly<Record<string, string>> = { file: "roots", git: "gitfs" };

/** The name of a back end, whichever of its names is used. */
export function backendName(name: string): string {
  return OTHER_NAMES[name] ?? name;
}

/** @throws SaltConfigurationError for a back end that is not here, or bad settings of one. */
export function openBackends(settings: FileServerSettings): NamedBackend[] {
  const names = settings.fileserver_backend.map((name) => backendName(String(name)));
  return [...new Set(names)].map((name) => {
    if (name === "roots") return { name, server: new RootsFileServer(settings) };
    if (name === "gitfs") return { name, server: new GitfsFileServer(settings) };
    throw new SaltConfigurationError(
      `fileserver_backend: there is no back end "${name}"; there are roots and gitfs`,
    );
  });
}

/** Several back ends as one: a file is that of the first that has it. */
export class FileServers implements FileServer {
  readonly backends: readonly NamedBackend[];

  constructor(backends: readonly NamedBackend[]) {
    this.backends = backends;
  }

  envs(): string[] {
    return [...new Set(this.backends.flatMap(({ server }) => server.envs()))].sort();
  }

  find(path: string, saltenv: string): FoundFile | null {
    return this.findWith(path, saltenv)?.found ?? null;
  }

  /** {@linkcode FileServers.find}, and which back end has it. */
  findWith(path: string, saltenv: string): { found: FoundFile; back: string } | null {
    for (const { name, server } of this.backends) {
      const found = server.find(path, saltenv);
      if (found) return { found, back: name };
    }
    return null;
  }

  lists(saltenv: string): FileLists {
    const all = this.backends.map(({ server }) => server.lists(saltenv));
    const joined = (kind: "files" | "dirs" | "emptyDirs") =>
      [...new Set(all.flatMap((lists) => lists[kind]))].sort();
    return {
      files: joined("files"),
      dirs: joined("dirs"),
      emptyDirs: joined("emptyDirs"),
      links: Object.assign({}, ...all.map(({ links }) => links).reverse()),
    };
  }
}
