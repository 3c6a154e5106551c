import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type DefaultTreeAdapterTypes, parse } from "parse5";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readJudgedQueries } from "../../../build/evaluate/queries.ts";
import { PAGES } from "./pages.ts";
import { renderSite, slug } from "./render.ts";

const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
let site: string;

beforeAll(async () => {
  site = mkdtempSync(join(tmpdir(), "annoy-edge-site-"));
  await renderSite(ROOT, site);
});

afterAll(() => rmSync(site, { recursive: true }));

/** Values of an attribute of every element of a page that has it. */
function valuesOf(file: string, names: readonly string[]): string[] {
  const values: string[] = [];
  const stack: DefaultTreeAdapterTypes.Node[] = [parse(readFileSync(join(site, file), "utf8"))];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if ("attrs" in node) {
      for (const { name, value } of node.attrs) if (names.includes(name)) values.push(value);
    }
    if ("childNodes" in node) stack.push(...node.childNodes);
  }
  return values;
}

test("every document of the project has a page", () => {
  const documents = readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"));
  const shown = PAGES.map((page) => page.source);
  expect(documents.map((name) => `docs/${name}`).filter((source) => !shown.includes(source))).toEqual([]);
});

test("every link between the pages leads somewhere, to the very heading", () => {
  const anchors = new Map(PAGES.map(({ file }) => [file, new Set(valuesOf(file, ["id"]))]));
  const files = new Set(readdirSync(site, { recursive: true }).map(String));
  const broken: string[] = [];
  for (const { file } of PAGES) {
    for (const href of valuesOf(file, ["href", "src", "srcset"])) {
      if (/^[a-z]+:/i.test(href)) continue;
      const [path = "", anchor] = href.split("#");
      const target =
        path === "" ? file : path === "./" ? "index.html" : files.has(path) ? path : `${path}.html`;
      const known = anchors.get(target);
      const leads = anchor ? known?.has(anchor) : files.has(target);
      if (!leads) broken.push(`${file}: ${href}`);
    }
  }
  expect(broken).toEqual([]);
});

test("anchors are those of GitHub, and no two alike", () => {
  const taken = new Map<string, number>();
  expect(slug("Deploy to Cloudflare", taken)).toBe("deploy-to-cloudflare");
  expect(slug("`manifest.json`, and so on", taken)).toBe("manifestjson-and-so-on");
  expect(slug("Deploy to Cloudflare", taken)).toBe("deploy-to-cloudflare-1");
});

test("every page that the judged queries name is one of the site's", async () => {
  const queries = await readJudgedQueries(join(import.meta.dirname, "judged.jsonl"));
  expect(queries.length).toBeGreaterThanOrEqual(50);
  const pages = new Set(PAGES.map(({ file }) => (file === "index.html" ? "/" : `/${file}`)));
  for (const { query, relevant } of queries) {
    for (const page of relevant.keys()) expect(pages, query).toContain(page);
  }
});
