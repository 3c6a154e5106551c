import { join } from "node:path";
import { parseSearchRequest } from "../../../worker/search/parse.ts";
import { search } from "../../../worker/search/search.ts";
import { build } from "../../pipeline/build.ts";
import { openLocalIndex } from "../../pipeline/local.ts";
import { RANKS, type SiteContender } from "./types.ts";

/** Sections asked for, so that ten pages are among them. */
const SECTIONS = 50;

export const ours: SiteContender = {
  name: "annoy-edge",
  note: "`build --site` with its defaults; hybrid; pages in the order of their best sections",
  async run({ folder, work, queries }) {
    const out = join(work, "annoy-edge");
    const began = performance.now();
    const { manifest } = await build({ site: folder, out, name: "site" });
    const indexSeconds = (performance.now() - began) / 1000;
    const index = await openLocalIndex(out);
    try {
      const found: string[][] = [];
      for (const { query } of queries) {
        const { hits } = await search(index, parseSearchRequest({ query, k: SECTIONS }));
        const pages = new Set(hits.map((hit) => String(hit.document?.metadata.page)));
        found.push([...pages].slice(0, RANKS));
      }
      return { found, indexSeconds, indexBytes: manifest.hotBytes };
    } finally {
      await index.close();
    }
  },
};
