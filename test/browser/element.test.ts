import { describe, expect, inject, test } from "vitest";
import { axeFindings } from "./axe.ts";
import { answerWith, field, hit, options, searchFor, useSite } from "./site.ts";

const openSite = useSite();

describe("opening", () => {
  test("by the button, by / and by Ctrl-K, and closing by Escape gives the focus back", async () => {
    const { page, complaints } = await openSite();
    await page.getByRole("button", { name: "Search" }).click();
    expect(await field(page).evaluate((node) => node.matches(":focus"))).toBe(true);
    await page.keyboard.press("Escape");
    await field(page).waitFor({ state: "hidden" });
    expect(await page.evaluate("document.activeElement.localName")).toBe("annoy-search");
    for (const shortcut of ["/", "Control+k", "Meta+k"]) {
      await page.keyboard.press(shortcut);
      await field(page).waitFor();
      await page.keyboard.press("Escape");
      await field(page).waitFor({ state: "hidden" });
    }
    expect(complaints).toEqual([]);
  });

  test("not by a slash that somebody writes", async () => {
    const { page } = await openSite();
    await page.getByRole("textbox", { name: "Notes" }).pressSequentially("a/b");
    expect(await page.getByRole("textbox", { name: "Notes" }).inputValue()).toBe("a/b");
    expect(await page.getByRole("dialog").isVisible()).toBe(false);
  });

  test("without scripts there is the site's own form", async () => {
    const { page } = await openSite({ javaScriptEnabled: false });
    expect(await page.getByRole("textbox", { name: "Search" }).isVisible()).toBe(true);
  });

  test("an element that leaves the page and comes back works, once", async () => {
    const { page } = await openSite();
    await page.locator("annoy-search").evaluate((element) => {
      const parent = element.parentElement;
      element.remove();
      parent?.append(element);
    });
    await page.keyboard.press("/");
    await field(page).fill("publishing");
    await options(page).first().waitFor();
    expect(await page.getByRole("dialog").count()).toBe(1);
  });
});

