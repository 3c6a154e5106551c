import type { Page } from "playwright-core";
import { expect, inject, test } from "vitest";
import { answerWith, field, hit, options, searchFor, useSite } from "./site.ts";

/** Rows of docs/migrating.md about the element; test/docs/migrating.test.ts holds the others, and these to the page. */
const openSite = useSite();

const pathsOf = (page: Page) =>
  options(page).evaluateAll((all) => all.map((one) => (one as HTMLAnchorElement).pathname));
const HANDBOOKS = ["1/en", "2/en", "2/de"];

test.each([
  '`new PagefindUI({ element: "#search" })`',
  "`docsearch({ container, appId, apiKey, indexName })`",
])("%s", async () => {
  const { page } = await openSite({ attributes: `endpoint="${inject("origin")}"` });
  const asked = page.waitForRequest("**/v1/search");
  await searchFor(page, "rollback");
  expect(new URL((await asked).url()).origin).toBe(inject("origin"));
  expect(await options(page).count()).toBeGreaterThan(0);
});

test.each(["`translations`", "`placeholder`, `translations`"])("%s", async () => {
  const messages = { open: "Suchen", placeholder: "Was denn?" };
  const { page } = await openSite({ attributes: `messages='${JSON.stringify(messages)}'` });
  await page.getByRole("button", { name: "Suchen" }).click();
  expect(await field(page).getAttribute("placeholder")).toBe("Was denn?");
});

test("`showSubResults`", async () => {
  const { page } = await openSite();
  await answerWith(page, [hit("/a#one", "A", "First.", "One"), hit("/a#two", "A", "Second.", "Two")]);
  await searchFor(page, "text");
  expect(await pathsOf(page)).toEqual(["/a", "/a"]);
  expect(await page.getByRole("listbox").textContent()).toMatch(/One.*Two/);
});

test("`forceLanguage`", async () => {
  const { page } = await openSite({ html: 'lang="de"', scoped: false });
  await searchFor(page, "handbook");
  expect((await pathsOf(page)).some((path) => path.startsWith("/1/en"))).toBe(true);
  const only = await openSite({ attributes: `filter='{"lang":"de"}'` });
  await searchFor(only.page, "handbook");
  const found = await pathsOf(only.page);
  expect(HANDBOOKS.filter((start) => found.some((path) => path.startsWith(`/${start}`)))).toEqual(["2/de"]);
});

test('`facetFilters: ["version:2.0"]`', async () => {
  const { page } = await openSite({ attributes: `filter='{"version":"1"}'` });
  await searchFor(page, "handbook");
  const found = await pathsOf(page);
  expect(HANDBOOKS.filter((start) => found.some((path) => path.startsWith(`/${start}`)))).toEqual(["1/en"]);
});

test("`insights`", async () => {
  const { page } = await openSite({ attributes: "insight" });
  const told = page.waitForRequest("**/v1/selections/**");
  await searchFor(page, "rollback");
  await page.keyboard.press("Enter");
  const request = await told;
  expect([new URL(request.url()).pathname, request.postData()]).toEqual(["/v1/selections/0", null]);
});

test.each(["`transformItems`, `hitComponent`", "`data-docsearch…` theme variables"])("%s", async () => {
  const style = `annoy-search { --annoy-search-background: rgb(1, 2, 3) }
    annoy-search::part(excerpt) { color: rgb(4, 5, 6) }`;
  const { page } = await openSite({ style });
  await answerWith(page, [hit("/a", "A", "A text.")]);
  await searchFor(page, "text");
  const styleOf = (part: string, property: string) =>
    page
      .locator(`[part~="${part}"]`)
      .first()
      .evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), property);
  expect(await styleOf("excerpt", "color")).toBe("rgb(4, 5, 6)");
  expect(await styleOf("dialog", "background-color")).toBe("rgb(1, 2, 3)");
});
