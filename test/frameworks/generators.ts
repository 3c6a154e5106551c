import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { MKDOCS } from "./mkdocs.ts";
import {
  clear,
  ELEMENT,
  GERMAN,
  GERMAN_PAGE,
  indexed,
  matter,
  own,
  PINO,
  QUESTIONS,
  SCRIPT,
  STYLE,
  type Text,
  withTitle,
  write,
  writePages,
} from "./pages.ts";
import type { FrameworkSite } from "./sites.ts";

const run = promisify(execFile);

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

export const GENERATORS: readonly FrameworkSite[] = [astro, eleventy, hugo, jekyll, ...MKDOCS];
