import type { Manager } from "./existing.ts";

/** The files of a new project, from which `init` writes those that are missing. */

export const TEMPLATES = ["api", "site"] as const;
export type Template = (typeof TEMPLATES)[number];

export interface TemplateContext {
  /** Name of the project, the Worker and, with endings, the bucket. */
  readonly name: string;
  readonly index: string;
  /** Version of annoy-edge for package.json. */
  readonly dependency: string;
  /** Path of the Worker's program. */
  readonly entry: string;
  /** Name of the file of settings. */
  readonly config: string;
  /** Whether `INDEXES` is a variable, so that the bucket is bound as `INDEX_BUCKET`. */
  readonly listsIndexes: boolean;
  readonly manager: Manager;
  /** Path from the root of the repository; empty at its root. */
  readonly inRepository: string;
}

/** Command before the name of a program that a package brings. */
export const EXECUTE: Readonly<Record<Manager, string>> = {
  npm: "npx",
  pnpm: "pnpm exec",
  yarn: "yarn",
  bun: "bunx",
};

/** Paths from the root of the project, with their text. */
export type Files = Readonly<Record<string, string>>;

const COMPATIBILITY_DATE = "2026-10-20";

export function templateFiles(template: Template, context: TemplateContext): Files {
  return { ...common(template, context), ...(template === "site" ? siteFiles() : apiFiles()) };
}

/** Keys that package.json needs: they are added where they are missing. */
export function packageParts({ name, dependency }: TemplateContext) {
  return {
    name,
    private: true,
    type: "module",
    scripts: {
      build: "annoy-edge build",
      "publish:local": "annoy-edge rebuild",
      dev: "wrangler dev",
      deploy: "wrangler deploy && annoy-edge rebuild --remote",
      types: "wrangler types",
    },
    dependencies: { "annoy-edge": dependency },
    devDependencies: { typescript: "^5.9.0", wrangler: "^4.100.0" },
    cloudflare: {
      bindings: {
        INDEXES: { description: "The bucket that holds the index. One of its own is best." },
        DOCUMENTS: { description: "The namespace that holds the text of the documents." },
        INDEX_NAME: { description: "Name of the index to serve; several separated by commas." },
      },
    },
  };
}

/** Keys that the wrangler configuration needs. */
export function wranglerParts(template: Template, { name, index, entry, listsIndexes }: TemplateContext) {
  const bucket = { binding: listsIndexes ? "INDEX_BUCKET" : "INDEXES", bucket_name: `${name}-indexes` };
  return {
    name,
    main: entry,
    compatibility_date: COMPATIBILITY_DATE,
    ...(template === "site" && { assets: { directory: "public" } }),
    r2_buckets: [bucket],
    kv_namespaces: [{ binding: "DOCUMENTS" }],
    vars: { ...(listsIndexes ? {} : { INDEX_NAME: index }), CORS_ORIGINS: "*" },
    observability: { enabled: true },
  };
}

function common(template: Template, context: TemplateContext): Files {
  const { index, entry, config } = context;
  const source = template === "site" ? 'site: "public"' : 'source: "content"';
  return {
    [entry]: `import { mcp } from "annoy-edge/mcp";
import { createWorker } from "annoy-edge/worker";

// Answers POST /v1/search, everything that GET /docs lists, and agents at POST /mcp.
export default createWorker({ mcp: mcp() });
`,
    [config]: `import { defineConfig } from "annoy-edge";

export default defineConfig({
  name: "${index}",
  ${source},
});
`,
    "tsconfig.json": `${JSON.stringify(
      {
        compilerOptions: {
          target: "es2024",
          module: "esnext",
          moduleResolution: "bundler",
          lib: ["es2024"],
          strict: true,
          skipLibCheck: true,
          noEmit: true,
        },
        include: ["src", "worker-configuration.d.ts"],
      },
      null,
      2,
    )}\n`,
    ".github/workflows/rebuild.yml": workflow(context),
    ".gitignore": "node_modules/\n.wrangler/\n.annoy-edge/\nartifacts/\n.dev.vars*\n",
  };
}

/** Steps that install what the lock file names. */
const INSTALL: Readonly<Record<Manager, readonly string[]>> = {
  npm: ["npm ci"],
  pnpm: ["corepack enable", "pnpm install --frozen-lockfile"],
  yarn: ["corepack enable", "yarn install --frozen-lockfile"],
  bun: ["npm install --global bun", "bun install --frozen-lockfile"],
};

function workflow({ manager, inRepository }: TemplateContext): string {
  const folder = inRepository.replaceAll("\\", "/");
  const here = folder && `    defaults:\n      run:\n        working-directory: ${folder}\n`;
  const cache = manager === "npm" ? "          cache: npm\n" : "";
  const install = INSTALL[manager].map((command) => `      - run: ${command}\n`).join("");
  return `# Builds and publishes the index when its documents have changed.
# It needs the secret CLOUDFLARE_API_TOKEN and the variable CLOUDFLARE_ACCOUNT_ID.
name: rebuild
on:
  schedule:
    - cron: "17 3 * * *"
  workflow_dispatch:
  repository_dispatch:
    types: [annoy-edge-rebuild]

permissions:
  contents: read

concurrency:
  group: rebuild

jobs:
  rebuild:
    if: vars.CLOUDFLARE_ACCOUNT_ID != ''
    runs-on: ubuntu-latest
    timeout-minutes: 60
${here}    steps:
      - uses: actions/checkout@v6
        with:
          persist-credentials: false
      - uses: actions/setup-node@v6
        with:
          node-version: 24
${cache}      # Texts that did not change are not embedded again.
      - uses: actions/cache@v4
        with:
          path: ${folder && `${folder}/`}.annoy-edge
          key: annoy-edge-\${{ github.run_id }}
          restore-keys: annoy-edge-
${install}      - run: ${EXECUTE[manager]} annoy-edge rebuild --remote --if-changed
        env:
          CLOUDFLARE_API_TOKEN: \${{ secrets.CLOUDFLARE_API_TOKEN }}
          CLOUDFLARE_ACCOUNT_ID: \${{ vars.CLOUDFLARE_ACCOUNT_ID }}
`;
}

function apiFiles(): Files {
  return {
    "content/rollback.md": `# Going back to an earlier version

\`annoy-edge versions\` lists what is published. \`annoy-edge rollback\` makes the version before the current one
current again; readers see it within seconds.
`,
    "content/documents.md": `# Replacing these pages

Put your own Markdown, HTML, text, CSV or JSONL files into this folder, and run \`npm run publish:local\`.
`,
  };
}

function siteFiles(): Files {
  const page = (title: string, body: string) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>${title}</title>
    <script type="module" src="/annoy-search.js"></script>
  </head>
  <body>
    <annoy-search></annoy-search>
    <main>
${body}
    </main>
  </body>
</html>
`;
  return {
    "public/index.html": page(
      "A site with search",
      `      <h1 id="welcome">A site with search</h1>
      <p>Put the pages that your site generator makes into this folder. Read on at <a href="/rollback.html">going back</a>.</p>`,
    ),
    "public/rollback.html": page(
      "Going back",
      `      <h1 id="going-back">Going back to an earlier version</h1>
      <p>The versions command lists what is published. Rollback makes the version before the current one current again.</p>`,
    ),
  };
}
