import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { installPackages } from "../packages.ts";
import { RANKS, type SiteContender } from "./types.ts";

/** The part of Orama's API that is used here. https://docs.orama.com/docs/orama-js */
interface Orama {
  create(options: { schema: Record<string, string> }): Promise<object>;
  insertMultiple(database: object, documents: object[], batchSize?: number): Promise<unknown>;
  save(database: object): Promise<unknown>;
  search(
    database: object,
    query: { term: string; limit: number; boost: Record<string, number> },
  ): Promise<{ hits: { document: { url: string } }[] }>;
}

export const orama: SiteContender = {
  name: "Orama",
  note: "full text, a document a page, titles with a boost of 2",
  async run({ cache, pages, queries }) {
    const root = await installPackages(cache, "@orama/orama");
    const entry = createRequire(join(root, "package.json")).resolve("@orama/orama");
    const library = (await import(pathToFileURL(entry).href)) as Orama;
    const began = performance.now();
    const database = await library.create({ schema: { title: "string", text: "string" } });
    await library.insertMultiple(
      database,
      pages.map((page) => ({ ...page })),
    );
    const indexSeconds = (performance.now() - began) / 1000;
    const indexBytes = Buffer.byteLength(JSON.stringify(await library.save(database)));
    const found: string[][] = [];
    for (const { query } of queries) {
      const { hits } = await library.search(database, { term: query, limit: RANKS, boost: { title: 2 } });
      found.push(hits.map((hit) => hit.document.url));
    }
    return { found, indexSeconds, indexBytes };
  },
};
