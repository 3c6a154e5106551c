import { join } from "node:path";
import { openLocalIndex } from "../../../build/local/local-index.ts";
import { build } from "../../../build/pipeline/build.ts";
import { startClock } from "../clock.ts";
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

/** `build --site` with its defaults, hybrid: pages as `<annoy-search>` shows them, and in the order of their best sections. */
export const ours: SiteContender = {
  name: "annoy-edge",
  async run({ folder, work, queries }) {
    const out = join(work, SITE_INDEX);
    const read = startClock();
    const { manifest } = await build({ site: folder, out, name: SITE_INDEX });
    const indexSeconds = read().wall;
    const index = await openLocalIndex(out);
    try {
      const shown: string[][] = [];
      const ranked: string[][] = [];
      for (const { query } of queries) {
        const { hits } = await index.search({ query, k: SECTIONS });
        const titles = hits.map(({ document }): [page: string, title: string] => [
          String(document?.metadata.page),
          String(document?.metadata.title),
        ]);
        shown.push(byTitle(new Map(titles.slice(0, SHOWN)), query).slice(0, RANKS));
        ranked.push([...new Map(titles).keys()].slice(0, RANKS));
      }
      const rankings = { "annoy-edge": shown, "annoy-edge, its ranking alone": ranked };
      return { indexSeconds, indexBytes: manifest.hotBytes, rankings };
    } finally {
      await index.close();
    }
  },
};
