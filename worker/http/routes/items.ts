import type { StoredDocument } from "../../core/format/meta.ts";
import { validate } from "../../core/search/parse.ts";
import { MAX_ID_LENGTH, searchRequestSchema } from "../../core/search/schema.ts";
import { noDocument, noItem, requireItem, requireVector, type Searcher } from "../../core/search/searcher.ts";
import type { DistanceResponse, DocumentResponse, ItemResponse } from "../schemas.ts";
import { versionedGet } from "./answering.ts";
import { indexRoute, type Router } from "./route.ts";

/** Single documents, single items and the distance of two. */
export function addItemRoutes(router: Router): void {
  // Ids hold slashes when they come from file names, so the rest of the path is the id, line breaks and all.
  indexRoute(router, "/v1/documents/:id{[^]+}", "documents", {
    get: (c) => {
      const id = c.req.param("id") ?? "";
      return versionedGet(c, async (searcher): Promise<DocumentResponse> => {
        const { index } = searcher;
        const item = id.length > MAX_ID_LENGTH ? noDocument(index, id) : await requireItem(searcher, id);
        const document = (await documentOf(searcher, item)) ?? noDocument(index, id);
        const { pageContent, metadata } = document;
        return { index: index.name, version: index.version, item, id, pageContent, metadata };
      });
    },
  });

  indexRoute(router, "/v1/items/:item", "documents", {
    get: (c) => {
      const item = itemParameter(c.req.param("item"), "item");
      return versionedGet(c, async (searcher): Promise<ItemResponse> => {
        const { index } = searcher;
        const vector = await requireVector(searcher, item);
        const document = await documentOf(searcher, item);
        return {
          index: index.name,
          version: index.version,
          item,
          id: (await searcher.ids([item]))[0]!,
          vector: Array.from(vector),
          ...(document && { document: { pageContent: document.pageContent, metadata: document.metadata } }),
        };
      });
    },
  });

  indexRoute(router, "/v1/items/:i/distance/:j", "documents", {
    get: (c) => {
      const i = itemParameter(c.req.param("i"), "i");
      const j = itemParameter(c.req.param("j"), "j");
      return versionedGet(c, async (searcher): Promise<DistanceResponse> => {
        const { forest, name, version } = searcher.index;
        const distance = (await searcher.distance(i, j)) ?? (await noSuchPair(searcher, i, j));
        return { index: name, version, metric: forest.metric, i, j, distance };
      });
    },
  });
}

async function documentOf(searcher: Searcher, item: number): Promise<StoredDocument | undefined> {
  const [document] = await searcher.documents([item]);
  return document;
}

function itemParameter(text: string | undefined, name: string): number {
  const number = /^-?\d{1,15}$/.test(text ?? "") ? Number(text) : text;
  return validate(searchRequestSchema.shape.item, number, name) ?? 0;
}

async function noSuchPair(searcher: Searcher, i: number, j: number): Promise<never> {
  await requireVector(searcher, i, "i");
  return noItem(searcher.index, j, "j");
}
