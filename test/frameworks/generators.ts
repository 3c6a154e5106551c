import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { FrameworkSite } from "./sites.ts";

const run = promisify(execFile);
const own = (name: string, file = ".") => join("node_modules", name, file);
const PINO = { pino: "10.4.0" };
const CLI = ["node", own("annoy-edge", "scripts/annoy-edge.js"), "build", "--embedder", "static"];

/** The command of the documentation, after a generator's own. */
const indexed = (out: string, base: string) => [
  ...CLI,
  ...["--site", out, "--base-url", base, "--out", "artifacts/site", "--name", "site"],
];

/** The two lines of the documentation; the Worker serves the site here. */
const SCRIPT = '<script type="module" src="/annoy-search.js"></script>';
const ELEMENT = "<annoy-search></annoy-search>";
/** The same in German. */
const GERMAN = `<annoy-search messages='{"open":"Suche"}'></annoy-search>`;

/** Style of sites whose generators have none. */
const STYLE = `:root { color-scheme: light dark; }
body { margin: 0 auto; max-width: 46rem; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif; }
header { display: flex; align-items: center; justify-content: space-between; gap: 1rem; padding: 1rem 0; }
header a { color: inherit; font-weight: 600; text-decoration: none; }
pre, table { overflow-x: auto; }
`;

interface Text {
  readonly name: string;
  readonly title: string;
  readonly body: string;
  readonly lang: "en" | "de";
}

