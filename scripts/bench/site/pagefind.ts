import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { installPackages } from "../packages.ts";
import { PeerUnavailable } from "../types.ts";
import { serveSides } from "./beside/server.ts";
import { RANKS, type SiteContender, type TitleQuery } from "./types.ts";

const run = promisify(execFile);
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
/** Indexed by its own program, asked through its own script in a real browser: that is how sites use it. */
export const pagefind: SiteContender = {
  name: "Pagefind",
  note: "its defaults, in Chromium",
  async run({ folder, work, cache, queries }) {
    const out = join(work, "pagefind");
    const indexSeconds = await indexWithPagefind(folder, out, cache);
    const page = '<!doctype html><html lang="en"><title>-</title>';
    const server = await serveSides({ pages: { "/": page }, folders: { "/pagefind/": out } });
    try {
      const found = await ask(server.url, queries);
      return { found, indexSeconds, indexBytes: await sizeOf(out) };
    } finally {
      await server.close();
    }
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
  cache: string,
  flags: readonly string[] = [],
): Promise<number> {
  const root = await installPackages(cache, "pagefind");
  const began = performance.now();
  const script = join(root, "node_modules", "pagefind", "lib", "runner", "bin.cjs");
  const args = [script, "--site", folder, "--output-path", out, ...flags];
  await run(process.execPath, args, { maxBuffer: 1 << 26 });
  return (performance.now() - began) / 1000;
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

async function ask(origin: string, queries: readonly TitleQuery[]): Promise<string[][]> {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(origin);
    const titles = queries.map(({ query }) => query);
    const call = `(${ASK})(${JSON.stringify([titles, RANKS])})`;
    return (await page.evaluate(call)) as string[][];
  } finally {
    await browser.close();
  }
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith(".css"));
  const sizes = await Promise.all(
    files.map(async (file) => (await stat(join(file.parentPath, file.name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