describe("results", () => {
  test("are grouped by page, with the sections that matched and what matched in them", async () => {
    const { page } = await openSite();
    await searchFor(page, "publishing dry run");
    const group = page.getByRole("group", { name: "Publishing", exact: true });
    await group.getByRole("option", { name: /Dry runs/ }).waitFor();
    expect(await group.textContent()).toContain("Guide › Operations");
    expect(await group.locator("mark").allTextContents()).toEqual(expect.arrayContaining(["dry", "run"]));
    const links = await group
      .getByRole("option")
      .evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).href));
    expect(links).toContain(`${openSite.origin()}/publish.html#dry-runs`);
    expect(await page.getByRole("status").textContent()).toMatch(/^\d+ results?$/);
  });

  test("are chosen with the arrows, round and round, and followed with Enter", async () => {
    const { page } = await openSite();
    await searchFor(page, "publishing");
    const selected = () => page.locator("[role=option][aria-selected=true]");
    const active = () =>
      field(page).evaluate(
        (node) =>
          (node.getRootNode() as ShadowRoot).getElementById(node.getAttribute("aria-activedescendant") ?? "")
            ?.textContent,
      );
    const texts = await options(page).allTextContents();
    expect(await active()).toBe(texts[0]);
    await page.keyboard.press("ArrowDown");
    expect(await active()).toBe(texts[1]);
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowUp");
    expect(await active()).toBe(texts.at(-1));
    expect(await selected().count()).toBe(1);
    await page.keyboard.press("ArrowDown");
    const target = await selected().evaluate((a) => (a as HTMLAnchorElement).href);
    await page.keyboard.press("Enter");
    await page.waitForURL(target);
  });

  test("tell the page what was chosen, and may be kept from being followed", async () => {
    const { page } = await openSite();
    await page.evaluate(() => {
      document.addEventListener("annoy-search-select", (event) => {
        event.preventDefault();
        document.body.dataset.chosen = JSON.stringify((event as CustomEvent).detail);
      });
    });
    await searchFor(page, "rollback");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.evaluate("document.body.dataset.chosen")).toContain(`"position":0`);
    expect(page.url()).toContain("/guide/?");
  });

  test("are counted by position alone, and only where the site wants it", async () => {
    for (const attributes of ["insight", ""]) {
      const { page } = await openSite({ attributes });
      const counted: string[] = [];
      page.on("request", (request) => {
        if (request.url().includes("/v1/selections/"))
          counted.push(request.url() + (request.postData() ?? ""));
      });
      await searchFor(page, "rollback");
      await page.keyboard.press("Enter");
      await page.waitForURL(`${openSite.origin()}/rollback.html#going-back`);
      expect(counted).toEqual(attributes ? [`${inject("origin")}/v1/selections/0`] : []);
    }
  });

  test("belong to the newest question, however late older answers come", async () => {
    const { page } = await openSite();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route("**/v1/search", async (route) => {
      if (route.request().postData()?.includes("rollback")) await held;
      await route.continue().catch(() => {});
    });
    await page.keyboard.press("/");
    const asked = page.waitForRequest("**/v1/search");
    await field(page).fill("rollback");
    await asked;
    await field(page).fill("dry run");
    await page.getByRole("option", { name: /Dry runs/ }).waitFor();
    release();
    await page.waitForTimeout(200);
    expect(await options(page).first().textContent()).toContain("Dry runs");
  });

  test("of a search that led somewhere are found again, until they are forgotten", async () => {
    const { page } = await openSite();
    await searchFor(page, "rollback");
    await page.keyboard.press("Enter");
    await page.waitForURL(`${openSite.origin()}/rollback.html#going-back`);
    await page.keyboard.press("/");
    await page
      .getByRole("group", { name: "Recent searches" })
      .getByRole("option", { name: "rollback" })
      .click();
    await page.getByRole("option", { name: /Going back/ }).waitFor();
    await field(page).fill("");
    await page.getByRole("button", { name: "Forget them" }).click();
    expect(await options(page).count()).toBe(0);
  });

  test("can be narrowed by filters with counts", async () => {
    const { page } = await openSite({ attributes: `filters="language" messages='{"language":"Language"}'` });
    await searchFor(page, "publishing pointer");
    const german = page.getByRole("group", { name: "Language" }).getByRole("checkbox", { name: "de 1" });
    await german.check();
    await expect.poll(() => page.getByRole("status").textContent()).toBe("1 result");
    expect(await options(page).first().textContent()).toContain("Veröffentlichen");
    expect(await german.evaluate((box) => box.matches(":focus"))).toBe(true);
    await german.uncheck();
    await expect.poll(() => options(page).count()).toBeGreaterThan(1);
  });

  test("count in their filters what has a word of the query, and nothing where nothing has", async () => {
    const { page } = await openSite({ attributes: `filters="language" messages='{"language":"Language"}'` });
    const labels = () => page.getByRole("group", { name: "Language" }).locator("label").allTextContents();
    await searchFor(page, "publishing pointer");
    await expect.poll(labels).toEqual(["de1", "en5"]);
    await field(page).fill("rollback");
    await expect.poll(labels).toEqual(["de0", "en1"]);
    // What is chosen bars the others, so only it is counted.
    await page.getByRole("checkbox", { name: "en 1" }).check();
    await expect.poll(labels).toEqual(["de", "en1"]);
    await page.getByRole("checkbox", { name: "en 1" }).uncheck();
    await field(page).fill("qwertzuiop");
    await expect.poll(labels).toEqual(["de", "en"]);
  });

  test("take less than 20 kB a keystroke", async () => {
    const { page } = await openSite({ attributes: 'filters="language"' });
    await page.keyboard.press("/");
    const [response] = await Promise.all([
      page.waitForResponse("**/v1/search"),
      field(page).fill("publishing food"),
    ]);
    expect((await response.body()).byteLength).toBeLessThan(20_000);
  });
});

describe("content that tries to run", () => {
  test("stays text, and is no link", async () => {
    const { page, complaints } = await openSite();
    await searchFor(page, "xylophone");
    const group = page.getByRole("group", { name: "<img src=x" });
    expect(await group.textContent()).toContain(`<svg onload="window.pwned=true">`);
    expect(await group.getByRole("option").first().getAttribute("href")).toBeNull();
    expect(await page.locator("annoy-search :is(img, svg:not(.glass), script)").count()).toBe(0);
    await page.keyboard.press("Enter");
    expect(await page.evaluate("window.pwned")).toBeUndefined();
    expect(complaints).toEqual([]);
  });
});

describe("titles", () => {
  test("have the words marked that were typed, and the page whose title was typed comes first", async () => {
    const { page } = await openSite();
    await answerWith(page, [
      hit("/long", "Résumés and notes on resuming", "Text."),
      hit("/other#x", "Notes", "Text.", "Resume here"),
      hit("/this", "Resume", "Text."),
    ]);
    await page.keyboard.press("/");
    await field(page).fill("resume");
    await options(page).first().waitFor();
    const first = options(page).first();
    expect(await first.getAttribute("href")).toMatch(/\/this$/);
    expect(await first.textContent()).toBe("Resume… Text.");
    expect(await page.locator("annoy-search .title mark").allTextContents()).toEqual(["Resume", "Résumés"]);
    expect(await page.locator("annoy-search .section mark").allTextContents()).toEqual(["Resume"]);
  });
});

