import { join } from "node:path";
import { build } from "../../../build/pipeline/build.ts";
import type { Progress } from "../../../build/settings/progress.ts";
import { renderSite } from "./render.ts";

/** The name under which the documentation's index is published. */
export const SITE_INDEX = "site";

/**
 * Renders the project's documentation and indexes what was rendered, as any site is indexed.
 *
 * @returns the folder of the site, and that of its artifact
 */
export async function buildSite(
  root: string,
  onProgress: (progress: Progress) => void,
): Promise<{ html: string; artifact: string }> {
  const html = join(root, "artifacts", "site-html");
  const artifact = join(root, "artifacts", "site");
  await renderSite(root, html);
  await build({ site: html, name: SITE_INDEX, out: artifact, onProgress });
  return { html, artifact };
}
