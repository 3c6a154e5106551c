import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, inject } from "vitest";

/** Chromium of the machine: `CHROMIUM_PATH`, or where Debian and others put it. */
function chromiumPath(): string {
  const places = [
    process.env.CHROMIUM_PATH,
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  ];
  const found = places.find((place) => place !== undefined && existsSync(place));
  if (found === undefined) {
    throw new Error("No Chromium was found. Install one (apt-get install chromium), or set CHROMIUM_PATH.");
  }
  return found;
}

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface Tab {
  readonly page: Page;
  /** Everything that the page complained about: exceptions, console errors, breaches of its security policy. */
  readonly complaints: string[];
}

/** Opens tabs for the tests of one file, each in a context of its own, and closes them after each test. */
export function useChromium(): (path: string, options?: BrowserContextOptions) => Promise<Tab> {
  let browser: Browser;
  const close: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath(), args: FLAGS });
  });
  afterEach(async () => {
    await Promise.all(close.splice(0).map((end) => end()));
  });
  afterAll(() => browser?.close());

  return async (path, options = {}) => {
    const context = await browser.newContext({ ...options, baseURL: inject("origin") });
    close.push(() => context.close());
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    await page.goto(path);
    return { page, complaints };
  };
}
