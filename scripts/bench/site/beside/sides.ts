import type { Page } from "playwright-core";

/** A search on a page, as a reader meets it. What runs in the page is a text, because this project's types know no browser. */
export interface Side {
  readonly name: string;
  readonly page: string;
  readonly html: string;
  /** Makes the field ready for typing. */
  open(page: Page): Promise<void>;
  /** Types a query at once. */
  type(page: Page, query: string): Promise<void>;
  /** Runs in the page: address of the first result on the screen, or an empty text. */
  readonly first: string;
  /** Pages of the results that a query shows at first, best first. */
  shown(page: Page, query: string): Promise<string[]>;
}

const html = (head: string, body: string) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>-</title><link rel="icon" href="data:,">${head}</head><body>${body}</body></html>`;
const hrefs = (page: Page, links: string) =>
  page.evaluate(`${links}.map((link) => link.getAttribute("href"))`) as Promise<string[]>;
/** Path of a page, without the section. */
const pathOf = (href: string) => new URL(href, "http://x").pathname;

/** Without a web worker, whose requests the developer tools of a page neither slow down nor count. */
export const pagefindSide: Side = {
  name: "Pagefind",
  page: "/with-pagefind",
  html: html(
    '<link href="/pagefind/pagefind-ui.css" rel="stylesheet"><script src="/pagefind/pagefind-ui.js"></script>',
    '<div id="search"></div><script>new PagefindUI({ element: "#search", noWorker: true });</script>',
  ),
  open: (page) => page.locator(".pagefind-ui__search-input").waitFor(),
  type: (page, query) => page.locator(".pagefind-ui__search-input").fill(query),
  first: `document.querySelector(".pagefind-ui__result-link")?.getAttribute("href") ?? ""`,
  async shown(page, query) {
    await this.type(page, query);
    // It says how many there are, and fills in the first five one after another.
    const links = '[...document.querySelectorAll(".pagefind-ui__result-link")]';
    await page.waitForFunction(`(() => {
      const said = document.querySelector(".pagefind-ui__message")?.textContent ?? "";
      if (!/^(\\d|No results)/.test(said) || !said.includes(${JSON.stringify(`for ${query}`)})) return false;
      return ${links}.length >= Math.min(Number.parseInt(said, 10) || 0, 5);
    })()`);
    return (await hrefs(page, links)).map(pathOf);
  },
};

export const ourSide: Side = {
  name: "annoy-edge",
  page: "/with-annoy-edge",
  html: html(
    `<script>addEventListener("annoy-search", (event) => { globalThis.answered = event.detail.query; });</script>
<script type="module" src="/element/annoy-search.js"></script>`,
    '<annoy-search endpoint=""></annoy-search>',
  ),
  async open(page) {
    await page.locator("annoy-search").getByRole("button").first().click();
    await page.locator("annoy-search").getByRole("combobox").waitFor();
  },
  type: (page, query) => page.locator("annoy-search").getByRole("combobox").fill(query),
  first: `document.querySelector("annoy-search").shadowRoot.querySelector("[role=option]")?.getAttribute("href") ?? ""`,
  async shown(page, query) {
    await this.type(page, query);
    await page.waitForFunction(`globalThis.answered === ${JSON.stringify(query)}`);
    const options =
      '[...document.querySelector("annoy-search").shadowRoot.querySelectorAll("[role=option][href]")]';
    return [...new Set((await hrefs(page, options)).map(pathOf))];
  },
};
