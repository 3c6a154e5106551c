import type { InputDocument } from "../../build/index.ts";
import type { WordNetDocument } from "../../build/sources/wordnet.ts";
import { readWordNet } from "../../build/sources/wordnet.ts";

/** Documents of the tests: a slice of WordNet, and documents that try to run in the page. */
export async function testDocuments(): Promise<InputDocument[]> {
  const documents: WordNetDocument[] = [];
  for await (const document of readWordNet()) {
    const { words, topic } = document.metadata;
    if (WANTED.has(words[0] ?? "") || (topic === "food" && documents.length < 400)) documents.push(document);
  }
  return [...documents, ...HOSTILE, ...SITE, ...HANDBOOK];
}

const WANTED = new Set([
  "arachnophobia",
  "insomniac",
  "horizon",
  "whisper",
  "shuffle",
  "palindrome",
  "island",
]);

export const HOSTILE_QUERY = "zebra crossing danger";
const RUN = "window.pwned=true";

/** Every field that the page shows says something that must stay text. */
const HOSTILE: InputDocument[] = [
  {
    id: `<img src=x onerror="${RUN}">`,
    pageContent: `zebra crossing danger <img src=x onerror="${RUN}"><script>${RUN}</script>`,
    metadata: {
      words: [],
      partOfSpeech: "noun",
      topic: "general",
      title: `<svg onload="${RUN}">zebra crossing</svg>`,
      source: `javascript:${RUN}`,
    },
  },
  {
    id: "hostile-word",
    pageContent: `<b>zebra</b> crossing danger: <iframe srcdoc="<script>parent.${RUN}</script>"></iframe>`,
    metadata: {
      words: [`<b>zebra</b> crossing danger`, `<img src=x onerror="${RUN}">`],
      partOfSpeech: "noun",
      topic: "general",
      examples: [`"><img src=x onerror="${RUN}">`],
    },
  },
  {
    id: "document-with-address",
    pageContent: "zebra crossing danger, read about at an address of the web",
    metadata: {
      words: [],
      partOfSpeech: "noun",
      topic: "general",
      title: "An address",
      source: "https://example.com/zebra?a=1",
    },
  },
];

/** Sections of a documentation site, as an indexer of sites leaves them. */
const SITE: InputDocument[] = [
  section(
    "/publish.html",
    "Publishing",
    "",
    "Publishing uploads an artifact to the bucket and moves the pointer last.",
  ),
  section(
    "/publish.html",
    "Publishing",
    "Dry runs",
    "A dry run of publishing counts uploads and writes nothing.",
    { anchor: "dry-runs" },
  ),
  section(
    "/publish.html",
    "Publishing",
    "Conflicts",
    "Of two publishers one wins the pointer, the other is told.",
    { anchor: "conflicts" },
  ),
  section("/rollback.html", "Rollback", "Going back", "Rollback moves the pointer to the version before.", {
    anchor: "going-back",
  }),
  section("/de/publish.html", "Veröffentlichen", "", "Publishing auf Deutsch: der Zeiger wandert zuletzt.", {
    language: "de",
  }),
  section(
    "javascript:window.pwned=true",
    `<img src=x onerror="${RUN}">`,
    `<svg onload="${RUN}">`,
    `publishing xylophone <img src=x onerror="${RUN}"><script>${RUN}</script>`,
  ),
];

/** More pages than a first answer shows, in two versions, one of them in two languages. */
const HANDBOOK: InputDocument[] = [
  ...["1", "2"].flatMap((version) =>
    Array.from({ length: 15 }, (_, i) => chapter(version, "en", `Chapter ${i + 1} of the handbook`)),
  ),
  chapter("2", "de", "Ein Kapitel handbook"),
];

function chapter(version: string, lang: string, title: string): InputDocument {
  const url = `/${version}/${lang}/${title.replaceAll(" ", "-")}`;
  const pageContent = `${title}: what the handbook says of version ${version}.`;
  return { id: url, pageContent, metadata: { url, page: url, title, lang, version } };
}

function section(
  url: string,
  title: string,
  heading: string,
  pageContent: string,
  { anchor = "", language = "en" } = {},
): InputDocument {
  const breadcrumbs = ["Guide", "Operations"];
  return {
    id: `${url}#${anchor}`,
    pageContent,
    metadata: { url, page: url, anchor, title, section: heading, breadcrumbs, language },
  };
}
