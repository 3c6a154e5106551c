import { startClock } from "../clock.ts";
import { installPackages, loadPackage } from "../packages.ts";
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

/** Full text, a document a page, titles with a boost of 2. */
export const orama: SiteContender = {
  name: "Orama",
  async run({ pages, queries }) {
    const folder = await installPackages("@orama/orama");
    const { create, insertMultiple, save, search } = loadPackage<Orama>(folder, "@orama/orama");
    const read = startClock();
    const database = await create({ schema: { title: "string", text: "string" } });
    await insertMultiple(
      database,
      pages.map((page) => ({ ...page })),
    );
    const indexSeconds = read().wall;
    const indexBytes = Buffer.byteLength(JSON.stringify(await save(database)));
    const found: string[][] = [];
    for (const { query } of queries) {
      const { hits } = await search(database, { term: query, limit: RANKS, boost: { title: 2 } });
      found.push(hits.map((hit) => hit.document.url));
    }
    return { indexSeconds, indexBytes, rankings: { Orama: found } };
  },
};
