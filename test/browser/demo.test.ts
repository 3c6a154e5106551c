import { describe, expect, test } from "vitest";
import { axeFindings } from "./axe.ts";
import { useChromium } from "./chromium.ts";
import { HOSTILE_QUERY } from "./documents.ts";

const open = useChromium();
const PHONE = { viewport: { width: 360, height: 720 }, hasTouch: true, isMobile: true };

describe("typing", () => {
  test("finds words by meaning and says which version answered", async () => {
    const { page, complaints } = await open("/");
    await page.getByRole("searchbox", { name: "What is the word for" }).pressSequentially("fear of spiders");
    const first = page.getByRole("listitem").first();
    await first.getByRole("link", { name: "arachnophobia" }).waitFor();
    expect(await first.textContent()).toMatch(/^arachnophobia n\.a morbid fear of spidersdistance 0\.\d{3}$/);
    expect(await page.locator("#folio").textContent()).toMatch(/^\d+ ms · version [0-9a-f]{8}$/);
    expect(await page.getByRole("status").textContent()).toMatch(
      /^20 words in \d+ milliseconds\. Nearest: arachnophobia\.$/,
    );
    expect(page.url()).toMatch(/\/\?q=fear\+of\+spiders$/);
    expect(complaints).toEqual([]);
  });

  test("shows the answer to the newest question, however late the answers to older ones come", async () => {
    const { page } = await open("/");
    // The first question's answer is held back until the second one has been shown.
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const arrived: string[] = [];
    await page.route("**/v1/search", async (route) => {
      const { query } = route.request().postDataJSON() as { query: string };
      if (query === "fear of spiders") await held;
      // A request that the page has given up cannot be fulfilled; that is what is hoped for.
      await route.continue().catch(() => {});
      arrived.push(query);
    });
    const field = page.getByRole("searchbox");
    const asked = page.waitForRequest("**/v1/search");
    await field.fill("fear of spiders");
    await asked;
    await field.fill("someone who cannot sleep");
    await page.getByRole("link", { name: "insomniac" }).first().waitFor();
    release();
    await expect.poll(() => arrived).toContain("fear of spiders");
    // One more round trip: whatever an old answer could still do has happened by then.
    await page.evaluate(() => fetch("/health").then((response) => response.text()));
    expect(await page.locator("#first-guide").textContent()).toBe("insomniac");
  });

  test("asks once for a burst of keys", async () => {
    const { page } = await open("/");
    const queries: string[] = [];
    page.on("request", (request) => {
      if (request.url().endsWith("/v1/search"))
        queries.push((request.postDataJSON() as { query: string }).query);
    });
    // The page's clock stands still, so that no machine is too slow to type a burst.
    await page.clock.install();
    // Installed alone, the clock goes on with the machine's, which may take its time between two keys.
    await page.clock.pauseAt(Date.now() + 1000);
    await page.getByRole("searchbox").pressSequentially("an island");
    expect(queries).toEqual([]);
    await page.clock.runFor(1000);
    await expect.poll(() => queries).toEqual(["an island"]);
  });

  test("emptying the field brings the examples back", async () => {
    const { page } = await open("/?q=fear+of+spiders");
    await page.getByRole("link", { name: "arachnophobia" }).waitFor();
    await page.getByRole("searchbox").fill("");
    await page.getByRole("heading", { name: "For example" }).waitFor();
    expect(await page.locator("#answer").isHidden()).toBe(true);
    expect(new URL(page.url()).search).toBe("");
  });
});

