import { join } from "node:path";
import { build } from "esbuild";

/** The element as the Worker serves it, from the root of the project. */
export const ELEMENT_FILE = join("worker", "ui", "public", "annoy-search.js");

const BANNER =
  "/*! <annoy-search>, Apache-2.0. Made from worker/ui/element by `npm run build:element`; edit it there. */";

/** Bundles `<annoy-search>` into one minified module: a site needs one tag, and a browser one request. */
export async function bundleElement(root: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [join("worker", "ui", "element", "index.js")],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    banner: { js: BANNER },
    write: false,
  });
  const [file] = outputFiles;
  if (!file) throw new Error("esbuild gave no output.");
  return file.text;
}
