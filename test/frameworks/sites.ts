import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A site that its own framework builds, with the integration as its documentation shows it. */
export interface FrameworkSite {
  readonly name: string;
  /** Packages of npm, in exact versions. */
  readonly packages: Readonly<Record<string, string>>;
  /** Packages of Python likewise, in an environment of their own. */
  readonly python?: readonly string[];
  /** Programs of the machine, as Debian's packages bring them. */
  readonly programs?: readonly string[];
  /** Writes settings and pages into a folder that has these packages. */
  readonly prepare: (folder: string) => Promise<void>;
  /** Commands that build and index it; `node` and `python` are those that have the packages. */
  readonly build: readonly (readonly string[])[];
  readonly out: string;
  readonly base: string;
  /** Whether a router opens pages without loading them. */
  readonly opensInPlace: boolean;
  /** Whether it has no dark mode. */
  readonly alwaysLight?: boolean;
  /** Questions and the pages that answer. */
  readonly questions: readonly (readonly [question: string, page: string])[];
  /** A page in another language, and texts of the element there. */
  readonly translated?: { readonly page: string; readonly open: string };
  /** Folder of a language most of whose pages are not translated, a query that one of them answers, and one whose page is. */
  readonly untranslated?: { readonly folder: string; readonly query: string; readonly translated: string };
  /** A page of a version, the path of its pages, and a query that pages of several versions answer. */
  readonly versions?: { readonly page: string; readonly within: string; readonly query: string };
}

const own = (name: string, file = ".") => join("node_modules", name, file);

/** Copies Markdown of a package, with the first heading as the title in front matter, which Starlight wants. */
async function copyMarkdown(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".md")) continue;
    const folder = join(to, entry.parentPath.slice(from.length).toLowerCase());
    // Without its images, which lie elsewhere.
    const text = (await readFile(join(entry.parentPath, entry.name), "utf8")).replace(
      /!\[[^\]]*\]\([^)]*\)/g,
      "",
    );
    const title = /^##?\s+(.+)$/m.exec(text);
    const body = text.replace(/^<h1.*<\/h1>$/m, "").replace(title?.[0] ?? "", "");
    const named = `---\ntitle: ${JSON.stringify(title?.[1]?.replace(/[`*#]|<[^>]*>/g, "").trim() || entry.name)}\n---\n${body}`;
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, entry.name.toLowerCase()), named);
  }
}

const vitepress: FrameworkSite = {
  name: "VitePress",
  packages: { vitepress: "1.6.4", vue: "3.5.22", pino: "10.4.0" },
  prepare: async (folder) => {
    const pages = join(folder, "docs");
    await rm(pages, { recursive: true, force: true });
    await mkdir(join(pages, ".vitepress"), { recursive: true });
    await mkdir(join(pages, "de"), { recursive: true });
    for (const name of await readdir(join(folder, own("pino", "docs")))) {
      if (!name.endsWith(".md")) continue;
      // Vue reads elements strictly, and these anchors are not always closed.
      const text = await readFile(join(folder, own("pino", "docs"), name), "utf8");
      await writeFile(join(pages, name), text.replace(/<\/?a\b[^>]*>/g, ""));
    }
    await cp(join(folder, own("vitepress", "template/markdown-examples.md")), join(pages, "examples.md"));
    await writeFile(join(pages, "index.md"), "# Pino\n\nVery low overhead logger for Node.js.\n");
    await writeFile(
      join(pages, "de/index.md"),
      "# Protokolle\n\nPino schreibt Protokolle als JSON.\n\n## Umleiten\n\nTransporte leiten Protokolle um.\n",
    );
    await writeFile(
      join(pages, ".vitepress/config.mjs"),
      `import annoyEdge from "annoy-edge/vitepress";
import { defineConfig } from "vitepress";

export default defineConfig({
  title: "Pino",
  base: "/logger/",
  ignoreDeadLinks: true,
  locales: {
    root: { label: "English", lang: "en" },
    de: { label: "Deutsch", lang: "de" },
  },
  themeConfig: {
    nav: [{ text: "API", link: "/api" }],
    search: {
      options: { locales: { de: { translations: { button: { buttonText: "Suchen", buttonAriaLabel: "Suchen" } } } } },
    },
  },
  vite: {
    plugins: [annoyEdge({ index: { embedder: "static" } })],
  },
});
`,
    );
  },
  build: [["node", own("vitepress", "bin/vitepress.js"), "build", "docs"]],
  opensInPlace: true,
  out: "docs/.vitepress/dist",
  base: "/logger/",
  questions: [
    ["remove passwords and secrets from logs", "redaction.html"],
    ["use the logger in the browser", "browser.html"],
    ["add fields to every line of a request with child loggers", "child-loggers.html"],
    ["send logs to another service with a transport", "transports.html"],
    ["human readable output while developing", "pretty.html"],
    ["asynchronous logging and lost messages", "asynchronous.html"],
    ["bundle with webpack or esbuild", "bundling.html"],
    ["log requests of express and fastify", "web.html"],
    ["tracing channel diagnostics", "diagnostics.html"],
    ["custom levels and mixin option", "api.html"],
  ],
  translated: { page: "de/", open: "Suchen" },
};

