import type { Browser, BrowserContext, CDPSession, Page } from "playwright-core";
import { median } from "../../../../build/numeric/statistics.ts";
import type { Asked } from "./questions.ts";
import type { Side } from "./sides.ts";

/** "Slow 4G" of Chromium's developer tools: bytes a second, and milliseconds before each answer's first byte. */
export const SLOW = { downloadThroughput: 180_000, uploadThroughput: 84_375, latency: 562.5, offline: false };
const RUNS = 5;

export interface FirstAnswer {
  /** Requests until the first answer, and their bytes as sent, without the page itself. */
  readonly requests: number;
  readonly bytes: number;
  /** Those of it after the query was typed. */
  readonly askedRequests: number;
  readonly askedBytes: number;
  /** Milliseconds from opening the page to the first result, the query typed as soon as there is a field. */
  readonly opened: number;
  /** The same with what the browser has cached from the visit before. */
  readonly again: number;
  /** Milliseconds from typing another query on the same page to its first result. */
  readonly next: number;
}

/**
 * Returns the median of milliseconds from opening the page to the first result, each time with a server whose index is
 * not loaded.
 *
 * @param restart makes the server such a one
 */
export async function measureColdAnswer(
  browser: Browser,
  url: string,
  side: Side,
  { query, restart }: { readonly query: string; readonly restart: () => Promise<void> },
): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    await restart();
    await using context = await browser.newContext();
    const { page } = await slowPage(context);
    times.push(await firstAnswer(page, url, side, query));
  }
  return median(times);
}

/** A page on the slow connection, with what the browser's developer tools say of it. */
async function slowPage(context: BrowserContext): Promise<{ page: Page; devtools: CDPSession }> {
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", SLOW);
  return { page, devtools };
}

/** Opens a page, types a query at once and waits for the first result. @param typing is called before the query is typed */
async function firstAnswer(
  page: Page,
  url: string,
  side: Side,
  query: string,
  typing = () => {},
): Promise<number> {
  const began = performance.now();
  await page.goto(url + side.page, { waitUntil: "commit" });
  await side.open(page);
  typing();
  await side.type(page, query);
  await firstResult(page, side, "");
  return performance.now() - began;
}

/** Medians over runs, each in a browser context of its own. */
export async function measureFirstAnswer(
  browser: Browser,
  url: string,
  side: Side,
  queries: readonly [first: string, second: string],
): Promise<FirstAnswer> {
  const runs: FirstAnswer[] = [];
  for (let run = 0; run < RUNS; run++) runs.push(await visit(browser, url, side, queries));
  const fields = Object.keys(runs[0]!) as (keyof FirstAnswer)[];
  const figures = fields.map((field) => [field, median(runs.map((one) => one[field]))]);
  return Object.fromEntries(figures) as FirstAnswer; // of each field of its runs
}

async function visit(
  browser: Browser,
  url: string,
  side: Side,
  [first, second]: readonly [string, string],
): Promise<FirstAnswer> {
  await using context = await browser.newContext();
  const { page, devtools } = await slowPage(context);
  const sent = { requests: 0, bytes: 0 };
  const documents = new Set<string>();
  devtools.on("Network.requestWillBeSent", ({ requestId, type, request }) => {
    if (type === "Document" || request.url.startsWith("data:")) documents.add(requestId);
    else sent.requests++;
  });
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    if (!documents.has(requestId)) sent.bytes += encodedDataLength;
  });
  let before = sent;
  const opened = await firstAnswer(page, url, side, first, () => {
    before = { ...sent };
  });
  const counted = { ...sent };
  const shown = (await page.evaluate(side.first)) as string;
  const typed = performance.now();
  await side.type(page, second);
  await firstResult(page, side, shown);
  const next = performance.now() - typed;
  return {
    ...counted,
    askedRequests: counted.requests - before.requests,
    askedBytes: counted.bytes - before.bytes,
    ...{ opened, next, again: await firstAnswer(page, url, side, first) },
  };
}

/** Waits for a first result that is not the one before. */
async function firstResult(page: Page, { first }: Side, before: string): Promise<void> {
  await page.waitForFunction(
    `(() => { const href = ${first}; return href !== "" && href !== ${JSON.stringify(before)}; })()`,
    undefined,
    { timeout: 120_000 },
  );
}

export interface Found {
  /** Queries whose page is the first that is shown. */
  readonly first: number;
  /** Queries whose page is among the first five. */
  readonly five: number;
  /** Queries that show nothing. */
  readonly none: number;
  readonly missed: readonly string[];
}

/** Types queries and reads the pages that are shown. */
export async function askSide(
  browser: Browser,
  url: string,
  side: Side,
  list: readonly Asked[],
): Promise<Found> {
  await using page = await browser.newPage();
  await page.goto(url + side.page);
  await side.open(page);
  const found = { first: 0, five: 0, none: 0 };
  const missed: string[] = [];
  for (const { query, pages } of list) {
    const shown = (await side.shown(page, query)).slice(0, 5);
    const at = shown.findIndex((one) => pages.includes(one));
    if (at === 0) found.first++;
    if (at >= 0) found.five++;
    else missed.push(`${query}: ${shown.join(" ") || "nothing"}`);
    if (shown.length === 0) found.none++;
  }
  return { ...found, missed };
}