/** Writes pages of pino's documentation, one start page and one in German into a folder. */
async function writePages(
  folder: string,
  to: string,
  shape: (text: Text) => string,
  fileOf = ({ name, lang }: Text) => (lang === "de" ? `de/${name}.md` : `${name}.md`),
): Promise<void> {
  const docs = join(folder, own("pino", "docs"));
  const texts: Text[] = [
    { name: "index", title: "Pino", body: "Very low overhead logger for Node.js.\n", lang: "en" },
    {
      name: "index",
      title: "Protokolle",
      body: "Pino schreibt Protokolle.\n\n## Umleiten\n\nTransporte leiten um.\n",
      lang: "de",
    },
  ];
  for (const file of await readdir(docs)) {
    if (!file.endsWith(".md")) continue;
    // Images and some links lead elsewhere.
    const text = (await readFile(join(docs, file), "utf8")).replace(/!\[[^\]]*\]\([^)]*\)/g, "");
    const heading = /^##? (.+)$/m.exec(text);
    const title = heading?.[1]?.replace(/[`*]|<[^>]*>/g, "").trim() ?? file;
    texts.push({
      name: file.slice(0, -3),
      title,
      body: text.replace(heading?.[0] ?? "", ""),
      lang: "en",
    });
  }
  for (const text of texts) await write(join(folder, to, fileOf(text)), shape(text));
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

async function clear(folder: string, ...names: readonly string[]): Promise<void> {
  for (const name of names) await rm(join(folder, name), { recursive: true, force: true });
}

const matter = (fields: object, body: string) =>
  `---\n${Object.entries(fields)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
    .join("\n")}\n---\n${body}`;
const withTitle = ({ title, lang, body }: Text) => matter({ title, lang }, body);
const withHeading = ({ title, body }: Text) => `# ${title}\n\n${body}`;

const QUESTIONS = [
  ["remove passwords and secrets from logs", "redaction/"],
  ["use the logger in the browser", "browser/"],
  ["add fields to every line of a request with child loggers", "child-loggers/"],
  ["send logs to another service with a transport", "transports/"],
  ["human readable output while developing", "pretty/"],
  ["asynchronous logging and lost messages", "asynchronous/"],
  ["bundle with webpack or esbuild", "bundling/"],
  ["log requests of express and fastify", "web/"],
  ["tracing channel diagnostics", "diagnostics/"],
  ["custom levels and mixin option", "api/"],
] as const;
const GERMAN_PAGE = { page: "de/", open: "Suche" };

const astro: FrameworkSite = {
  name: "Astro",
  packages: { astro: "7.3.5", ...PINO },
  prepare: async (folder) => {
    await clear(folder, "src", "dist");
    const layout = (text: Text) =>
      text.lang === "de" ? "../../layouts/Base.astro" : "../layouts/Base.astro";
    await writePages(folder, "src/pages", (text) =>
      matter({ layout: layout(text), title: text.title, lang: text.lang }, text.body),
    );
    await write(
      join(folder, "src/layouts/Base.astro"),
      `---
import { ClientRouter } from "astro:transitions";
import Search from "annoy-edge/astro/Search.astro";

const { title, lang } = Astro.props.frontmatter;
---
<html lang={lang}>
  <head><meta charset="utf-8" /><meta name="viewport" content="width=device-width" /><title>{title}</title><ClientRouter /></head>
  <body>
    <header><a href="/islands/">Pino</a><Search /></header>
    <main><h1>{title}</h1><slot /></main>
  </body>
</html>
<style is:global>${STYLE}</style>
`,
    );
    await write(
      join(folder, "astro.config.mjs"),
      `import annoyEdge from "annoy-edge/astro";
import { defineConfig } from "astro/config";

export default defineConfig({
  base: "/islands",
  i18n: { locales: ["en", "de"], defaultLocale: "en" },
  integrations: [annoyEdge({ index: { embedder: "static" }, messages: { de: { open: "Suche" } } })],
});
`,
    );
  },
  build: [["node", own("astro", "bin/astro.mjs"), "build"]],
  out: "dist",
  base: "/islands/",
  opensInPlace: true,
  questions: QUESTIONS,
  translated: GERMAN_PAGE,
};

/** Its HtmlBasePlugin puts the base path before an address without an origin, so the element is imported. */
const eleventy: FrameworkSite = {
  name: "Eleventy",
  packages: { "@11ty/eleventy": "3.1.8", ...PINO },
  prepare: async (folder) => {
    await clear(folder, "content", "_includes", "_site");
    await writePages(folder, "content", withTitle);
    await write(join(folder, "content/content.json"), '{ "layout": "layouts/base.njk" }');
    await write(
      join(folder, "_includes/layouts/base.njk"),
      `<!doctype html>
<html lang="{{ lang }}">
  <head>
    <meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{ title }}</title>
    <style>${STYLE}</style>
    <script type="module">import "/annoy-search.js";</script>
  </head>
  <body>
    <header><a href="/">Pino</a>{% if lang == "de" %}${GERMAN}{% else %}${ELEMENT}{% endif %}</header>
    <main><h1>{{ title }}</h1>{{ content | safe }}</main>
  </body>
</html>
`,
    );
    await write(
      join(folder, "eleventy.config.mjs"),
      `import { HtmlBasePlugin, IdAttributePlugin } from "@11ty/eleventy";

export default (config) => {
  config.addPlugin(HtmlBasePlugin);
  config.addPlugin(IdAttributePlugin, { checkDuplicates: false });
  return { pathPrefix: "/eleventy/", markdownTemplateEngine: false, dir: { input: "content", includes: "../_includes" } };
};
`,
    );
  },
  build: [["node", own("@11ty/eleventy", "cmd.cjs")], indexed("_site", "/eleventy/")],
  out: "_site",
  base: "/eleventy/",
  opensInPlace: false,
  questions: QUESTIONS,
  translated: GERMAN_PAGE,
};

const hugo: FrameworkSite = {
  name: "Hugo",
  packages: PINO,
  programs: ["hugo"],
  prepare: async (folder) => {
    const starter = [
      "archetypes",
      "assets",
      "content",
      "data",
      "layouts",
      "static",
      "themes",
      "public",
      "config.toml",
    ];
    await clear(folder, ...starter);
    await run("hugo", ["new", "site", ".", "--force"], { cwd: folder });
    await run("hugo", ["new", "theme", "starter"], { cwd: folder });
    await writePages(folder, "content", withTitle, ({ name, lang }) =>
      name === "index" ? `_index${lang === "de" ? ".de" : ""}.md` : `${name}.md`,
    );
    const theme = join(folder, "themes/starter/layouts");
    const base = await readFile(join(theme, "_default/baseof.html"), "utf8");
    await write(
      join(theme, "_default/baseof.html"),
      base.replace("<html>", '<html lang="{{ .Language.Lang }}">'),
    );
    const head = `<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{ .Title }}</title><style>${STYLE}</style></head>`;
    await write(join(theme, "partials/head.html"), head);
    await write(
      join(theme, "partials/header.html"),
      `<header><a href="{{ "" | relURL }}">Pino</a>
${SCRIPT}
{{ if eq .Language.Lang "de" }}${GERMAN}{{ else }}${ELEMENT}{{ end }}</header>`,
    );
    for (const page of ["index.html", "_default/single.html", "_default/list.html"]) {
      await write(
        join(theme, page),
        '{{ define "main" }}<main><h1>{{ .Title }}</h1>{{ .Content }}</main>{{ end }}',
      );
    }
    await write(
      join(folder, "config.toml"),
      `baseURL = "/go/"
theme = "starter"
disableKinds = ["taxonomy", "term"]
[languages.en]
[languages.de]
`,
    );
  },
  build: [["hugo", "--quiet"], indexed("public", "/go/")],
  out: "public",
  base: "/go/",
  opensInPlace: false,
  questions: QUESTIONS,
  translated: GERMAN_PAGE,
};

const jekyll: FrameworkSite = {
  name: "Jekyll",
  packages: PINO,
  programs: ["jekyll"],
  prepare: async (folder) => {
    await clear(folder, "_posts", "_includes", "_site", "about.markdown", "index.markdown", "de");
    await run("jekyll", ["new", ".", "--force", "--skip-bundle"], { cwd: folder });
    await clear(folder, "Gemfile", "index.markdown", "_posts");
    await writePages(folder, ".", (text) =>
      matter({ layout: "page", title: text.title, lang: text.lang }, `{% raw %}\n${text.body}\n{% endraw %}`),
    );
    const { stdout } = await run("ruby", [
      "-e",
      'print Gem.loaded_specs["minima"]&.full_gem_path || Gem::Specification.find_by_name("minima").full_gem_path',
    ]);
    const header = await readFile(join(stdout, "_includes/header.html"), "utf8");
    const style = "<style>annoy-search { float: left; margin: 0.5rem 1rem 0; }</style>";
    const lines = `${SCRIPT}\n${style}\n{% if page.lang == "de" %}${GERMAN}{% else %}${ELEMENT}{% endif %}`;
    await write(
      join(folder, "_includes/header.html"),
      header.replace(/<a class="site-title".*<\/a>/, `$&\n${lines}`),
    );
    const config = await readFile(join(folder, "_config.yml"), "utf8");
    const settings =
      "permalink: pretty\nheader_pages: [about.markdown]\nexclude: [node_modules, artifacts, package.json]\n";
    await write(
      join(folder, "_config.yml"),
      config.replace('baseurl: ""', 'baseurl: "/ruby"').replace("title: Your awesome title", "title: Pino") +
        settings,
    );
  },
  build: [["jekyll", "build", "--quiet"], indexed("_site", "/ruby/")],
  out: "_site",
  base: "/ruby/",
  opensInPlace: false,
  // Minima 2 has one colour scheme.
  alwaysLight: true,
  questions: QUESTIONS,
  translated: GERMAN_PAGE,
};

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

export const GENERATORS: readonly FrameworkSite[] = [
  astro,
  eleventy,
  hugo,
  jekyll,
  // Where it highlights nothing, its script for dark mode misses these links.
  mkdocs("MkDocs", "  name: mkdocs\n  color_mode: auto\n  highlightjs: false", {
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
  font-size: 0.7rem;
}
[data-md-color-scheme="slate"] { color-scheme: dark; }
.md-header__button[for="__search"] { display: none; }
`,
    },
  ),
];