describe("addresses", () => {
  test("a shared address shows its answer", async () => {
    const { page } = await open("/?q=the+line+where+sky+and+earth+meet");
    await page.getByRole("link", { name: "horizon" }).first().waitFor();
    expect(await page.getByRole("searchbox").inputValue()).toBe("the line where sky and earth meet");
    expect(await page.title()).toBe("the line where sky and earth meet · A reverse dictionary");
  });

  test("a word leads to the words near it, and back", async () => {
    const { page } = await open("/?q=fear+of+spiders");
    await page.getByRole("link", { name: "arachnophobia" }).click();
    await page.getByRole("searchbox", { name: "Which words are near" }).waitFor();
    await page.locator("#entries .distance", { hasText: "0.000" }).waitFor();
    expect(page.url()).toMatch(/\?near=n8krc8$/);
    await page.goBack();
    await page.getByRole("searchbox", { name: "What is the word for" }).waitFor();
    expect(await page.getByRole("searchbox").inputValue()).toBe("fear of spiders");
  });

  test("an address of nearby words fills in the word", async () => {
    const { page } = await open("/?near=n8krc8");
    await expect.poll(() => page.getByRole("searchbox").inputValue()).toBe("arachnophobia");
  });

  test("a part of speech narrows the answer, and is part of the address", async () => {
    const { page } = await open("/?q=not+able+to+sleep");
    await page.locator("#entries li").first().waitFor();
    await page.getByRole("radio", { name: "adjectives" }).check();
    await expect
      .poll(async () => new Set(await page.locator("#entries .note").allTextContents()))
      .toEqual(new Set(["adj."]));
    expect(page.url()).toMatch(/\?q=not\+able\+to\+sleep&is=adjective$/);
    await page.reload();
    await page.getByRole("radio", { name: "adjectives", checked: true }).waitFor();
    await expect
      .poll(async () => new Set(await page.locator("#entries .note").allTextContents()))
      .toEqual(new Set(["adj."]));
  });

  test("an example is a link that searches", async () => {
    const { page } = await open("/");
    await page.getByRole("link", { name: "speak very quietly" }).click();
    await page.getByRole("link", { name: "whisper" }).first().waitFor();
    expect(page.url()).toMatch(/\?q=speak\+very\+quietly$/);
  });
});

describe("the keyboard", () => {
  const focused = "document.activeElement.textContent || document.activeElement.id";

  test("reaches everything", async () => {
    const { page } = await open("/?q=food");
    await page.locator("#entries li").nth(2).waitFor();
    const heads = await page.locator("#entries a.head").allTextContents();
    await page.keyboard.press("/");
    expect(await page.evaluate(focused)).toBe("query");
    await page.keyboard.press("ArrowDown");
    expect(await page.evaluate(focused)).toBe(heads[0]);
    await page.keyboard.press("ArrowDown");
    expect(await page.evaluate(focused)).toBe(heads[1]);
    await page.keyboard.press("End");
    expect(await page.evaluate(focused)).toBe(heads.at(-1));
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowUp");
    expect(await page.evaluate(focused)).toBe("query");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Escape");
    expect(await page.evaluate(focused)).toBe("query");
    await page.keyboard.press("Escape");
    expect(await page.getByRole("searchbox").inputValue()).toBe("");
  });

  test("a slash that is typed into the field stays there", async () => {
    const { page } = await open("/");
    await page.getByRole("searchbox").pressSequentially("and/or");
    expect(await page.getByRole("searchbox").inputValue()).toBe("and/or");
  });

  test("Enter on a word looks around it", async () => {
    const { page } = await open("/?q=fear+of+spiders");
    await page.getByRole("link", { name: "arachnophobia" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("searchbox", { name: "Which words are near" }).waitFor();
  });

  test("More shows further words and goes to the first of them", async () => {
    const { page } = await open("/?q=food");
    await page.getByRole("button", { name: "More" }).focus();
    await page.keyboard.press("Enter");
    await page.locator("#entries li").nth(39).waitFor();
    expect(await page.locator("#entries li").count()).toBe(40);
    const head = await page.locator("#entries li").nth(20).getByRole("link").textContent();
    expect(await page.evaluate(focused)).toBe(head);
  });
});

describe("content that tries to run", () => {
  test("stays text", async () => {
    const { page, complaints } = await open(`/?${new URLSearchParams({ q: HOSTILE_QUERY })}`);
    const first = page.locator("#entries li").filter({ hasText: "zebra" });
    await first.nth(2).waitFor();
    const text = (await first.allTextContents()).join("\n");
    expect(text).toContain('<img src=x onerror="window.pwned=true">');
    expect(text).toContain("<svg onload=");
    expect(text).toContain("<iframe srcdoc=");
    expect(await page.locator("main :is(img, svg, iframe, script, b)").count()).toBe(0);
    expect(await page.evaluate("window.pwned")).toBeUndefined();
    expect(complaints).toEqual([]);
  });

  test("gives no link but to the web", async () => {
    const { page } = await open(`/?${new URLSearchParams({ q: HOSTILE_QUERY })}`);
    await page.getByRole("link", { name: "An address" }).waitFor();
    const links = await page
      .locator("#entries a")
      .evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).href));
    expect(links).toContain("https://example.com/zebra?a=1");
    expect(links.filter((href) => !/^https?:/.test(href))).toEqual([]);
  });

  test("cannot come in by the address", async () => {
    const { page } = await open(
      `/?${new URLSearchParams({ q: '"><img src=x onerror="window.pwned=true">' })}`,
    );
    await page.locator("#entries li").first().waitFor();
    expect(await page.evaluate("window.pwned")).toBeUndefined();
  });
});

