import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort, type LocalServer, publishLocally, serve } from "../../scripts/demo/index.ts";
import { axeFindings } from "../browser/axe.ts";
import { useChromium } from "../browser/chromium.ts";
import { MIN_ANSWERED, MIN_INDEXED, missedQuestions, wordsIndexed } from "../sites/measure.ts";
import { GENERATORS } from "./generators.ts";
import { built, installed, missingPrograms, ROOT } from "./install.ts";
import { INTEGRATED } from "./sites.ts";

/** Folder for screenshots; none are made without it. */
const SCREENSHOTS = process.env.SCREENSHOTS;
/** Names of the frameworks to test, separated by commas; all of them by default. */
const ONLY = process.env.FRAMEWORK?.split(",");
const WANTED = [...INTEGRATED, ...GENERATORS].filter(({ name }) => !ONLY || ONLY.includes(name));
const SITES = WANTED.filter((site) => {
  const missing = missingPrograms(site);
  if (missing.length > 0) console.warn(`${site.name} is skipped: ${missing.join(", ")} is not installed.`);
  return missing.length === 0;
});

const SCREENS = [
  { screen: "desktop", colorScheme: "light", viewport: { width: 1280, height: 800 } },
  { screen: "desktop", colorScheme: "dark", viewport: { width: 1280, height: 800 } },
  { screen: "phone", colorScheme: "light", viewport: { width: 390, height: 844 } },
  { screen: "phone", colorScheme: "dark", viewport: { width: 390, height: 844 } },
] as const;

