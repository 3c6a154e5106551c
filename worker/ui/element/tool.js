import { createSearch, STEP } from "./client.js";
import { addressOf, textOf, titleOf } from "./results.js";

/** @import { Settings } from "./index.js" */

/**
 * @typedef {{ registerTool(tool: object, options: object): unknown, unregisterTool?: (name: string) => void }} ModelContext
 */

const NAME = "search_site";

/**
 * Offers the search to agents in the browser (WebMCP), where it has such.
 *
 * @param {Settings} settings
 * @param {() => object | undefined} filter that every search is held to
 * @param {AbortSignal} signal ends the offer
 */
export async function offerTool({ endpoint }, filter, signal) {
  const places = /** @type {{ modelContext?: ModelContext }[]} */ ([document, navigator]);
  const context = places.find(({ modelContext }) => modelContext)?.modelContext;
  if (!context) return;
  const tool = {
    name: NAME,
    description: `Searches the pages of ${location.host} by words and meaning. Gives title, section, URL and an excerpt of each, best first.`,
    inputSchema: {
      type: "object",
      properties: { query: { type: "string", description: "Words or a question." } },
      required: ["query"],
    },
    annotations: { readOnlyHint: true, untrustedContentHint: true },
    /** @param {{ query: string }} input */
    async execute({ query }) {
      const { hits } = await createSearch(endpoint).turn()({ query, filter: filter(), facets: [] });
      const found = hits.slice(0, STEP).map(({ id, metadata = {}, highlights }) => ({
        title: titleOf(metadata, id),
        section: textOf(metadata.section) || textOf(metadata.heading),
        url: addressOf(metadata, document.baseURI)?.href,
        excerpt: highlights?.[0]?.text,
      }));
      return { content: [{ type: "text", text: JSON.stringify(found) }] };
    },
  };
  try {
    await context.registerTool(tool, { signal });
    signal.addEventListener("abort", () => context.unregisterTool?.(NAME));
  } catch {
    // Another search element of this page has offered it.
  }
}
