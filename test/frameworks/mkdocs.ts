import { cp } from "node:fs/promises";
import { join } from "node:path";
import {
  clear,
  ELEMENT,
  GERMAN,
  GERMAN_PAGE,
  indexed,
  PINO,
  QUESTIONS,
  SCRIPT,
  withHeading,
  write,
  writePages,
} from "./pages.ts";
import type { FrameworkSite } from "./sites.ts";

/** MkDocs with its own theme, and with Material. */
function mkdocs(
  name: "MkDocs" | "Material",
  theme: string,
  overrides: Record<string, string>,
): FrameworkSite {
  const base = `/${name.toLowerCase()}/`;
  return {
    name,
    packages: PINO,
    python: ["mkdocs==1.6.1", "mkdocs-material==9.8.2", "mkdocs-static-i18n==1.3.1"],
    prepare: async (folder) => {
      await clear(folder, "docs", "overrides", "site", "mkdocs.yml");
      await writePages(folder, "docs", withHeading, ({ name: page, lang }) => `${lang}/${page}.md`);
      for (const [file, text] of Object.entries(overrides))
        await write(join(folder, "overrides", file), text);
      await cp(join(folder, "overrides/search.css"), join(folder, "docs/search.css"));
      // Material looks for one of every language.
      await write(join(folder, "docs/de/sitemap.xml"), "<urlset/>");
      await write(
        join(folder, "mkdocs.yml"),
        `site_name: Pino
site_url: https://example.com${base}
extra_css: [search.css]
theme:
  custom_dir: overrides
${theme}
plugins:
  - search
  - i18n:
      docs_structure: folder
      languages:
        - { locale: en, name: English, default: true, build: true }
        - { locale: de, name: Deutsch, build: true }
`,
      );
    },
    build: [["python", "-m", "mkdocs", "build", "--quiet"], indexed("site", base)],
    out: "site",
    base,
    opensInPlace: false,
    questions: QUESTIONS,
    translated: GERMAN_PAGE,
  };
}

const ofLanguage = `{% if config.theme.language == "de" or config.theme.locale.language == "de" %}${GERMAN}{% else %}${ELEMENT}{% endif %}`;

export const MKDOCS: readonly FrameworkSite[] = [
  // Where it highlights nothing, its script for dark mode misses these links.
  mkdocs("MkDocs", "  name: mkdocs\n  color_mode: auto\n  highlightjs: false\n  shortcuts: { help: 72 }", {
    "main.html": `{% extends "base.html" %}
{% block site_name %}{{ super() }}
${SCRIPT}
${ofLanguage}{% endblock %}
{% block search_button %}{% endblock %}
{% block extrahead %}<link id="hljs-light"><link id="hljs-dark">{% endblock %}
`,
    "search.css": `@media (min-width: 992px) { annoy-search { order: 1; } }
[data-bs-theme="light"] { color-scheme: light; }
[data-bs-theme="dark"] { color-scheme: dark; }
`,
  }),
  mkdocs(
    "Material",
    `  name: material
  font: false
  palette:
    - { media: "(prefers-color-scheme: light)", scheme: default, toggle: { icon: material/weather-night, name: Dark } }
    - { media: "(prefers-color-scheme: dark)", scheme: slate, toggle: { icon: material/weather-sunny, name: Light } }`,
    {
      "partials/search.html": `${SCRIPT}\n${ofLanguage}\n`,
      "search.css": `annoy-search {
  --annoy-search-accent: var(--md-accent-fg-color);
  --annoy-search-background: var(--md-default-bg-color);
  --annoy-search-text: var(--md-default-fg-color);
  margin-inline: 0.4rem;
  font-size: 0.7rem;
}
[data-md-color-scheme="slate"] { color-scheme: dark; }
.md-header__button[for="__search"] { display: none; }
`,
    },
  ),
];
