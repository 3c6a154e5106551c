import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, inject } from "vitest";
import { type Tab, useChromium } from "./chromium.ts";

/** Options of a test; it comes to the page by its address. */
export interface SiteOptions extends BrowserContextOptions {
  /** Attributes of the element. */
  readonly attributes?: string;
  /** Attributes of `html`. */
  readonly html?: string;
  /** HTML around the element, with `{search}` in its place. */
  readonly around?: string;
  readonly style?: string;
  readonly path?: string;
  /** Whether the page narrows a search, as it does by default. */
  readonly scoped?: boolean;
}

interface OpenSite {
  (options?: SiteOptions): Promise<Tab>;
  /** Port of the site: another one than the Worker's, as a site has. */
  readonly origin: () => string;
}

/** A site whose pages have the element, and a strict policy: scripts and connections of the Worker only, no string that becomes markup. */
export function useSite(): OpenSite {
  const openTab = useChromium();
  let server: Server;
  let origin = "";
  beforeAll(async () => {
    server = createServer((request, response) => {
      const { searchParams } = new URL(request.url ?? "/", "http://localhost");
      response.writeHead(200, {
        "content-type": "text/html",
        "content-security-policy": `default-src 'none'; script-src ${inject("origin")}; connect-src ${inject("origin")}; form-action 'self'; img-src data:; require-trusted-types-for 'script'${searchParams.has("style") ? "; style-src 'unsafe-inline'" : ""}`,
      });
      response.end(pageOf(searchParams));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  const open = ({
    attributes = "",
    html,
    around,
    style,
    path = "/guide/",
    scoped = false,
    ...context
  }: SiteOptions = {}) => {
    const parameters = new URLSearchParams(
      Object.entries({ attributes: `${attributes}${scoped ? "" : ' scope=""'}`, html, around, style }).filter(
        (pair): pair is [string, string] => !!pair[1],
      ),
    );
    return openTab(`${origin}${path}?${parameters}`, context);
  };
  return Object.assign(open, { origin: () => origin });
}

function pageOf(parameters: URLSearchParams): string {
  const search = `<annoy-search ${parameters.get("attributes") ?? ""}><form action="/search"><input name="q" aria-label="Search"></form></annoy-search>`;
  const style = parameters.get("style");
  return `<!doctype html><html ${parameters.get("html") ?? 'lang="en"'}><head><title>A site</title>
    <meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
    <link rel="icon" href="data:,"><script type="module" src="${inject("origin")}/annoy-search.js"></script>
    ${style === null ? "" : `<style>${style}</style>`}</head>
    <body><main><h1>A site</h1>
    ${(parameters.get("around") ?? "{search}").replaceAll("{search}", search)}
    <p><label>Notes <textarea></textarea></label></p></main></body></html>`;
}

/** A hit as the Worker gives it, without anything marked. */
export function hit(url: string, title: string, text: string, heading = title) {
  return { id: url, metadata: { url, title, heading }, highlights: [{ text, offset: 7, ranges: [] }] };
}

/** Lets the Worker give this answer to whatever is asked. */
export const answerWith = (page: Page, hits: readonly unknown[]) =>
  page.route("**/v1/search", (route) =>
    route.fulfill({ json: { version: "0", hits }, headers: { "access-control-allow-origin": "*" } }),
  );

export const field = (page: Page) => page.getByRole("combobox", { name: "Search this site" });
export const options = (page: Page) => page.getByRole("option");

export async function searchFor(page: Page, query: string): Promise<void> {
  await page.getByRole("button", { name: "Search" }).click();
  await field(page).fill(query);
  await options(page).first().waitFor();
}