const starlight: FrameworkSite = {
  name: "Starlight",
  packages: { astro: "7.3.5", "@astrojs/starlight": "0.42.4", fastify: "5.12.8" },
  prepare: async (folder) => {
    const content = join(folder, "src/content");
    const pages = join(content, "docs");
    await rm(join(folder, "src"), { recursive: true, force: true });
    await mkdir(join(pages, "de"), { recursive: true });
    await copyMarkdown(join(folder, own("fastify", "docs")), pages);
    await writeFile(
      join(pages, "index.md"),
      "---\ntitle: Fastify\n---\n\nFast and low overhead web framework.\n",
    );
    await writeFile(
      join(pages, "de/index.md"),
      "---\ntitle: Schnelle Server\n---\n\nEin Rahmen für Server.\n\n## Umleiten\n\nAntworten leiten um.\n",
    );
    await writeFile(
      join(folder, "src/content.config.ts"),
      `import { defineCollection } from "astro:content";
import { docsLoader } from "@astrojs/starlight/loaders";
import { docsSchema } from "@astrojs/starlight/schema";

export const collections = { docs: defineCollection({ loader: docsLoader(), schema: docsSchema() }) };
`,
    );
    await writeFile(
      join(folder, "astro.config.mjs"),
      `import starlight from "@astrojs/starlight";
import { annoyEdgeStarlight } from "annoy-edge/astro";
import { defineConfig } from "astro/config";

export default defineConfig({
  base: "/server",
  integrations: [
    starlight({
      title: "Fastify",
      locales: { root: { label: "English", lang: "en" }, de: { label: "Deutsch", lang: "de" } },
      plugins: [annoyEdgeStarlight({ index: { embedder: "static" } })],
    }),
  ],
});
`,
    );
  },
  build: [["node", own("astro", "bin/astro.mjs"), "build"]],
  opensInPlace: false,
  out: "dist",
  base: "/server/",
  questions: [
    ["run code before a request is handled", "reference/hooks/"],
    ["validate the body of a request with a JSON schema", "reference/validation-and-serialization/"],
    ["add a property to the request or reply object", "reference/decorators/"],
    ["isolate plugins from each other", "reference/encapsulation/"],
    ["list of error codes such as FST_ERR_", "reference/errors/"],
    ["deploy to AWS Lambda", "guides/serverless/"],
    ["inject requests in tests without a server", "guides/testing/"],
    ["parse a body of another content type", "reference/contenttypeparser/"],
    ["redirect and set headers of the reply", "reference/reply/"],
    ["HTTP2 secure server", "reference/http2/"],
  ],
  translated: { page: "de/", open: "Suchen" },
};

