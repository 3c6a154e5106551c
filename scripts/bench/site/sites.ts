import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtempDisposable, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { lineOf, PeerUnavailable } from "../packages.ts";
import { CACHE } from "../tool.ts";

const run = promisify(execFile);

/** Documentation as built HTML in Debian's packages: fetched on demand, nothing of it is part of the project. */
export const SITES = {
  postgresql: { package: "postgresql-doc-15", folder: "usr/share/doc/postgresql-doc-15/html" },
  python: { package: "python3.11-doc", folder: "usr/share/doc/python3.11/html" },
  "debian-handbook": { package: "debian-handbook", folder: "usr/share/doc/debian-handbook/html" },
  django: { package: "python-django-doc", folder: "usr/share/doc/python-django-doc/html" },
  git: { package: "git-doc", folder: "usr/share/doc/git-doc" },
  sqlite: { package: "sqlite3-doc", folder: "usr/share/doc/sqlite3" },
} as const;
export type SiteName = keyof typeof SITES;

export function isSiteName(name: string): name is SiteName {
  return Object.hasOwn(SITES, name);
}

/**
 * Returns the folder of a site's HTML: its package downloaded and unpacked, unless it is there.
 *
 * @throws PeerUnavailable where there is no apt, or it does not know the package
 */
export async function fetchSite(name: SiteName): Promise<string> {
  const { package: debian, folder } = SITES[name];
  const sites = join(CACHE, "sites");
  const html = join(sites, debian, folder);
  if (existsSync(html)) return html;
  await mkdir(sites, { recursive: true });
  await using work = await mkdtempDisposable(join(sites, "fetch-"));
  try {
    await run("apt-get", ["download", debian], { cwd: work.path });
    const [archive = ""] = (await readdir(work.path)).filter((file) => file.endsWith(".deb"));
    await run("dpkg", ["-x", join(work.path, archive), join(work.path, "root")]);
    await rename(join(work.path, "root"), join(sites, debian));
  } catch (error) {
    throw new PeerUnavailable(
      `${debian} cannot be fetched: ${lineOf(error, "E: ")}. A folder of built HTML can be named instead.`,
    );
  }
  return html;
}
