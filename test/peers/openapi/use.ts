import createFetchClient from "openapi-fetch";
import { client } from "./hey/client.gen.ts";
import { search as heySearch, searchByUrl as heySearchByUrl } from "./hey/index.ts";
import { search as orvalSearch, searchByUrl as orvalSearchByUrl } from "./orval.ts";
import type { paths } from "./schema.d.ts";

/** One search by body and one by URL with a list, by the client of each generator: ids of the hits. */
export async function ask(baseUrl: string): Promise<Record<string, (string | undefined)[]>> {
  const byFetch = createFetchClient<paths>({ baseUrl });
  const body = { query: "pizza", k: 2 };
  const url = { q: "pizza", k: 2, facets: ["topic", "year"] };
  client.setConfig({ baseUrl });
  const posted = await byFetch.POST("/v1/search", { body });
  const got = await byFetch.GET("/v1/search", { params: { query: url } });
  const hey = await heySearch({ body });
  const heyUrl = await heySearchByUrl({ query: url });
  const orval = await orvalSearch(body);
  const orvalUrl = await orvalSearchByUrl(url);
  const idsOf = (answer: { readonly hits: readonly { readonly id: string }[] } | undefined) =>
    answer?.hits.map(({ id }) => id) ?? [undefined];
  return {
    "openapi-fetch": idsOf(posted.data),
    "openapi-fetch, URL": idsOf(got.data),
    "hey-api": idsOf(hey.data),
    "hey-api, URL": idsOf(heyUrl.data),
    orval: idsOf(orval.status === 200 ? orval.data : undefined),
    "orval, URL": idsOf(orvalUrl.status === 200 ? orvalUrl.data : undefined),
    facets: Object.keys(got.data?.facets ?? {}),
  };
}
