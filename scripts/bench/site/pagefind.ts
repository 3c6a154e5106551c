import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { startClock } from "../clock.ts";
import { installPackages, PeerUnavailable } from "../packages.ts";
import { serveSides } from "./beside/server.ts";
import { RANKS, type Ranking, type SiteContender, type TitleQuery } from "./types.ts";

const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Indexed by its own program with its defaults, asked through its own script in Chromium: that is how sites use it. */
export const pagefind: SiteContender = {
  name: "Pagefind",
  async run({ folder, work, queries }) {
    const out = join(work, "pagefind");
    const indexSeconds = await indexWithPagefind(folder, out);
    const page = '<!doctype html><html lang="en"><title>-</title>';
    await using server = await serveSides({ pages: { "/": page }, folders: { "/pagefind/": out } });
    const rankings = { Pagefind: await ask(server.url, queries) };
    return { indexSeconds, indexBytes: await sizeOf(out), rankings };
  },
};

/**
 * Writes Pagefind's files of a site into a folder. Returns the seconds that it took.
 *
 * @param flags further ones of its program
 */
export async function indexWithPagefind(
  folder: string,
  out: string,
  flags: readonly string[] = [],
): Promise<number> {
  const root = await installPackages("pagefind");
  const read = startClock();
  const script = join(root, "node_modules", "pagefind", "lib", "runner", "bin.cjs");
  const args = [script, "--site", folder, "--output-path", out, ...flags];
  await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 26 });
  return read().wall;
}

/** Runs in the page: a text, because this project's types know no browser. */
const ASK = `async ([titles, ranks]) => {
  const pagefind = await import("/pagefind/pagefind.js");
  const found = [];
  for (const title of titles) {
    const { results } = await pagefind.search(title);
    const pages = await Promise.all(results.slice(0, ranks).map((result) => result.data()));
    found.push(pages.map((page) => page.raw_url ?? page.url));
  }
  return found;
}`;

/** Chromium of the machine. @throws PeerUnavailable */
export async function launchChromium(): Promise<Browser> {
  const executablePath = [process.env.CHROMIUM_PATH ?? "", ...BROWSERS].find(
    (path) => path && existsSync(path),
  );
  if (!executablePath) throw new PeerUnavailable("No Chromium was found; CHROMIUM_PATH may name one.");
  const { chromium } = await import("playwright-core");
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
}

async function ask(origin: string, queries: readonly TitleQuery[]): Promise<Ranking> {
  await using browser = await launchChromium();
  const page = await browser.newPage();
  await page.goto(origin);
  const titles = queries.map(({ query }) => query);
  return (await page.evaluate(`(${ASK})(${JSON.stringify([titles, RANKS])})`)) as string[][];
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  let bytes = 0;
  for (const { name, parentPath } of entries.filter((entry) => entry.isFile())) {
    if (!name.endsWith(".css")) bytes += (await stat(join(parentPath, name))).size;
  }
  return bytes;
}
