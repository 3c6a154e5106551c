import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A page of the project's own documentation: where it comes from, what it is called, and where it stands. */
export interface SitePage {
  /** Path from the root of the project. */
  readonly source: string;
  /** Name of the file in the site. */
  readonly file: string;
  /** In the navigation. */
  readonly name: string;
  readonly part: string;
}

const PARTS: Readonly<Record<string, readonly (readonly [source: string, name: string])[]>> = {
  Start: [
    ["README.md", "Introduction"],
    ["docs/cli.md", "Command line"],
    ["docs/library.md", "Library"],
    ["docs/site.md", "A site's index"],
    ["docs/element.md", "Search element"],
  ],
  Run: [
    ["docs/http.md", "HTTP API"],
    ["docs/operations.md", "Operations"],
    ["docs/shards.md", "Shards"],
    ["docs/scale.md", "Scale"],
    ["docs/embedders.md", "Embedders"],
    ["artifacts/static-en/README.md", "Static embedder"],
  ],
  "Come from": [
    ["docs/annoy.md", "Annoy"],
    ["docs/langchain.md", "LangChain.js"],
    ["docs/langchain-python.md", "LangChain for Python"],
    ["docs/peers.md", "Compared with both"],
  ],
  Inside: [
    ["docs/architecture.md", "Architecture"],
    ["docs/format.md", "Artifact format"],
    ["docs/format-forest.md", "Forest format"],
    ["docs/format-annoy.md", "Annoy sections"],
    ["docs/format-keyword.md", "Keyword format"],
    ["CONTRIBUTING.md", "Contributing"],
    ["CHANGELOG.md", "Changelog"],
  ],
};

const DOCS = join(import.meta.dirname, "..", "..", "..", "docs");

/** The listed pages, and behind them every other document of docs/, by its heading. */
export const PAGES: readonly SitePage[] = [
  ...Object.entries(PARTS).flatMap(([part, pages]) =>
    pages.map(([source, name]) => ({ source, name, part, file: fileOf(source) })),
  ),
  ...otherPages(),
];

function otherPages(): SitePage[] {
  const listed = new Set(Object.values(PARTS).flatMap((pages) => pages.map(([source]) => source)));
  const sources = readdirSync(DOCS).map((name) => `docs/${name}`);
  const others = sources.filter((source) => source.endsWith(".md") && !listed.has(source)).sort();
  return others.map((source) => {
    const [, heading] = /^# (.+)$/m.exec(readFileSync(join(DOCS, "..", source), "utf8")) ?? [];
    return { source, name: heading ?? source, part: "More", file: fileOf(source) };
  });
}

function fileOf(source: string): string {
  if (source === "README.md") return "index.html";
  return source
    .replace(/^docs\//, "")
    .replace(/^artifacts\/(.*)\/README/, "$1")
    .replace(/\.md$/, ".html")
    .toLowerCase();
}
