import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

export const own = (name: string, file = ".") => join("node_modules", name, file);
export const PINO = { pino: "10.4.0" };
const CLI = ["node", own("annoy-edge", "scripts/annoy-edge.js"), "build", "--embedder", "static"];

/** The command of the documentation, after a generator's own. */
export const indexed = (out: string, base: string) => [
  ...CLI,
  ...["--site", out, "--base-url", base, "--out", "artifacts/site", "--name", "site"],
];

/** The two lines of the documentation; the Worker serves the site here. */
export const SCRIPT = '<script type="module" src="/annoy-search.js"></script>';
export const ELEMENT = "<annoy-search></annoy-search>";
/** The same in German. */
export const GERMAN = `<annoy-search messages='{"open":"Suche"}'></annoy-search>`;

/** Style of sites whose generators have none. */
export const STYLE = `:root { color-scheme: light dark; }
body { margin: 0 auto; max-width: 46rem; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif; }
header { display: flex; align-items: center; justify-content: space-between; gap: 1rem; padding: 1rem 0; }
header a { color: inherit; font-weight: 600; text-decoration: none; }
pre, table { overflow-x: auto; }
`;

export interface Text {
  readonly name: string;
  readonly title: string;
  readonly body: string;
  readonly lang: "en" | "de";
}

/** Writes pages of pino's documentation, one start page and one in German into a folder. */
export async function writePages(
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

export async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

export async function clear(folder: string, ...names: readonly string[]): Promise<void> {
  for (const name of names) await rm(join(folder, name), { recursive: true, force: true });
}

export const matter = (fields: object, body: string) =>
  `---\n${Object.entries(fields)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
    .join("\n")}\n---\n${body}`;
export const withTitle = ({ title, lang, body }: Text) => matter({ title, lang }, body);
export const withHeading = ({ title, body }: Text) => `# ${title}\n\n${body}`;

export const QUESTIONS = [
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
export const GERMAN_PAGE = { page: "de/", open: "Suche" };
