import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { answerWith, field, hit, options, searchFor, useSite } from "./site.ts";

/** The element beside what a page has: its scrolling, its bars that are not displayed, its styles, its router. */
const openSite = useSite();

const dialog = (page: Page) => page.getByRole("dialog");

/** Whether what lies behind can be used: a modal dialog makes all else inert. */
async function pageAnswers(page: Page): Promise<boolean> {
  await page.getByRole("textbox", { name: "Notes" }).click({ timeout: 1000 });
  return page.evaluate(() => document.activeElement?.localName === "textarea");
}

describe("the page behind the dialog", () => {
  const scroll = () => scrollY;
  for (const [which, style] of [
    ["of any style", "body{height:5000px}"],
    [
      "whose body has an overflow",
      "html{height:100%}body{height:5000px;overflow-y:scroll;overflow-x:hidden}",
    ],
    ["whose html has one", "html{overflow-y:scroll}body{height:5000px}"],
  ] as const) {
    test(`${which} does not scroll, and keeps its place`, async () => {
      const { page } = await openSite({ style });
      await page.evaluate(() => scrollTo(0, 700));
      await page.keyboard.press("/");
      await page.mouse.move(5, 5);
      await page.mouse.wheel(0, 900);
      await page.keyboard.press("PageDown");
      await page.waitForTimeout(200);
      expect(await page.evaluate(scroll)).toBe(700);
      await page.keyboard.press("Escape");
      await dialog(page).waitFor({ state: "hidden" });
      expect(await page.evaluate(scroll)).toBe(700);
      await page.mouse.wheel(0, 900);
      await expect.poll(() => page.evaluate(scroll)).toBeGreaterThan(700);
    });
  }

  test("scrolls again when the element is taken off the page, and has its own styles back", async () => {
    const { page } = await openSite({
      html: 'lang="en" style="overflow-y: scroll"',
      style: "body{height:5000px}",
    });
    await page.keyboard.press("/");
    expect(await page.evaluate(() => document.documentElement.style.overflowY)).toBe("hidden");
    await page.locator("annoy-search").evaluate((element) => element.remove());
    expect(await page.evaluate(() => document.documentElement.style.cssText)).toBe("overflow-y: scroll;");
    await page.mouse.wheel(0, 900);
    await expect.poll(() => page.evaluate(scroll)).toBeGreaterThan(0);
  });
});

describe("an element that is not displayed", () => {
  const bars = '<nav class="wide">{search}</nav><nav class="menu"><span id="here">{search}</span></nav>';
  const style = "@media (max-width:996px){.wide{display:none}}@media (min-width:997px){.menu{display:none}}";

  test("leaves the shortcuts to the one that is", async () => {
    const { page } = await openSite({ around: bars, style, viewport: { width: 600, height: 600 } });
    for (const shortcut of ["/", "Control+k"]) {
      await page.keyboard.press(shortcut);
      await dialog(page).waitFor();
      expect(
        await page.locator("#here annoy-search").evaluate((e) => !!e.shadowRoot?.querySelector("[open]")),
      ).toBe(true);
      await page.keyboard.press("Escape");
      await dialog(page).waitFor({ state: "hidden" });
    }
    // Asked itself, it hands on as well.
    expect(
      await page
        .locator("annoy-search")
        .first()
        .evaluate((e) => (e as HTMLElement & { open(): boolean }).open()),
    ).toBe(true);
    await field(page).waitFor();
  });

  for (const hidden of ["display:none", "content-visibility:hidden"]) {
    test(`opens nothing when it is the only one, ${hidden}`, async () => {
      const { page } = await openSite({ around: "<nav>{search}</nav>", style: `nav{${hidden}}` });
      await page.keyboard.press("/");
      await page.keyboard.press("Control+k");
      expect(
        await page.locator("annoy-search").evaluate((e) => (e as HTMLElement & { open(): boolean }).open()),
      ).toBe(false);
      expect(await pageAnswers(page)).toBe(true);
    });
  }

  test("closes its dialog when the window is made narrower under it", async () => {
    const { page } = await openSite({ around: bars, style, viewport: { width: 1100, height: 600 } });
    await page.keyboard.press("/");
    await dialog(page).waitFor();
    await page.setViewportSize({ width: 600, height: 600 });
    await dialog(page).waitFor({ state: "hidden" });
    await expect.poll(() => pageAnswers(page)).toBe(true);
  });
});