describe.each(SITES)("a site of $name", (site) => {
  let folder: string;
  let project: string;
  let said: string;
  const [[question, answer]] = site.questions as [readonly [string, string]];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "annoy-edge-frameworks-"));
    project = await installed(site);
    said = await built(site, project);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("is indexed after its build, and says so", () => {
    expect(said).toMatch(/\d+ of \d+ pages (?:are )?indexed, as \d+ documents/);
  });

  test("answers questions with the page that does", async () => {
    const missed = await missedQuestions(join(project, "artifacts/site"), site.questions, site.base);
    expect(site.questions.length - missed.length, missed.join("\n")).toBeGreaterThanOrEqual(MIN_ANSWERED);
  });

  test("has its visible words in the index", async () => {
    const { all, poor } = await wordsIndexed(join(project, site.out));
    process.stdout.write(`${site.name}: ${all.indexed} of ${all.seen} visible words are indexed\n`);
    expect(all.indexed / all.seen).toBeGreaterThanOrEqual(MIN_INDEXED);
    expect(poor).toEqual([]);
  });

  describe("in Chromium", () => {
    const openTab = useChromium();
    let server: LocalServer;
    const address = (path: string) => `${server.url}${site.base}${path}`;

    beforeAll(async () => {
      const persistTo = join(folder, "state");
      const assets = join(folder, "assets");
      const home = join(assets, site.base);
      await mkdir(dirname(home), { recursive: true });
      await cp(join(project, site.out), home, { recursive: true });
      for (const icon of ["favicon.ico", "favicon.svg"]) await writeFile(join(assets, icon), "");
      const element = "annoy-search.js";
      await cp(join(ROOT, "worker/ui/public", element), join(assets, element));
      await publishLocally(join(project, "artifacts/site"), { root: ROOT, persistTo });
      const variables = { INDEX_NAME: "site" };
      server = await serve({ root: ROOT, port: await freePort(), persistTo, assets, variables });
    });
    afterAll(() => server?.stop());

    for (const { screen, ...context } of SCREENS) {
      test(`is searched on a ${screen} in ${context.colorScheme}`, async () => {
        const { page, complaints } = await openTab(address(""), context);
        await page.locator("annoy-search").first().waitFor();
        await shoot(page, `${screen}-${context.colorScheme}-page`);
        await search(page, question);
        await shoot(page, `${screen}-${context.colorScheme}`);
        const findings = await axeFindings(page);
        expect(findings.filter((finding) => finding.includes("annoy-search"))).toEqual([]);
        expect(await page.evaluate(isDark)).toBe(context.colorScheme === "dark" && !site.alwaysLight);
        expect(complaints).toEqual([]);
      });
    }

    test("opens by keyboard, and opens a result in place", async () => {
      const { page, complaints } = await openTab(address(""), { viewport: { width: 1280, height: 800 } });
      await page.evaluate(() => Object.assign(globalThis, { stayed: true }));
      const before = await page.locator("h1").first().textContent();
      await page.waitForFunction(() => customElements.get("annoy-search"));
      const field = page.locator("annoy-search").getByRole("combobox");
      for (const shortcut of ["/", "Control+k"]) {
        await page.keyboard.press(shortcut);
        await field.waitFor();
        await page.keyboard.press("Escape");
        await field.waitFor({ state: "hidden" });
      }
      expect(complaints).toEqual([]);
      await search(page, question);
      const chosen = page.locator("annoy-search").getByRole("option", { selected: true });
      const href = await chosen.getAttribute("href");
      expect(href).toContain(site.base);
      await page.keyboard.press("Enter");
      await page.waitForURL((url) => url.pathname !== site.base);
      expect(plain(new URL(page.url()).pathname)).toBe(plain(new URL(href ?? "", page.url()).pathname));
      expect(await page.evaluate(() => "stayed" in globalThis)).toBe(site.opensInPlace);
      // And searches on, from there, when the page is there.
      await page.waitForFunction((h1) => document.querySelector("h1")?.textContent !== h1, before);
      await search(page, answer.replace(/\W+/g, " "));
    });

    test("speaks the page's language and searches in it", async () => {
      if (!site.translated) return;
      const { page } = await openTab(address(site.translated.page), {
        viewport: { width: 1280, height: 800 },
      });
      await page.getByRole("button", { name: site.translated.open }).first().click();
      await page.locator("annoy-search").getByRole("combobox").fill("umleiten");
      await page.locator("annoy-search").getByRole("option").first().waitFor();
      expect(await hrefs(page)).toSatisfy((all: string[]) => all.every((href) => href.includes("/de/")));
    });

    test.runIf(site.untranslated)(
      "finds pages that are not translated once, in the reader's language",
      async () => {
        const { folder: language, query, translated } = site.untranslated!;
        const desktop = { viewport: { width: 1280, height: 800 } };
        const { page, complaints } = await openTab(address(`${language}docs/intro/`), desktop);
        await page.evaluate(() => Object.assign(globalThis, { stayed: true }));
        await search(page, query);
        const home = `${site.base}${language}`;
        const pagesOf = (all: string[]) => all.map((href) => new URL(href, page.url()).pathname);
        expect(pagesOf(await hrefs(page)).filter((path) => !path.startsWith(home))).toEqual([]);
        // Everywhere: still once, in the frame of this language.
        await page.getByRole("checkbox", { name: "de" }).uncheck();
        const plainly = (path: string) => path.replace(home, site.base);
        const found = [...new Set(pagesOf(await hrefs(page)))];
        expect(new Set(found.map(plainly)).size).toBe(found.length);
        await page.locator("annoy-search").getByRole("combobox").press("Enter");
        await page.waitForURL(
          (url) => url.pathname.startsWith(`${home}docs/`) && !url.pathname.includes("intro"),
        );
        expect(await page.evaluate(() => "stayed" in globalThis)).toBe(site.opensInPlace);
        // A translated page is two, and that of the other language is loaded.
        await search(page, translated);
        await page.getByRole("checkbox", { name: "de" }).uncheck();
        const other = page.locator(`annoy-search a[href*="${site.base}docs/tutorial-basics/deploy"]`).first();
        await other.click();
        await page.waitForURL((url) => url.pathname.startsWith(`${site.base}docs/tutorial-basics/deploy`));
        await page.getByRole("heading", { level: 1, name: translated }).waitFor();
        expect(complaints).toEqual([]);
      },
    );

    test.runIf(site.versions)("searches in the version of the page", async () => {
      const { page: path, within, query } = site.versions!;
      const { page } = await openTab(address(path), { viewport: { width: 1280, height: 800 } });
      await search(page, query);
      const found = (await hrefs(page)).filter((href) => href.includes("/docs/"));
      expect(found.length).toBeGreaterThan(0);
      expect(found.filter((href) => !href.includes(within))).toEqual([]);
    });

    async function shoot(page: Page, name: string): Promise<void> {
      if (!SCREENSHOTS) return;
      await page.waitForTimeout(300);
      await page.screenshot({ path: join(SCREENSHOTS, `${site.name.toLowerCase()}-${name}.png`) });
    }
  });
});

async function search(page: Page, query: string): Promise<void> {
  await page.locator("annoy-search").first().waitFor();
  await page.waitForFunction(() => customElements.get("annoy-search"));
  await page.locator("annoy-search").getByRole("button").first().click();
  await page.locator("annoy-search").getByRole("combobox").fill(query);
  await page.locator("annoy-search").getByRole("option").first().waitFor();
}

const hrefs = (page: Page) =>
  page
    .locator("annoy-search")
    .getByRole("option")
    .evaluateAll((all) => all.map((option) => option.getAttribute("href") ?? ""));

/** Whether a declaration of two colours gives that of the dark scheme. */
const isDark = () => {
  const element = document.querySelector("annoy-search") as HTMLElement;
  element.style.setProperty("outline-color", "light-dark(rgb(255, 255, 255), rgb(0, 0, 0))");
  return getComputedStyle(element).outlineColor === "rgb(0, 0, 0)";
};

/** Path of a page, whatever its server or router makes of it. */
const plain = (path: string) => path.replace(/(?:index)?\.html$|\/$/g, "");
