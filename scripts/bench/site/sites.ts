import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { PeerUnavailable } from "../types.ts";

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
 * The folder of a site's HTML: its package downloaded and unpacked below `cache`, unless it is there.
 *
 * @throws PeerUnavailable where there is no apt, or it does not know the package
 */
export async function fetchSite(name: SiteName, cache: string): Promise<string> {
  const { package: debian, folder } = SITES[name];
  const root = join(cache, "sites", debian);
  const html = join(root, folder);
  if (existsSync(html)) return html;
  await mkdir(join(cache, "sites"), { recursive: true });
  const work = await mkdtemp(join(cache, "sites", "fetch-"));
  try {
    await run("apt-get", ["download", debian], { cwd: work });
    const [archive] = (await readdir(work)).filter((file) => file.endsWith(".deb"));
    if (archive === undefined) throw new Error("apt-get download left no package");
    await run("dpkg", ["-x", join(work, archive), join(work, "root")]);
    await rename(join(work, "root"), root);
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    const line = stderr.split("\n").find((text) => text.startsWith("E: ")) ?? String(error);
    throw new PeerUnavailable(
      `${debian} cannot be fetched: ${line}. A folder of built HTML can be named instead.`,
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return html;
}