describe("text styles of the page", () => {
  const style = `nav{white-space:nowrap;text-transform:uppercase;text-align:center;letter-spacing:3px;font:italic bold 9px/3 serif;
    font-variant:small-caps;word-spacing:9px;text-indent:40px;direction:rtl;visibility:hidden;pointer-events:none;cursor:wait;
    text-shadow:1px 1px red;writing-mode:vertical-rl;color:red;line-break:anywhere;tab-size:3;user-select:none;hyphens:auto}
    nav annoy-search{visibility:visible;pointer-events:auto}`;

  test("do not enter the dialog", async () => {
    const read = async (options: object) => {
      const { page } = await openSite(options);
      await searchFor(page, "publishing dry run");
      return page.locator("annoy-search").evaluate((element) => {
        const within = element.shadowRoot as ShadowRoot;
        const all = getComputedStyle(within.querySelector(".excerpt") as Element);
        const { x, width } = (within.querySelector(".option") as Element).getBoundingClientRect();
        return {
          x,
          width,
          ...Object.fromEntries(
            [...all].filter((n) => !n.startsWith("--")).map((n) => [n, all.getPropertyValue(n)]),
          ),
        };
      });
    };
    const apart = await read({ style: "main{font-family:serif}" });
    const within = await read({ style, around: "<nav>{search}</nav>" });
    expect(within).toEqual(apart);
  });

  test("but those of the element's own property do", async () => {
    const { page } = await openSite({ style: "annoy-search{--annoy-search-font:italic 600 20px serif}" });
    await page.keyboard.press("/");
    const { fontSize, fontStyle } = await dialog(page).evaluate((node) => ({ ...getComputedStyle(node) }));
    expect([fontSize, fontStyle]).toEqual(["20px", "italic"]);
  });
});

describe("a client-side router", () => {
  /** As routers do: a press on a link of this site changes the page without a request. */
  const installRouter = (page: Page) =>
    page.evaluate(() => {
      document.addEventListener("click", (event) => {
        const link = (event.target as Element).closest("a");
        if (!link || event.defaultPrevented || event.ctrlKey) return;
        event.preventDefault();
        history.pushState(null, "", link.href);
        document.body.dataset.routed = `${document.body.dataset.routed ?? ""} ${new URL(link.href).pathname}`;
      });
    });

  test("opens results in place, by key and by mouse, and the dialog is closed before", async () => {
    const { page } = await openSite({ style: "body{height:5000px}" });
    await installRouter(page);
    await answerWith(page, [hit("/one", "One", "A text."), hit("/two", "Two", "A text.")]);
    await searchFor(page, "text");
    await page.keyboard.press("Enter");
    await dialog(page).waitFor({ state: "hidden" });
    await page.keyboard.press("/");
    await options(page).last().click();
    await dialog(page).waitFor({ state: "hidden" });
    expect(await page.evaluate(() => document.body.dataset.routed)).toBe(" /one /two");
    expect(await page.locator("annoy-search > a").count()).toBe(0);
    expect(await page.evaluate(() => getComputedStyle(document.body).overflowY)).toBe("visible");
  });

  test("is not asked about a result that opens elsewhere", async () => {
    const { page } = await openSite();
    await installRouter(page);
    await answerWith(page, [hit("/one", "One", "A text.")]);
    await searchFor(page, "text");
    for (const choose of [
      () => page.keyboard.press("Control+Enter"),
      async () => {
        await page.getByRole("button", { name: "Search" }).click();
        await options(page)
          .first()
          .click({ modifiers: ["Control"] });
      },
    ]) {
      const [tab] = await Promise.all([page.context().waitForEvent("page"), choose()]);
      expect(tab.url()).toMatch(/\/one$|about:blank/);
      await page.keyboard.press("Escape");
    }
    expect(await page.evaluate(() => document.body.dataset.routed)).toBeUndefined();
  });
});
