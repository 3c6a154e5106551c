import { fileURLToPath } from "node:url";
import { indexSite } from "../index-site.ts";
import { checkSettings, type SearchSettings, settingsModule } from "../settings.ts";

export type { IndexSettings, SearchSettings } from "../settings.ts";

/** The parts of VitePress' own settings that are used; Vite's resolved ones carry them. */
interface VitePressConfig {
  readonly root: string;
  readonly outDir: string;
  readonly site: { readonly base: string };
  buildEnd?: (config: VitePressConfig) => unknown;
}

/** A plugin of Vite, as far as this one goes. */
export interface VitePressPlugin {
  readonly name: string;
  readonly enforce: "pre";
  readonly config: () => object;
  readonly configResolved: (config: object) => void;
  readonly resolveId: (id: string) => string | undefined;
  readonly load: (id: string) => Promise<string> | string | undefined;
}

const SEARCH_BAR = fileURLToPath(new URL("./search-bar.js", import.meta.url));

/**
 * A plugin of Vite that searches a VitePress site: `vite: { plugins: [annoyEdge({ endpoint })] }`. The element takes the
 * place of the default theme's search, and the site is indexed after its build.
 *
 * @throws OptionError
 */
export default function annoyEdge(given: SearchSettings = {}): VitePressPlugin {
  const settings = checkSettings(given);
  return {
    ...settingsModule(settings),
    name: "annoy-edge",
    enforce: "pre",
    config: () => ({
      resolve: {
        alias: [{ find: /^.*\/VPNavBarSearch\.vue$/, replacement: SEARCH_BAR }],
        // The site's own Vue, wherever this package lies.
        dedupe: ["vue"],
      },
    }),
    configResolved: (config) => {
      const { vitepress } = config as { readonly vitepress?: VitePressConfig };
      // Resolved for the pages and for the server; one of them is enough.
      if (!vitepress || hooked.has(vitepress)) return;
      hooked.add(vitepress);
      const before = vitepress.buildEnd;
      vitepress.buildEnd = async (built) => {
        await before?.(built);
        const site = { folder: built.outDir, base: built.site.base, root: process.cwd() };
        await indexSite(site, settings, (line) => process.stdout.write(`annoy-edge: ${line}\n`));
      };
    },
  };
}

const hooked = new WeakSet<VitePressConfig>();
