import type { StoredDocument } from "../../core/format/meta.ts";
import { validate } from "../../core/search/parse.ts";
import { idsOf, noDocument, noItem, requireItem, storedVector } from "../../core/search/query-vector.ts";
import { MAX_ID_LENGTH, searchRequestSchema } from "../../core/search/schema.ts";
import type { LoadedIndex } from "../../core/search/types.ts";
import { distanceOf } from "../../core/search/vectors.ts";
import type { App } from "../app.ts";
import type { DistanceResponse, DocumentResponse, ItemResponse } from "../schemas.ts";
import type { AppOptions } from "../types.ts";
import { route, versionedGet } from "./route.ts";

/** Single documents, single items and the distance of two. */
export function addItemRoutes(app: App, options: AppOptions): void {
  // Ids hold slashes when they come from file names, so the rest of the path is the id, line breaks and all.
  route(app, "/v1/documents/:id{[^]+}", {
    get: (c) => {
      const id = c.req.param("id") ?? "";
      return versionedGet(c, options, async (index): Promise<DocumentResponse> => {
        const item = id.length > MAX_ID_LENGTH ? noDocument(index, id) : await requireItem(index, id);
        const document = (await documentOf(index, item)) ?? noDocument(index, id);
        const { pageContent, metadata } = document;
        return { index: index.name, version: index.version, item, id, pageContent, metadata };
      });
    },
  });

  route(app, "/v1/items/:item", {
    get: (c) => {
      const item = itemParameter(c.req.param("item"), "item");
      return versionedGet(c, options, async (index): Promise<ItemResponse> => {
        const vector = (await storedVector(index, item)) ?? noItem(index, item);
        const document = await documentOf(index, item);
        return {
          index: index.name,
          version: index.version,
          item,
          id: (await idsOf(index, [item]))[0]!,
          vector: Array.from(vector),
          ...(document && { document: { pageContent: document.pageContent, metadata: document.metadata } }),
        };
      });
    },
  });

  route(app, "/v1/items/:i/distance/:j", {
    get: (c) => {
      const i = itemParameter(c.req.param("i"), "i");
      const j = itemParameter(c.req.param("j"), "j");
      return versionedGet(c, options, async (index): Promise<DistanceResponse> => {
        const { forest, name, version } = index;
        const distance = (await distanceOf(index, i, j)) ?? (await noSuchPair(index, i, j));
        return { index: name, version, metric: forest.metric, i, j, distance };
      });
    },
  });
}

async function documentOf(index: LoadedIndex, item: number): Promise<StoredDocument | undefined> {
  const [document] = await index.docstore.getItems([item]);
  return document;
}

function itemParameter(text: string | undefined, name: string): number {
  const number = /^-?\d{1,15}$/.test(text ?? "") ? Number(text) : text;
  return validate(searchRequestSchema.shape.item, number, name) ?? 0;
}

async function noSuchPair(index: LoadedIndex, i: number, j: number): Promise<never> {
  return (await storedVector(index, i)) ? noItem(index, j, "j") : noItem(index, i, "i");
}