const docusaurus: FrameworkSite = {
  name: "Docusaurus",
  packages: {
    "@docusaurus/core": "3.10.2",
    "@docusaurus/faster": "3.10.2",
    "@docusaurus/preset-classic": "3.10.2",
    "@mdx-js/react": "3.1.1",
    clsx: "2.1.1",
    "prism-react-renderer": "2.4.1",
    react: "19.2.0",
    "react-dom": "19.2.0",
    "create-docusaurus": "3.10.2",
  },
  prepare: async (folder) => {
    const templates = join(folder, own("create-docusaurus", "templates"));
    for (const name of ["src", "docs", "blog", "static", "versioned_docs", "versioned_sidebars", "i18n"]) {
      await rm(join(folder, name), { recursive: true, force: true });
    }
    for (const template of ["shared", "classic"]) {
      for (const name of ["src", "docs", "blog", "static", "sidebars.js", "docusaurus.config.js"]) {
        await cp(join(templates, template, name), join(folder, name), { recursive: true }).catch(() => {});
      }
    }
    // As `docusaurus docs:version 1.0` does.
    await cp(join(folder, "docs"), join(folder, "versioned_docs/version-1.0"), { recursive: true });
    await mkdir(join(folder, "versioned_sidebars"));
    await writeFile(
      join(folder, "versioned_sidebars/version-1.0-sidebars.json"),
      '{"tutorialSidebar":[{"type":"autogenerated","dirName":"."}]}',
    );
    await writeFile(join(folder, "versions.json"), '["1.0"]');
    // One page is translated, the others fall back.
    const german = join(folder, "i18n/de/docusaurus-plugin-content-docs/version-1.0/tutorial-basics");
    await mkdir(german, { recursive: true });
    await writeFile(
      join(german, "deploy-your-site.mdx"),
      "# Die Seite ausliefern\n\nDocusaurus schreibt statische Dateien.\n\n## Bauen\n\nEin Befehl baut die Seite.\n",
    );
    const config = await readFile(join(folder, "docusaurus.config.js"), "utf8");
    await writeFile(
      join(folder, "docusaurus.config.js"),
      config
        .replace("baseUrl: '/'", "baseUrl: '/starter/'")
        .replace("locales: ['en']", "locales: ['en', 'de']")
        .replace("onBrokenLinks: 'throw'", "onBrokenLinks: 'ignore'")
        .replace(
          "presets: [",
          `themes: [['annoy-edge/docusaurus', { index: { embedder: 'static' } }]],\n  presets: [`,
        ),
    );
  },
  build: [["node", own("@docusaurus/core", "bin/docusaurus.mjs"), "build"]],
  opensInPlace: true,
  out: "build",
  base: "/starter/",
  questions: [
    ["create a page with React or Markdown", "docs/tutorial-basics/create-a-page/"],
    ["add a document to the sidebar", "docs/tutorial-basics/create-a-document/"],
    ["write a post for the blog", "docs/tutorial-basics/create-a-blog-post/"],
    ["put the site online", "docs/tutorial-basics/deploy-your-site/"],
    ["admonitions and code blocks in Markdown", "docs/tutorial-basics/markdown-features/"],
    ["add a dropdown to choose a version", "docs/tutorial-extras/manage-docs-versions/"],
    ["translate docs to French", "docs/tutorial-extras/translate-your-site/"],
    ["what you will need: Node.js version", "docs/intro/"],
    ["welcome, docusaurus plushie blog plugin", "blog/welcome/"],
    ["long blog post lorem ipsum truncate", "blog/long-blog-post/"],
  ],
  translated: { page: "de/docs/intro/", open: "Suche" },
  untranslated: { folder: "de/", query: "create a document", translated: "deploy your site" },
  versions: { page: "docs/next/intro/", within: "docs/next/", query: "create a document" },
};

export const INTEGRATED: readonly FrameworkSite[] = [vitepress, starlight, docusaurus];
