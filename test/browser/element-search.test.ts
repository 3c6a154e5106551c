import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { axeFindings } from "./axe.ts";
import { answerWith, field, hit, options, searchFor, useSite } from "./site.ts";

/** Requests of the element, and its handling of keys and answers of every kind. */
const openSite = useSite();

const status = (page: Page) => page.getByRole("status").textContent();
const path = (page: Page) => new URL(page.url()).pathname;

/** Answers each question with one page named for it, when it is let. */
async function echo(page: Page, wait: () => Promise<void> = async () => {}): Promise<string[]> {
  const asked: string[] = [];
  await page.route("**/v1/search", async (route) => {
    const { query } = JSON.parse(route.request().postData() ?? "{}");
    asked.push(query);
    await wait();
    const hits = query === "nil" ? [] : [hit(`/for/${query}`, query, "A text.")];
    await route
      .fulfill({ json: { version: "0", hits }, headers: { "access-control-allow-origin": "*" } })
      .catch(() => {});
  });
  return asked;
}

describe("Enter", () => {
  test("right after typing follows the answer to what was typed, not one before", async () => {
    const { page } = await openSite();
    let slow = 0;
    const asked = await echo(page, () => page.waitForTimeout(slow));
    await searchFor(page, "do");
    slow = 150;
    await page.keyboard.type("all", { delay: 10 });
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/for/doall");
    expect(asked.filter((query) => query === "doall")).toHaveLength(1);
  });

  test("is forgotten when another letter is typed, the dialog is closed, or nothing is found", async () => {
    const { page } = await openSite();
    await echo(page, () => page.waitForTimeout(150));
    await page.keyboard.press("/");
    await page.keyboard.type("ab");
    await page.keyboard.press("Enter");
    await page.keyboard.type("c");
    await options(page).first().waitFor();
    await page.keyboard.type("d");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Escape");
    await page.waitForTimeout(300);
    expect(path(page)).toBe("/guide/");
    await page.keyboard.press("/");
    await field(page).fill("nil");
    await page.keyboard.press("Enter");
    await expect.poll(() => status(page)).toContain("Nothing found");
    expect(path(page)).toBe("/guide/");
  });

  test("that commits a conversion of an input method stays, in the order of every browser", async () => {
    const { page } = await openSite();
    await echo(page);
    await searchFor(page, "にんしょう");
    const keys = (order: readonly object[]) =>
      field(page).evaluate((node, events) => {
        for (const { type, ...init } of events as { type: string }[]) {
          const Kind = type.startsWith("composition") ? CompositionEvent : KeyboardEvent;
          node.dispatchEvent(new Kind(type, { bubbles: true, cancelable: true, composed: true, ...init }));
        }
      }, order);
    // Safari: the composition ends before its key, which 229 alone tells. Chromium and Firefox: the key comes within.
    await keys([
      { type: "compositionstart" },
      { type: "compositionend", data: "認証" },
      { type: "keydown", key: "Enter", keyCode: 229 },
    ]);
    await keys([
      { type: "compositionstart" },
      { type: "keydown", key: "Enter", keyCode: 13, isComposing: true },
      { type: "compositionend" },
    ]);
    await keys([
      { type: "keydown", key: "Process", keyCode: 229 },
      { type: "keydown", key: "ArrowDown", keyCode: 229 },
    ]);
    await page.waitForTimeout(100);
    expect(path(page)).toBe("/guide/");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/for\//);
  });
});

describe("Escape", () => {
  test("closes the dialog though there is text in the field, which is there the next time", async () => {
    const { page } = await openSite();
    await echo(page);
    await searchFor(page, "text");
    await page.keyboard.press("Escape");
    expect(await page.getByRole("dialog").isVisible()).toBe(false);
    await page.keyboard.press("/");
    expect(await field(page).inputValue()).toBe("text");
  });
});

