import { type Command, Option } from "commander";
import {
  type BuildOptions,
  build,
  CHUNK_UNITS,
  type Config,
  CSV_TYPES,
  defaultOut,
  indexName,
  loadConfig,
  type SiteReport,
  SPLITTERS,
  surveySite,
} from "../../build/index.ts";
import { codeFailed } from "../../build/pipeline/config-place.ts";
import { checkBuiltSize } from "../../build/publish/gate.ts";
import { addForestOptions, addMetricOption, addShardOptions } from "../cli/build-options.ts";
import { describeArtifact, recallShortfall } from "../cli/describe.ts";
import { leafCommand, perform, wholeNumber } from "../cli/run.ts";
import { describeExplained, describeSite } from "../cli/site-report.ts";
import { addTextOptions, type TextFlags, withTextOptions } from "../cli/text-options.ts";

/** `annoy-edge build`: documents to artifact. */
export function addBuild(program: Command): void {
  const command = leafCommand(program, "build", "build an artifact from documents", [
    "build --source docs --out artifacts/docs",
    'build --source "notes/**/*.md" faq.jsonl --out artifacts/help --name help --target-recall 0.98',
    "build --site dist --base-url https://example.com/docs/ --out artifacts/site",
    "build --source vectors.jsonl --metric dot --codec float32 --out artifacts/vectors",
  ])
    .option("--source <paths...>", "files (.jsonl .csv .txt .md .mdx .html), folders or globs")
    .option(
      "--site <folder or url>",
      "a folder of built HTML or Markdown, or a sitemap's address: pages by heading",
    )
    .option("--base-url <url>", "where the site is served, put before its paths (default: /)")
    .addOption(
      new Option(
        "--csv-types <how>",
        "types of CSV columns: auto (default) reads numbers and truth values, strings leaves text",
      ).choices(CSV_TYPES),
    )
    .option("--explain <page>", "say what became of a page of the site; without --out nothing is built")
    .option("--llms", "write llms.txt and llms-full.txt into the folder of the site")
    .option("--follow-links", "read what symbolic links lead to outside of a folder")
    .option(
      "--embed-fields <fields...>",
      "metadata embedded in front of the text (default: a site's headings)",
    )
    .option("--config <file>", "settings (default: annoy-edge.config.ts here, without --source and --site)")
    .option("--curation <file>", "synonyms, pinned and hidden documents, boosts: YAML or JSON")
    .option("--strict", "a curation that names what is not there is an error")
    .option("--out <dir>", "folder to write; replaced when it is an artifact already")
    .option(
      "--name <name>",
      "name to publish under (default: the first that the Worker here serves, else index)",
    )
    .option("--env <name>", "environment of that Worker (default: CLOUDFLARE_ENV)");
  command
    .addOption(new Option("--splitter <name>", "how texts are cut (default: auto)").choices(SPLITTERS))
    .option("--chunk-size <n>", "most that a chunk has (default: 1000 characters)", wholeNumber(1))
    .option("--chunk-overlap <n>", "part repeated of the chunk before (default: 200)", wholeNumber(0))
    .addOption(
      new Option(
        "--chunk-unit <unit>",
        "characters (default), or tokens of the encoder: chunks that it reads whole",
      ).choices(CHUNK_UNITS),
    )
    .option(
      "--embedder <name>",
      "encoder (default), encoder:<file>, static, openai:<model>, workers-ai:<model>, huggingface:<model>, model2vec:<folder or hub id>, or none when the documents bring vectors",
    )
    .option("--cache <file>", "embedding cache of services (default: .annoy-edge/embeddings.sqlite)")
    .option("--no-cache", "embed every text anew");
  addTextOptions(command);
  addMetricOption(command);
  addForestOptions(command);
  addShardOptions(command);
  perform<Flags>(command, async ({ onProgress, note }, { config, cache, env, ...flags }) => {
    const { path, golden: _, ...settings } = await configured(flags.source ?? flags.site, config, env);
    const options = {
      ...settings,
      ...withTextOptions(flags),
      ...(env !== undefined && { name: indexName(flags.name ?? settings.name, undefined, env) }),
      // Commander's true is the default; the library's is to say nothing.
      ...(cache !== true && { cache }),
    };
    if (options.explain !== undefined && !options.out && options.site) {
      const site = await surveySite(options.site, options);
      return { result: { site }, text: describeExplained(site) };
    }
    let site: SiteReport | undefined;
    const onReport = (report: SiteReport) => {
      site = report;
    };
    const building = build({ ...options, onReport, onNote: note, onProgress });
    const { out, manifest } = await building.catch((error) => {
      throw path === undefined ? error : codeFailed(path, error);
    });
    const shortfall = recallShortfall(manifest);
    if (shortfall) note(`Warning: ${shortfall}`);
    for (const { message } of await checkBuiltSize(out, manifest))
      note(`Warning: it cannot be published. ${message}`);
    const parts = [out, describeArtifact(manifest), ...(site ? [describeSite(site)] : [])];
    return { result: { out, manifest, ...(site && { site }) }, text: parts.join("\n") };
  });
}

/** A configuration is looked for when nothing else says what to read. */
async function configured(
  source: unknown,
  path: string | undefined,
  env: string | undefined,
): Promise<Config & { readonly out: string; readonly path?: string }> {
  const loaded = source !== undefined && path === undefined ? undefined : await loadConfig(path);
  // The library refuses an empty `out` in its own words.
  if (!loaded) return { out: "" };
  const { config, path: file } = loaded;
  return { ...config, path: file, out: config.out ?? defaultOut(indexName(config.name, undefined, env)) };
}

interface Flags extends Omit<BuildOptions, "onProgress" | "cache" | keyof TextFlags>, TextFlags {
  readonly cache: string | boolean;
  readonly config?: string;
  readonly env?: string;
}
