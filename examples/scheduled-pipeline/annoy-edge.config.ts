import { defineConfig } from "annoy-edge";

interface Article {
  readonly slug: string;
  readonly text: string;
  readonly section: string;
}

/** Pages of a service's API, one after the other: memory holds one at a time. */
async function* articles() {
  const origin = process.env.ARTICLES_URL ?? "https://articles.example.com";
  for (let page: string | null = `${origin}/articles`; page !== null; ) {
    const response: Response = await fetch(page);
    if (!response.ok) throw new Error(`${page} answered ${response.status}`);
    const { items, next } = (await response.json()) as { items: Article[]; next: string | null };
    for (const { slug, text, section } of items) yield { id: slug, pageContent: text, metadata: { section } };
    page = next;
  }
}

export default defineConfig({
  name: "articles",
  documents: articles,
  filterable: ["section"],
  // What must be found before a version becomes current.
  golden: [{ query: "harbour bridge", expect: "bridge" }],
});