describe("Ctrl-K", () => {
  interface Key {
    readonly key: string;
    readonly code: string;
  }
  const press = (page: Page, init: Key) =>
    page.evaluate((init) => {
      document.body.dispatchEvent(
        new KeyboardEvent("keydown", { bubbles: true, cancelable: true, composed: true, ...init }),
      );
    }, init);

  test.each([
    ["Cyrillic", { key: "л", code: "KeyK", ctrlKey: true }, true],
    ["Greek, on a Mac", { key: "κ", code: "KeyK", metaKey: true }, true],
    ["Hebrew", { key: "ל", code: "KeyK", ctrlKey: true }, true],
    ["with the caps lock", { key: "K", code: "KeyK", ctrlKey: true }, true],
    ["Dvorak, by its letter", { key: "k", code: "KeyV", ctrlKey: true }, true],
    ["Dvorak, where the place of k is t", { key: "t", code: "KeyK", ctrlKey: true }, false],
    ["AltGr", { key: "k", code: "KeyK", ctrlKey: true, altKey: true }, false],
  ] as const)("%s", async (_, init, opens) => {
    const { page } = await openSite();
    await press(page, init);
    expect(await field(page).isVisible()).toBe(opens);
  });

  test("a slash that is written in a shadow root, open or closed, or in an editor, stays there", async () => {
    const { page } = await openSite({
      around: '{search}<div contenteditable role="textbox" aria-label="Editor">text</div>',
    });
    for (const mode of ["open", "closed"] as const) {
      await page.evaluate((mode) => {
        const box = document.createElement("my-box");
        document.body.append(box);
        const input = document.createElement("input");
        box.attachShadow({ mode }).append(input);
        input.focus();
      }, mode);
      await page.keyboard.press("/");
      expect(await field(page).isVisible()).toBe(false);
    }
    await page.getByRole("textbox", { name: "Editor" }).click();
    await page.keyboard.press("/");
    expect(await field(page).isVisible()).toBe(false);
  });
});

describe("more than a first answer", () => {
  const atVersionOne = { attributes: `filter='{"version":"1"}'` };

  test("is counted, and comes by the button", async () => {
    const { page } = await openSite(atVersionOne);
    await searchFor(page, "handbook");
    expect(await options(page).count()).toBe(12);
    // The Worker counts the pages that hold the word.
    expect(await page.getByText("15 pages").isVisible()).toBe(true);
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole("button", { name: "More results" }).click();
    await expect.poll(() => options(page).count()).toBe(15);
    expect(await page.getByText("15 pages").isVisible()).toBe(true);
    expect(
      new Set(await options(page).evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).href))).size,
    ).toBe(15);
    expect(await page.getByRole("button", { name: "More results" }).isVisible()).toBe(false);
    expect(await status(page)).toBe("15 results");
  });

  test("comes by the arrow beyond the last option, and the first of it is selected", async () => {
    const { page } = await openSite(atVersionOne);
    await searchFor(page, "handbook");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowDown");
    await expect.poll(() => options(page).count()).toBe(15);
    const selected = () =>
      options(page).evaluateAll((all) => all.findIndex((a) => a.ariaSelected === "true"));
    expect(await selected()).toBe(12);
    await page.keyboard.press("ArrowUp");
    expect(await selected()).toBe(11);
  });

  test("says when it cannot be had, and leaves what is there", async () => {
    const { page } = await openSite(atVersionOne);
    await searchFor(page, "handbook");
    await page.route("**/v1/search", (route) => route.abort("connectionrefused"));
    await page.getByRole("button", { name: "More results" }).click();
    const retry = page.getByRole("button", { name: "The search could not be reached. Try again" });
    await retry.waitFor();
    expect(await options(page).count()).toBe(12);
    await page.unroute("**/v1/search");
    await retry.click();
    await expect.poll(() => options(page).count()).toBe(15);
  });

  test("comes hit by hit, uncounted, where the index does not know every document's page", async () => {
    const { page } = await openSite();
    const grouped: unknown[] = [];
    await page.route("**/v1/search", async (route) => {
      const { groupBy, offset = 0 } = JSON.parse(route.request().postData() ?? "{}");
      grouped.push(groupBy);
      const headers = { "access-control-allow-origin": "*" };
      if (groupBy) {
        const json = { detail: 'Field "page" is not filterable here.', code: "UNKNOWN_FILTER_FIELD" };
        return route.fulfill({ status: 400, json, headers });
      }
      const hits = Array.from({ length: offset > 0 ? 2 : 12 }, (_, i) =>
        hit(`/p${offset + i}`, `Page ${offset + i}`, "A text."),
      );
      return route.fulfill({ json: { version: "0", hits }, headers });
    });
    await searchFor(page, "text");
    await page.getByText("12+ pages").waitFor();
    await page.getByRole("button", { name: "More results" }).click();
    await page.getByText("14 pages", { exact: true }).waitFor();
    expect(grouped).toEqual([{ field: "page", hits: 3 }, undefined, undefined]);
  });

  test("comes from a Worker of an earlier release, which corrects nothing", async () => {
    const { page } = await openSite();
    const asked: string[][] = [];
    await page.route("**/v1/search", async (route) => {
      const question = JSON.parse(route.request().postData() ?? "{}");
      asked.push(["groupBy", "total", "didYouMean"].filter((field) => field in question));
      const headers = { "access-control-allow-origin": "*" };
      const refused = { detail: 'There is no field "groupBy".', code: "UNKNOWN_FIELD" };
      if (question.groupBy) return route.fulfill({ status: 400, json: refused, headers });
      return route.fulfill({ json: { version: "0", hits: [hit("/a", "A page", "A text.")] }, headers });
    });
    await searchFor(page, "text");
    expect(asked).toEqual([["groupBy", "total", "didYouMean"], []]);
  });

  test("is not offered twice of an answer that does not go on", async () => {
    const { page } = await openSite();
    await answerWith(
      page,
      Array.from({ length: 12 }, (_, i) => hit(`/p${i}`, `Page ${i}`, "A text.")),
    );
    await searchFor(page, "text");
    await page.getByRole("button", { name: "More results" }).click();
    await page.getByText("12 pages", { exact: true }).waitFor();
    expect(await page.getByRole("button", { name: "More results" }).isVisible()).toBe(false);
  });
});

