import type { Manifest } from "../../worker/core/format/meta.ts";
import type { PublishResult } from "../publish/index.ts";
import { currentVersion, withStore } from "../publish/index.ts";
import { readPublishedManifest } from "../publish/versions.ts";
import { OptionError } from "../settings/errors.ts";
import { indexName } from "../settings/names.ts";
import { type BuildOptions, buildUnlessEqual } from "./build.ts";
import { type Config, defaultOut, loadConfig } from "./config.ts";
import { checkGolden, openStore, type PublishDirOptions, publish } from "./publishing.ts";
import { type Verification, verify } from "./verify.ts";

export interface RebuildOptions extends Omit<PublishDirOptions, "golden" | "embedder"> {
  /** A configuration, or the path of one; default: `annoy-edge.config.ts` in the working directory. */
  readonly config?: string | Config;
  /** Builds only when documents or settings differ from those of the current version. */
  readonly ifChanged?: boolean;
}

export type RebuildResult =
  /** Documents and settings are those of the current version: nothing was built. */
  | { readonly outcome: "unchanged"; readonly name: string; readonly version: string }
  /** The artifact is not sound: nothing was published. */
  | { readonly outcome: "rejected"; readonly name: string; readonly verification: Verification }
  | {
      readonly outcome: PublishResult["outcome"];
      readonly name: string;
      readonly version: string;
      readonly out: string;
      readonly verification: Verification;
      readonly published: PublishResult;
    };

/**
 * Build, verify, publish, from a configuration: what a schedule runs. Safe to run at any time and twice at once.
 *
 * @throws OptionError, and whatever {@link build} and {@link publish} throw
 */
export async function rebuild(options: RebuildOptions = {}): Promise<RebuildResult> {
  const { golden, ...config } = await configOf(options.config);
  checkGolden(golden);
  const name = indexName(config.name, options.root, options.env);
  const build: BuildOptions = {
    ...config,
    name,
    out: config.out ?? defaultOut(name),
    ...(options.onProgress && { onProgress: options.onProgress }),
  };
  const current = options.ifChanged ? await currentManifest(options, name) : undefined;
  const built = await buildUnlessEqual(build, current);
  // Only a current version can equal what would be built.
  if (!built) return { outcome: "unchanged", name, version: (current as Manifest).version };
  const verification = await verify(built.out, options.onProgress ? { onProgress: options.onProgress } : {});
  if (!verification.ok && !options.force) return { outcome: "rejected", name, verification };
  const { config: _config, ifChanged: _ifChanged, ...publishing } = options;
  const { embedder } = config;
  const published = await publish(built.out, {
    ...publishing,
    ...(golden && { golden }),
    ...(embedder !== undefined && { embedder }),
  });
  const { outcome, version } = published;
  return { outcome, name, version, out: built.out, verification, published };
}

async function configOf(config: string | Config | undefined): Promise<Config> {
  if (typeof config === "object") return config;
  const loaded = await loadConfig(config);
  if (loaded) return loaded.config;
  throw new OptionError(
    "There is no annoy-edge.config.ts here. Write one (docs/cli.md shows how), or name another with --config.",
  );
}

async function currentManifest(options: RebuildOptions, name: string): Promise<Manifest | undefined> {
  return withStore(
    () => openStore(options),
    async (store) => {
      const version = await currentVersion(store, name);
      return version === undefined ? undefined : readPublishedManifest(store, name, version);
    },
  );
}
