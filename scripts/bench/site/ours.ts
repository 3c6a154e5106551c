import { join } from "node:path";
import { openLocalIndex } from "../../../build/local/local-index.ts";
import { build } from "../../../build/pipeline/build.ts";
import { parseSearchRequest } from "../../../worker/core/search/parse.ts";
import { search } from "../../../worker/core/search/search.ts";
import { RANKS, type SiteContender } from "./types.ts";

/** Sections asked for, so that ten pages are among them. */
const SECTIONS = 50;
/** Sections that `<annoy-search>` asks for. */
const SHOWN = 12;
/** Name that the site's index is built under. */
const SITE_INDEX = "site";

/** Pages in the order of their best sections, those first whose title is the query: worker/ui/element/results.js. */
function byTitle(titles: ReadonlyMap<string, string>, query: string): string[] {
  const plain = (text: string) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const typed = query.trim();
  const likeness = (title: string) => (title === typed ? 2 : plain(title) === plain(typed) ? 1 : 0);
  return [...titles].sort(([, a], [, b]) => likeness(b) - likeness(a)).map(([page]) => page);
}

export const ours: SiteContender = {
  name: "annoy-edge",
  note: "`build --site` with its defaults; hybrid; pages as `<annoy-search>` shows them",
  async run({ folder, work, queries }) {
    const out = join(work, SITE_INDEX);
    const began = performance.now();
    const { manifest } = await build({ site: folder, out, name: SITE_INDEX });
    const indexSeconds = (performance.now() - began) / 1000;
    const index = await openLocalIndex(out);
    try {
      const found: string[][] = [];
      const ranked: string[][] = [];
      for (const { query } of queries) {
        const { hits } = await search(index, parseSearchRequest({ query, k: SECTIONS }));
        const titles = hits.map(({ document }): [page: string, title: string] => [
          String(document?.metadata.page),
          String(document?.metadata.title),
        ]);
        found.push(byTitle(new Map(titles.slice(0, SHOWN)), query).slice(0, RANKS));
        ranked.push([...new Map(titles).keys()].slice(0, RANKS));
      }
      const also = {
        name: "annoy-edge, its ranking alone",
        note: `${SECTIONS} hits, pages in the order of their best sections: none first because its title was typed`,
        found: ranked,
      };
      return { found, also, indexSeconds, indexBytes: manifest.hotBytes };
    } finally {
      await index.close();
    }
  },
};
