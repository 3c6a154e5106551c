import { runForeground } from "./foreground.ts";
import { buildSite, SITE_INDEX } from "./site/index.ts";

/** `npm run demo:site`: this project's documentation as a static site, searched by `<annoy-search>`. */
await runForeground("npm run demo:site", async ({ root, onProgress }) => {
  const { html, artifact } = await buildSite(root, onProgress);
  return { artifact, assets: html, variables: { INDEX_NAME: SITE_INDEX } };
});
