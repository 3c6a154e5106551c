import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { axeFindings } from "./axe.ts";
import { answerWith, field, hit, options, searchFor, useSite } from "./site.ts";

/** Queries that the element offers: corrected ones, and those that complete what is typed. */
const openSite = useSite();

/** Folder for screenshots; none are made without it. */
const SCREENSHOTS = process.env.SCREENSHOTS;
const SCREENS = [
  ["light", 1280],
  ["dark", 360],
] as const;

const status = (page: Page) => page.getByRole("status").textContent();
const suggested = (page: Page) => page.getByRole("group", { name: "Suggestions" }).getByRole("option");
const selected = (page: Page) => page.getByRole("option", { selected: true });

async function shoot(page: Page, name: string): Promise<void> {
  if (SCREENSHOTS) await page.screenshot({ path: `${SCREENSHOTS}/${name}.png` });
}

describe("corrected words", () => {
  test("are offered with the first answer, said, and searched by key or press", async () => {
    const { page } = await openSite();
    const asked = new Set<string>();
    page.on("request", (request) => asked.add(new URL(request.url()).pathname));
    await searchFor(page, "rolbback pointer");
    const offer = page.getByRole("button", { name: "rollback pointer" });
    expect(await offer.isVisible()).toBe(true);
    expect([...asked]).toEqual(["/v1/search"]);
    expect(await status(page)).toMatch(/^Did you mean rollback pointer\? .*\d+ results?$/);
    // Behind the field's own button, in the order of the page.
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    expect(await offer.evaluate((node) => node.matches(":focus"))).toBe(true);
    await page.keyboard.press("Enter");
    await expect.poll(() => status(page)).toMatch(/^\d+ results?$/);
    expect(await field(page).inputValue()).toBe("rollback pointer");
    expect(await field(page).evaluate((node) => node.matches(":focus"))).toBe(true);
    expect(await offer.isVisible()).toBe(false);
  });

  test("are none of words that are right, or the beginning of one", async () => {
    const { page } = await openSite();
    for (const query of ["rollback", "rollb", "publishing dry ru"]) {
      await searchFor(page, query);
      await expect.poll(() => status(page)).toMatch(/result/);
      expect(await page.getByText("Did you mean").count()).toBe(0);
      await page.keyboard.press("Escape");
    }
  });

  test("have the accents of the hits, and stand beside nothing found and further hits", async () => {
    const { page } = await openSite({ attributes: `messages='{"didYouMean":"Meinten Sie {query}?"}'` });
    const didYouMean = {
      query: "grosse veroffentlichen",
      documents: 1,
      words: [{ word: "veroffentlchen", correction: "veroffentlichen" }],
    };
    const full = Array.from({ length: 12 }, (_, i) =>
      hit(`/p${i}`, `Page ${i}`, "Erst das Veröffentlichen."),
    );
    const answers = [full, [hit("/last", "Last", "Text.")], []];
    await page.route("**/v1/search", (route) =>
      route.fulfill({
        json: { version: "0", hits: answers.shift(), didYouMean },
        headers: { "access-control-allow-origin": "*" },
      }),
    );
    await searchFor(page, "grosse veroffentlchen");
    const offer = page.getByText("Meinten Sie grosse veröffentlichen?", { exact: true });
    expect(await offer.isVisible()).toBe(true);
    await page.getByRole("button", { name: "More results" }).click();
    await expect.poll(() => options(page).count()).toBe(13);
    expect(await offer.isVisible()).toBe(true);
    await field(page).fill("grosse veroffentlchen nichts");
    await expect
      .poll(() => status(page))
      .toBe("Meinten Sie grosse veroffentlichen? Nothing found for “grosse veroffentlchen nichts”.");
  });
});

describe("queries that complete the typed one", () => {
  test("are not asked for without the attribute", async () => {
    const { page } = await openSite();
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await searchFor(page, "publi");
    expect(asked).not.toContain("/v1/suggest");
    expect(await suggested(page).count()).toBe(0);
  });

  test("stand before the results, a step up from the first, and are searched", async () => {
    const { page } = await openSite({ attributes: `suggest filter='{"language":"en"}'` });
    const asked = page.waitForRequest("**/v1/suggest?*");
    await searchFor(page, "publish");
    const { searchParams } = new URL((await asked).url());
    expect(Object.fromEntries(searchParams)).toEqual({
      q: "publish",
      k: "4",
      filter: '{"language":"en"}',
    });
    const texts = await suggested(page).allTextContents();
    expect(texts[0]?.toLowerCase()).toBe("publishing");
    expect(await selected(page).getAttribute("href")).toContain("/publish.html");
    await page.keyboard.press("ArrowUp");
    expect(await selected(page).textContent()).toBe(texts.at(-1));
    expect(await field(page).getAttribute("aria-activedescendant")).toBe(
      await selected(page).getAttribute("id"),
    );
    await page.keyboard.press("Enter");
    await expect.poll(() => field(page).inputValue()).toBe(texts.at(-1));
    await expect.poll(() => suggested(page).count()).toBe(0);
  });

  test("that do not come, or are malformed, leave the results as they are", async () => {
    const { page } = await openSite({ attributes: "suggest" });
    const headers = { "access-control-allow-origin": "*" };
    const refused = { status: 400, json: { detail: "No words here.", code: "NO_KEYWORD_INDEX" }, headers };
    for (const [query, answer] of [
      ["rollback", refused],
      ["publishing", { json: { suggestions: [{}] }, headers }],
      ["x".repeat(201), undefined],
    ] as const) {
      await page.unroute("**/v1/suggest?*");
      await page.route("**/v1/suggest?*", (route) => (answer ? route.fulfill(answer) : route.abort()));
      await searchFor(page, query);
      await expect.poll(() => status(page)).toMatch(/result/);
      expect(await suggested(page).count()).toBe(0);
      await page.keyboard.press("Escape");
    }
  });
});

test("a page that is not translated opens in the language of the reader's page", async () => {
  const { page } = await openSite({ html: 'lang="de"' });
  const metadata = {
    ...hit("/setup#run", "Setup", "").metadata,
    alternates: [null, { lang: "fr", url: "/fr/setup#run" }, { lang: "de", url: "/de/setup#run" }],
  };
  await answerWith(page, [
    { ...hit("/setup#run", "Setup", "A text."), metadata },
    hit("/other", "Other", "A text."),
  ]);
  await searchFor(page, "text");
  expect(await options(page).evaluateAll((all) => all.map((one) => one.getAttribute("href")))).toEqual([
    `${openSite.origin()}/de/setup#run`,
    `${openSite.origin()}/other`,
  ]);
});

test.each(SCREENS)("both pass axe and stay within the screen, %s, %i wide", async (colorScheme, width) => {
  const { page, complaints } = await openSite({
    attributes: "suggest",
    colorScheme,
    viewport: { width, height: 700 },
  });
  await searchFor(page, "publihsing dry r");
  await page.locator("annoy-search .correction").waitFor();
  expect(await axeFindings(page)).toEqual([]);
  await shoot(page, `correction-${colorScheme}-${width}`);
  await field(page).fill("publish");
  await suggested(page).first().waitFor();
  await page.keyboard.press("ArrowUp");
  expect(await axeFindings(page)).toEqual([]);
  expect(await page.getByRole("dialog").evaluate((node) => node.scrollWidth <= node.clientWidth)).toBe(true);
  await shoot(page, `suggestions-${colorScheme}-${width}`);
  expect(complaints).toEqual([]);
});