describe("when something is wrong", () => {
  test("nothing found is said", async () => {
    const { page } = await openSite({ attributes: 'filters="language"' });
    await answerWith(page, []);
    await page.keyboard.press("/");
    await field(page).fill("qwertz");
    await expect.poll(() => page.getByRole("status").textContent()).toBe("Nothing found for “qwertz”.");
  });

  test("pages that are only near in meaning are said to be no more than that", async () => {
    const { page } = await openSite();
    await answerWith(page, [hit("/a", "A page", "Text of another kind, whose end is left out")]);
    await page.keyboard.press("/");
    await field(page).fill("qwertz");
    await expect
      .poll(() => page.getByRole("status").textContent())
      .toBe("No page has these words. Nearest in meaning: 1 result");
    expect(
      await page.getByText("No page has these words. Nearest in meaning:", { exact: true }).isVisible(),
    ).toBe(true);
    expect(await axeFindings(page)).toEqual([]);
  });

  test("a Worker that is away is named, and asked again on demand", async () => {
    const { page } = await openSite();
    await page.route("**/v1/search", (route) => route.abort("connectionrefused"));
    await page.keyboard.press("/");
    await field(page).fill("rollback");
    await expect.poll(() => page.getByRole("status").textContent()).toBe("The search could not be reached.");
    await page.unroute("**/v1/search");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("option", { name: /Going back/ }).waitFor();
  });

  test("a refusal is given in the Worker's words", async () => {
    const { page } = await openSite({ attributes: 'filters="colour"' });
    await page.keyboard.press("/");
    await field(page).fill("rollback");
    await expect.poll(() => page.getByRole("status").textContent()).toMatch(/^The search failed: .*colour/);
  });

  test("a slow network shows that the answer is awaited", async () => {
    const { page } = await openSite();
    // Asked twice where the index cannot group by page: both wait.
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route("**/v1/search", async (route) => {
      await released;
      await route.continue();
    });
    await page.keyboard.press("/");
    await field(page).fill("rollback");
    await expect.poll(() => page.getByRole("status").textContent()).toBe("Searching…");
    release();
    await page.getByRole("option", { name: /Going back/ }).waitFor();
  });
});

describe("every reader", () => {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`is served: axe finds nothing, ${colorScheme}`, async () => {
      const { page } = await openSite({ attributes: 'filters="language"', colorScheme });
      expect(await axeFindings(page)).toEqual([]);
      await searchFor(page, "publishing");
      expect(await axeFindings(page)).toEqual([]);
      await page.evaluate('localStorage.setItem("annoy-search:recent", \'["publishing"]\')');
      await field(page).fill("");
      await page.getByRole("option", { name: "publishing" }).waitFor();
      expect(await axeFindings(page)).toEqual([]);
      await page.route("**/v1/search", (route) => route.abort("connectionrefused"));
      await field(page).fill("x");
      await page.getByRole("button", { name: "Try again" }).waitFor();
      expect(await axeFindings(page)).toEqual([]);
    });
  }

  test("on a phone has the whole screen and no sideways scrolling", async () => {
    const { page } = await openSite({
      viewport: { width: 360, height: 640 },
      hasTouch: true,
      isMobile: true,
    });
    await searchFor(page, "publishing");
    expect(await page.getByRole("dialog").boundingBox()).toEqual({ x: 0, y: 0, width: 360, height: 640 });
    expect(await page.getByRole("listbox").evaluate((list) => list.scrollWidth <= list.clientWidth)).toBe(
      true,
    );
    await page.getByRole("button", { name: "Close" }).tap();
    await page.getByRole("dialog").waitFor({ state: "hidden" });
  });

  test("from right to left has everything mirrored", async () => {
    const { page } = await openSite({ html: 'lang="ar" dir="rtl"' });
    await searchFor(page, "publishing");
    const close = await page.getByRole("button", { name: "Close" }).boundingBox();
    const input = await field(page).boundingBox();
    expect(close?.x).toBeLessThan(input?.x ?? 0);
  });

  test("may be spoken to in another language", async () => {
    const german = {
      open: "Suchen",
      label: "Diese Seite durchsuchen",
      found: { one: "{count} Treffer", other: "{count} Treffer" },
    };
    const { page } = await openSite({
      attributes: `messages='${JSON.stringify(german)}'`,
      html: 'lang="de"',
    });
    await page.getByRole("button", { name: "Suchen" }).click();
    await page.getByRole("combobox", { name: german.label }).fill("publishing");
    await expect.poll(() => page.getByRole("status").textContent()).toMatch(/^\d+ Treffer$/);
  });
});