describe("an answer of another form", () => {
  test.each([
    ["no object", null],
    ["an id that is a number", { id: 7 }],
    ["a passage that is a number", { id: "a", highlights: [{ text: 7, ranges: [] }] }],
    ["a passage without ranges", { id: "a", highlights: [{ text: "a text" }] }],
  ])("is said to be none: a hit is %s", async (_, bad) => {
    const { page } = await openSite();
    await answerWith(page, [hit("/a", "A page", "A text."), bad]);
    await page.keyboard.press("/");
    await field(page).fill("text");
    await expect.poll(() => status(page)).toBe("The answer of the search could not be read.");
    expect(await page.getByText("The answer of the search could not be read.").first().isVisible()).toBe(
      true,
    );
    await page.unroute("**/v1/search");
    await field(page).fill("rollback");
    await page.getByRole("option", { name: /Going back/ }).waitFor();
  });

  test("is said to be none: no hits, no JSON, a reason that is no text", async () => {
    const { page } = await openSite();
    await page.keyboard.press("/");
    const headers = { "access-control-allow-origin": "*" };
    for (const [answer, said] of [
      [{ json: { hits: {} } }, "The answer of the search could not be read."],
      [{ body: "<!doctype html>" }, "The answer of the search could not be read."],
      [{ status: 500, json: { detail: { a: 1 } } }, "The search failed: status 500"],
      [{ status: 400, json: { detail: "long ".repeat(1e5) } }, /^The search failed: [long ]{1,600}$/],
    ] as const) {
      await page.route("**/v1/search", (route) => route.fulfill({ ...answer, headers }), { times: 1 });
      await field(page).fill(`text ${Math.random()}`);
      await expect.poll(() => status(page)).toMatch(said);
    }
  });

  test("with a title and a heading of 400 kB is shown, cut", async () => {
    const { page, complaints } = await openSite();
    const long = "word ".repeat(80_000);
    await answerWith(page, [
      hit("/a", long, "A text.", `${long}heading`),
      hit("/b", "Short", long.repeat(3)),
    ]);
    await searchFor(page, "word");
    expect((await page.getByRole("listbox").textContent())?.length).toBeLessThan(3000);
    expect(complaints).toEqual([]);
  });
});

test.each([
  ["light", 1280],
  ["dark", 1280],
  ["light", 360],
  ["dark", 360],
] as const)(
  "filters of the page, counts and the button for more pass axe, %s, %i wide",
  async (colorScheme, width) => {
    const { page } = await openSite({
      scoped: true,
      around: '<p data-search-filter="version:2" hidden></p>{search}',
      colorScheme,
      viewport: { width, height: 700 },
    });
    await searchFor(page, "handbook");
    await page.getByRole("button", { name: "More results" }).scrollIntoViewIfNeeded();
    expect(await axeFindings(page)).toEqual([]);
    expect(await page.getByRole("dialog").evaluate((node) => node.scrollWidth <= node.clientWidth)).toBe(
      true,
    );
  },
);

test("words of a title are marked however they are set, and emoji", async () => {
  const { page } = await openSite();
  await answerWith(page, [hit("/a", "🚀 Reise\u00adkosten", "A text.")]);
  await searchFor(page, "reisekosten 🚀");
  expect(await page.locator("annoy-search .title mark").allTextContents()).toEqual([
    "🚀",
    "Reise\u00adkosten",
  ]);
  expect(await status(page)).toBe("1 result");
});

test("quoted words that no page has are said to be given up", async () => {
  const { page } = await openSite();
  await searchFor(page, '"pointer the publishing"');
  expect(await status(page)).toMatch(
    /^No page has the quoted words as they stand\. Pages with some of them: \d+ results?$/,
  );
  await field(page).fill('"moves the pointer"');
  await expect.poll(() => status(page)).toMatch(/^\d+ results?$/);
});