describe("when something is wrong", () => {
  test("the Worker's own sentence is shown, with a button that asks again", async () => {
    const { page } = await open("/?near=nobody");
    const notice = page.getByRole("alert");
    await expect.poll(() => notice.textContent()).toMatch(/nobody/);
    await notice.getByRole("button", { name: "Try again" }).waitFor();
  });

  test("being offline is said, the answer stays, and the search goes on by itself", async () => {
    const { page } = await open("/?q=fear+of+spiders");
    await page.getByRole("link", { name: "arachnophobia" }).waitFor();
    await page.context().setOffline(true);
    await page.getByRole("searchbox").fill("someone who cannot sleep");
    await expect.poll(() => page.getByRole("alert").textContent()).toMatch(/^You are offline\./);
    expect(await page.getByRole("link", { name: "arachnophobia" }).isVisible()).toBe(true);
    await page.context().setOffline(false);
    await page.getByRole("link", { name: "insomniac" }).first().waitFor();
    expect(await page.getByRole("alert").isHidden()).toBe(true);
  });

  test("a Worker that does not answer is named, and asked again on demand", async () => {
    const { page } = await open("/");
    await page.route("**/v1/search", (route) => route.abort("connectionrefused"));
    await page.getByRole("searchbox").fill("fear of spiders");
    await expect.poll(() => page.getByRole("alert").textContent()).toMatch(/does not answer/);
    await page.unroute("**/v1/search");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("link", { name: "arachnophobia" }).waitFor();
  });

  test("a slow answer shows that it is awaited", async () => {
    const { page } = await open("/?q=fear+of+spiders");
    await page.getByRole("link", { name: "arachnophobia" }).waitFor();
    let release = () => {};
    await page.route("**/v1/search", async (route) => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      await route.continue();
    });
    await page.getByRole("searchbox").fill("someone who cannot sleep");
    await page.locator("body.waiting").waitFor();
    release();
    await page.getByRole("link", { name: "insomniac" }).first().waitFor();
    await page.locator("body:not(.waiting)").waitFor();
  });
});

describe("every reader", () => {
  const states = [
    ["nothing asked", "/"],
    ["an answer", "/?q=fear+of+spiders"],
    ["a failure", "/?near=nobody"],
  ] as const;
  for (const [state, path] of states) {
    for (const colorScheme of ["light", "dark"] as const) {
      test(`is served: axe finds nothing with ${state}, ${colorScheme}`, async () => {
        const { page } = await open(path, { colorScheme, reducedMotion: "reduce" });
        await page.locator("body.introduced").waitFor();
        await page.locator(":is(#examples li, #entries li, #notice):visible").first().waitFor();
        expect(await axeFindings(page)).toEqual([]);
      });
    }
  }

  test("on a phone needs no sideways scrolling and has fields that do not zoom", async () => {
    for (const path of ["/", "/?q=fear+of+spiders", `/?${new URLSearchParams({ q: HOSTILE_QUERY })}`]) {
      const { page } = await open(path, PHONE);
      await page.locator(":is(#examples li, #entries li):visible").first().waitFor();
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
      expect(
        await page
          .getByRole("searchbox")
          .evaluate((field) => Number.parseFloat(getComputedStyle(field).fontSize)),
      ).toBeGreaterThanOrEqual(16);
      expect(await axeFindings(page)).toEqual([]);
    }
  });

  test("gets a page that may load nothing from elsewhere and run nothing inline", async () => {
    const { page } = await open("/");
    const response = await page.request.get("/");
    const policy = response.headers()["content-security-policy"] ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(await page.locator("[style], style, script:not([src])").count()).toBe(0);
  });
});
