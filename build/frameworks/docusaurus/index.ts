import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { indexSite } from "../index-site.ts";
import { checkSettings, type SearchSettings, shownSettings } from "../settings.ts";

export type { IndexSettings, SearchSettings } from "../settings.ts";

/** Context of a plugin, as far as it is used. */
interface Context {
  readonly siteDir: string;
  readonly siteConfig: { readonly baseUrl: string };
  readonly i18n: {
    readonly currentLocale: string;
    readonly defaultLocale: string;
    readonly locales: readonly string[];
  };
}

interface Built {
  readonly outDir: string;
}

/** A theme of Docusaurus, as far as this one goes. */
export interface DocusaurusTheme {
  readonly name: string;
  readonly getThemePath: () => string;
  readonly getClientModules: () => string[];
  readonly getDefaultCodeTranslationMessages: () => Promise<Record<string, string>>;
  readonly contentLoaded: (options: {
    readonly actions: { readonly setGlobalData: (data: unknown) => void };
  }) => void;
  readonly postBuild: (built: Built) => Promise<void>;
}

/**
 * A theme of Docusaurus that searches the site: `themes: [["annoy-edge/docusaurus", { endpoint }]]`. The element takes the
 * place of the search bar, and the site is indexed after its build, once for all locales.
 *
 * @throws OptionError
 */
export default function annoyEdge(
  context: Context,
  { id: _, ...given }: SearchSettings & { readonly id?: string } = {},
): DocusaurusTheme {
  const settings = checkSettings(given);
  return {
    name: "annoy-edge",
    getThemePath: () => fileURLToPath(new URL("./theme", import.meta.url)),
    getClientModules: () => [fileURLToPath(new URL("./search-bar.css", import.meta.url))],
    getDefaultCodeTranslationMessages: () => translations(context),
    contentLoaded: ({ actions }) => actions.setGlobalData(shownSettings(settings)),
    postBuild: async ({ outDir }) => {
      const whole = wholeSite(outDir, context);
      if (whole === undefined) return;
      const site = { ...whole, root: context.siteDir };
      await indexSite(site, settings, (line) => process.stdout.write(`annoy-edge: ${line}\n`));
    },
  };
}

/** Folder and base path of all locales, when this one is the last; each locale is a build of its own. */
function wholeSite(
  outDir: string,
  { siteConfig: { baseUrl }, i18n: { currentLocale, defaultLocale, locales } }: Context,
): { readonly folder: string; readonly base: string } | undefined {
  // Where one locale alone is built, no other follows.
  const alone = process.argv.some((argument) => /^(?:-l|--locale(?:=.*)?)$/.test(argument));
  if (!alone && currentLocale !== locales.at(-1)) return undefined;
  const inFolder = currentLocale !== defaultLocale && basename(outDir) === currentLocale;
  if (!inFolder || alone) return { folder: outDir, base: baseUrl };
  return { folder: dirname(outDir), base: baseUrl.replace(/[^/]+\/$/, "") };
}

/** Texts of search boxes that Docusaurus has in the site's language; none where its translations are not installed. */
async function translations({ siteDir, i18n: { currentLocale } }: Context): Promise<Record<string, string>> {
  try {
    const own = createRequire(join(siteDir, "package.json"));
    const preset = createRequire(own.resolve("@docusaurus/preset-classic/package.json"));
    const locales = join(dirname(preset.resolve("@docusaurus/theme-translations/package.json")), "locales");
    const known = await readdir(locales);
    const locale = [currentLocale, currentLocale.split("-")[0]!].find((name) => known.includes(name));
    if (locale === undefined) return {};
    return JSON.parse(await readFile(join(locales, locale, "theme-search-algolia.json"), "utf8"));
  } catch {
    return {};
  }
}