describe("what a search is held to", () => {
  const versions = (page: Page) =>
    options(page).evaluateAll((all) =>
      [...new Set(all.map((a) => (a as HTMLAnchorElement).pathname.slice(0, 5)))].sort(),
    );

  test("is the filter that the element has, which may change", async () => {
    const { page } = await openSite({ attributes: `filter='{"version":"1"}'` });
    await searchFor(page, "handbook");
    expect(await versions(page)).toEqual(["/1/en"]);
    await page
      .locator("annoy-search")
      .evaluate((element) => element.setAttribute("filter", '{"version":"2"}'));
    await field(page).fill("handbook ");
    await expect.poll(() => versions(page)).toEqual(["/2/en"]);
  });

  test("and one that is no JSON is said to be none, and nothing is shown", async () => {
    const { page } = await openSite({ attributes: 'filter="version:1"' });
    await page.keyboard.press("/");
    await field(page).fill("handbook");
    await expect
      .poll(() => status(page))
      .toContain("the attribute filter of <annoy-search> is no JSON object");
    expect(await options(page).count()).toBe(0);
  });

  test("is the language and the version of the page, where there are several, until it is given up", async () => {
    const { page } = await openSite({
      scoped: true,
      around: '<p data-search-filter="version:2" hidden></p>{search}',
    });
    await searchFor(page, "handbook");
    expect(await versions(page)).toEqual(["/2/en"]);
    expect(await axeFindings(page)).toEqual([]);
    expect(await page.getByRole("checkbox", { name: "English", exact: true }).isChecked()).toBe(true);
    await page.getByRole("group", { name: "Version" }).getByRole("checkbox", { name: "2" }).uncheck();
    await expect.poll(() => versions(page)).toContain("/1/en");
  });

  test("is the version that the element names, on a page that has none", async () => {
    const { page } = await openSite({ attributes: 'scope="lang version=2"', scoped: true });
    await searchFor(page, "handbook");
    expect(await versions(page)).toEqual(["/2/en"]);
  });

  test("follows the page under a client-side router", async () => {
    const { page } = await openSite({
      scoped: true,
      around: '<p data-pagefind-filter="version" hidden>1</p>{search}',
    });
    await searchFor(page, "handbook");
    expect(await versions(page)).toEqual(["/1/en"]);
    await page.keyboard.press("Escape");
    await page.evaluate(() => {
      history.pushState(null, "", "/2/");
      document.documentElement.lang = "de";
      (document.querySelector("[data-pagefind-filter]") as Element).textContent = "2";
    });
    await page.keyboard.press("/");
    // With it comes what is of no language and of no version.
    await expect.poll(() => versions(page)).toContain("/2/de");
    expect((await versions(page)).filter((start) => start.endsWith("/en"))).toEqual([]);
  });

  test("is nothing where the site has nothing in the page's language", async () => {
    const { page } = await openSite({ scoped: true, html: 'lang="fr"' });
    await searchFor(page, "handbook");
    expect(await versions(page)).toContain("/1/en");
    expect(await page.getByRole("checkbox").count()).toBe(0);
  });

  test("can be left alone", async () => {
    const { page } = await openSite({ html: 'lang="de"' });
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await searchFor(page, "handbook");
    expect(await versions(page)).toContain("/1/en");
    expect(asked.filter((name) => name !== "/v1/search")).toEqual([]);
  });
});

describe("an agent in the browser", () => {
  test("is offered the search as a tool, once a page, as long as the element is there", async () => {
    const { page } = await openSite({ attributes: `filter='{"version":"2"}'`, around: "{search}{search}" });
    // The interface that browsers of 2026 offer to trial.
    await page.addInitScript(() => {
      const tools = new Map<string, { execute(input: object): Promise<{ content: { text: string }[] }> }>();
      Object.assign(globalThis, { tools });
      Object.defineProperty(navigator, "modelContext", {
        value: {
          registerTool(
            tool: { name: string; execute(): Promise<never> },
            { signal }: { signal: AbortSignal },
          ) {
            if (tools.has(tool.name)) throw new DOMException("There is such a tool.", "InvalidStateError");
            tools.set(tool.name, tool);
            signal.addEventListener("abort", () => tools.delete(tool.name));
          },
        },
      });
    });
    await page.reload();
    await page.waitForFunction("tools.size === 1");
    const found = await page.evaluate(async () => {
      const { tools } = globalThis as unknown as {
        tools: Map<string, { execute(input: object): Promise<{ content: { text: string }[] }> }>;
      };
      const answer = await tools.get("search_site")?.execute({ query: "chapter 3 of the handbook" });
      return JSON.parse(answer?.content[0]?.text ?? "[]") as {
        title: string;
        url: string;
        excerpt: string;
      }[];
    });
    expect(found[0]).toMatchObject({
      title: "Chapter 3 of the handbook",
      url: `${openSite.origin()}/2/en/Chapter-3-of-the-handbook`,
    });
    expect(found[0]?.excerpt).toContain("version 2");
    await page.evaluate(() => {
      for (const element of document.querySelectorAll("annoy-search")) element.remove();
    });
    expect(await page.evaluate("tools.size")).toBe(0);
  });
});
