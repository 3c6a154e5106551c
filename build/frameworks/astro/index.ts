import { fileURLToPath } from "node:url";
import { indexSite } from "../index-site.ts";
import { checkSettings, type SearchSettings, settingsModule } from "../settings.ts";

export type { IndexSettings, SearchSettings } from "../settings.ts";

interface Logger {
  readonly info: (message: string) => void;
}

/** Astro's integration, as far as this one goes. */
export interface AstroIntegration {
  readonly name: string;
  readonly hooks: {
    readonly "astro:config:setup": (options: {
      readonly config: { readonly base: string; readonly root: URL };
      readonly updateConfig: (config: object) => unknown;
    }) => void;
    readonly "astro:build:done": (options: { readonly dir: URL; readonly logger: Logger }) => Promise<void>;
  };
}

/** Starlight's plugin, as far as this one goes. */
export interface StarlightPlugin {
  readonly name: string;
  readonly hooks: {
    readonly "config:setup": (options: {
      readonly config: { readonly components?: Readonly<Record<string, string>> };
      readonly updateConfig: (config: object) => void;
      readonly addIntegration: (integration: AstroIntegration) => void;
    }) => void;
  };
}

/**
 * An integration of Astro that indexes the site after its build, and gives its settings to the component
 * `annoy-edge/astro/Search.astro`.
 *
 * @throws OptionError
 */
export default function annoyEdge(given: SearchSettings = {}): AstroIntegration {
  const settings = checkSettings(given);
  let base = "/";
  let root = process.cwd();
  return {
    name: "annoy-edge",
    hooks: {
      "astro:config:setup": ({ config, updateConfig }) => {
        base = config.base;
        root = fileURLToPath(config.root);
        updateConfig({ vite: { plugins: [settingsModule(settings)] } });
      },
      "astro:build:done": async ({ dir, logger }) => {
        await indexSite({ folder: fileURLToPath(dir), base, root }, settings, (line) => logger.info(line));
      },
    },
  };
}

/** A plugin of Starlight: the integration, and the element in place of Starlight's search. @throws OptionError */
export function annoyEdgeStarlight(given: SearchSettings = {}): StarlightPlugin {
  const integration = annoyEdge(given);
  return {
    name: "annoy-edge",
    hooks: {
      "config:setup": ({ config, updateConfig, addIntegration }) => {
        const components = { Search: "annoy-edge/astro/StarlightSearch.astro", ...config.components };
        updateConfig({ pagefind: false, components });
        addIntegration(integration);
      },
    },
  };
}
