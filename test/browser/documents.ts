import type { WordNetDocument } from "../../build/sources/wordnet.ts";
import { readWordNet } from "../../build/sources/wordnet.ts";

/** What the tests search: a slice of WordNet, and documents that try to run in the page. */
export async function testDocuments(): Promise<Pick<WordNetDocument, "id" | "pageContent" | "metadata">[]> {
  const documents: WordNetDocument[] = [];
  for await (const document of readWordNet()) {
    const { words, topic } = document.metadata;
    if (WANTED.has(words[0] ?? "") || (topic === "food" && documents.length < 400)) documents.push(document);
  }
  return [...documents, ...HOSTILE];
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
const HOSTILE: WordNetDocument[] = [
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
