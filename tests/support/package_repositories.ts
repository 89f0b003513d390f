/**
 * Small repositories of packages, made by the programs that others make theirs with.
 * @module
 */
import { mkdir, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { runOn } from "./twins.ts";

function spec(name: string, version: string): string {
  return `Name: ${name}
Version: ${version}
Release: 1
Summary: A package of tests
License: MIT
Group: Applications/System
URL: https://example.com/${name}
BuildArch: noarch
%description
What ${name} ${version} is.
%install
mkdir -p %{buildroot}/opt/${name}
echo ${version} > %{buildroot}/opt/${name}/version
%files
/opt/${name}
`;
}

/**
 * A repository of RPM packages: `hello` in versions 1.0-1 and 2.0-1, and `other` 1.0-1.
 * @param machine Where `rpmbuild` and `createrepo_c` run; @param folder Below /tmp.
 */
export async function makeRpmRepository(machine: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, version] of [["hello", "1.0"], ["hello", "2.0"], ["other", "1.0"]] as const) {
    const file = join(folder, `${name}-${version}.spec`);
    await writeFile(file, spec(name, version));
    const quiet = [
      "--quiet",
      "--define",
      `_topdir ${folder}/build`,
      "--define",
      `_rpmdir ${folder}`,
    ];
    await runOn(machine, "rpmbuild", "-bb", ...quiet, file);
  }
  await runOn(machine, "createrepo_c", "--quiet", folder);
}

/** A repository of pacman's packages, `hello` 1.0-1 or 2.0-1 and `other` 1.0-1, in `tests.db`. */
export async function makePacmanRepository(
  machine: string,
  folder: string,
  version: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const entries: string[] = [];
  for (const [name, edition] of [["hello", version], ["other", "1.0-1"]] as const) {
    const tree = join(folder, `${name}-${edition}`);
    await mkdir(join(tree, "opt", name), { recursive: true });
    await writeFile(join(tree, "opt", name, "version"), `${edition}\n`);
    const info = {
      pkgname: name,
      pkgver: edition,
      pkgdesc: "A package of tests",
      url: `https://example.com/${name}`,
      builddate: "1700000000",
      packager: "Tests <tests@example.com>",
      size: "10",
      arch: "any",
      license: "MIT",
    };
    const lines = Object.entries(info).map(([key, value]) => `${key} = ${value}\n`);
    await writeFile(join(tree, ".PKGINFO"), lines.join(""));
    const file = join(folder, `${name}-${edition}-any.pkg.tar.gz`);
    await runOn(machine, "tar", "-C", tree, "-czf", file, ".PKGINFO", "opt");
    const entry = join(folder, "db", `${name}-${edition}`);
    entries.push(basename(entry));
    await mkdir(entry, { recursive: true });
    const size = String((await stat(file)).size);
    const fields = {
      FILENAME: basename(file),
      NAME: name,
      VERSION: edition,
      ARCH: "any",
      CSIZE: size,
    };
    const desc = Object.entries(fields).map(([field, value]) => `%${field}%\n${value}\n\n`);
    await writeFile(join(entry, "desc"), desc.join(""));
  }
  await runOn(
    machine,
    "tar",
    "-C",
    join(folder, "db"),
    "-czf",
    join(folder, "tests.db"),
    ...entries,
  );
}
