import type { Manifest } from "../../worker/core/format/meta.ts";
import { readManifest } from "../artifact/folder.ts";
import type { GateFailure, PublishResult, SharedStore } from "../publish/index.ts";
import { sharedStore, withStore } from "../publish/index.ts";
import { requirePointerState } from "../publish/pointer.ts";
import { OptionError } from "../settings/errors.ts";
import { indexName } from "../settings/names.ts";
import type { SiteReport } from "../site/report.ts";
import { type BuildOptions, buildUnlessEqual } from "./build.ts";
import { CONFIG_KEYS, type Config, defaultOut, loadConfig } from "./config.ts";
import { inConfig } from "./config-place.ts";
import { soundCurrent } from "./current.ts";
import { checkGolden, requireGolden, runGolden, runGoldenOnPublished } from "./golden.ts";
import { checkNotify, type NoticeTarget, notifying } from "./notify.ts";
import {
  openStore,
  type PublishDirOptions,
  publishWith,
  shrinkageOf,
  type TargetOptions,
} from "./publishing.ts";
import { COMPACT_AT, updateCurrent } from "./update-current.ts";
import { type Verification, verify } from "./verify.ts";

export interface RebuildOptions extends Omit<PublishDirOptions, "golden" | "embedder"> {
  /** A configuration, or the path of one; default: `annoy-edge.config.ts` in the working directory. */
  readonly config?: string | Config;
  /**
   * Builds only when documents or settings differ from those of the current version; few changed documents are put on top of
   * its base.
   */
  readonly ifChanged?: boolean;
  /** Builds a new base, however little has changed since the current one. */
  readonly compact?: boolean;
  /** Share of the base, from 0 to 1, beyond which changes are built into a new base; default 0.1. */
  readonly compactAt?: number;
  /** Webhook that is called after a failure; default: the configuration's, else `ANNOY_EDGE_NOTIFY` of the environment. */
  readonly notify?: string;
  /**
   * Receives a sentence for each rule of the curation that does not fit the documents, and when a damaged version is built
   * anew.
   */
  readonly onNote?: (note: string) => void;
  /** Receives a sentence when the webhook is not reached. */
  readonly onTrouble?: (why: string) => void;
}

/** Report on the pages, where a site was read. */
interface WithSite {
  readonly site?: SiteReport;
}

export type RebuildResult = WithSite &
  /** Documents and settings are those of the current version: nothing was built. */
  (
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
      }
  );

/**
 * Builds, verifies and publishes from a configuration: what a schedule runs. Safe to run at any time and twice at once.
 * The golden queries are asked every time, of the version that is current when nothing changed.
 *
 * @throws OptionError with file and line, AnnoyEdgeError `GOLDEN_FAILED`, and whatever {@link build} and {@link publish}
 *   throw
 */
export async function rebuild(options: RebuildOptions = {}): Promise<RebuildResult> {
  const { onTrouble = () => {} } = options;
  const fallback = process.env.ANNOY_EDGE_NOTIFY || undefined;
  checkNotify(options.notify ?? fallback);
  // What the configuration says of both is known once it is loaded, which may fail, too.
  const notice: NoticeTarget = { hook: options.notify ?? fallback, index: "", onTrouble };
  return notifying(notice, rejection, async () => {
    const { config, path } = await configOf(options.config);
    return inConfig(path, CONFIG_KEYS, async () => {
      checkNotify(config.notify);
      notice.hook = options.notify ?? config.notify ?? fallback;
      const name = indexName(config.name, options.root, options.env);
      notice.index = name;
      checkGolden(config.golden);
      shrinkageOf(config.allowShrink);
      const store = sharedStore(() => openStore(options));
      try {
        return await rebuildFrom(config, name, store, options);
      } finally {
        await store.close();
      }
    });
  });
}

/** Why a result that is no error is a failure. */
function rejection(result: RebuildResult): string | undefined {
  if (result.outcome !== "rejected" || "published" in result) return undefined;
  const failed = result.verification.checks.filter(({ ok }) => !ok);
  return failed.map(({ message }) => message).join(" ");
}

async function rebuildFrom(
  config: Config,
  name: string,
  store: SharedStore,
  options: RebuildOptions,
): Promise<RebuildResult> {
  const { golden = [], allowShrink, notify: _notify, ...settings } = config;
  const { embedder } = config;
  const out = config.out ?? defaultOut(name);
  let site: SiteReport | undefined;
  const build: BuildOptions = {
    ...settings,
    name,
    out,
    onReport: (report) => {
      site = report;
    },
    ...(options.onProgress && { onProgress: options.onProgress }),
    ...(options.onNote && { onNote: options.onNote }),
  };
  const open = () => store.open();
  const { force = false, dryRun = false, onNote } = options;
  const current = options.ifChanged
    ? await withStore(open, (opened) => soundCurrent(opened, name, { force, dryRun, onNote }))
    : undefined;
  const most = compactAtOf(options.compactAt);
  const updated =
    current && !options.compact ? await updateCurrent(build, current, { most, open }) : undefined;
  // A build may take long, and its memory.
  if (!updated) await store.close();
  const built = updated ? updated.outcome === "updated" && updated : await buildUnlessEqual(build, current);
  const read: WithSite = site ? { site } : {};
  if (!built) {
    // Only a current version can equal what would be built.
    const { version } = current as Manifest;
    const failures = await runGoldenOnPublished(open, { name, version, out }, golden, embedder);
    if (!options.force) requireGolden(name, version, failures);
    return { outcome: "unchanged", name, version, ...read };
  }
  const { onProgress } = options;
  const verification = await verify(built.out, { ...(onProgress && { onProgress }) });
  if (!verification.ok && !options.force) return { outcome: "rejected", name, verification, ...read };
  const published = await publishWith(open, built.out, {
    ...(allowShrink !== undefined && { allowShrink }),
    ...options,
    golden,
    ...(embedder !== undefined && { embedder }),
  });
  const { outcome, version } = published;
  // What is current already passes no gate, and the queries may be new.
  if (outcome === "unchanged" && !options.force)
    requireGolden(name, version, await runGolden(built.out, golden, embedder));
  return { outcome, name, version, out: built.out, verification, published, ...read };
}

/** @throws OptionError */
function compactAtOf(share = COMPACT_AT): number {
  if (share >= 0 && share <= 1) return share;
  throw new OptionError(`compactAt is ${share}; a share of the base from 0 to 1 is needed.`);
}

export interface GoldenOptions extends TargetOptions {
  /** A configuration, or the path of one; default: `annoy-edge.config.ts` in the working directory. */
  readonly config?: string | Config;
}

export interface GoldenResult {
  readonly ok: boolean;
  readonly name: string;
  readonly version: string;
  readonly queries: number;
  /** Golden queries that were not answered, in sentences. */
  readonly failures: readonly string[];
}

/**
 * Asks the golden queries of a configuration of an artifact folder, or of the published version.
 *
 * @param dir an artifact folder; left out: what is published
 * @throws OptionError, AnnoyEdgeError `INDEX_NOT_PUBLISHED`, `VERSION_INCOMPLETE`
 */
export async function golden(dir?: string, options: GoldenOptions = {}): Promise<GoldenResult> {
  const { config, path } = await configOf(options.config);
  return inConfig(path, CONFIG_KEYS, async () => {
    checkGolden(config.golden);
    const queries = config.golden ?? [];
    if (queries.length === 0) throw new OptionError("golden is missing: the queries to ask.");
    if (dir !== undefined) {
      const { name, version } = await readManifest(dir);
      return describeGolden(name, version, queries.length, await runGolden(dir, queries, config.embedder));
    }
    const name = indexName(config.name, options.root, options.env);
    const current = await withStore(
      () => openStore(options),
      async (store) => (await requirePointerState(store, name)).pointer.version,
    );
    const published = { name, version: current, out: config.out ?? defaultOut(name) };
    const failures = await runGoldenOnPublished(
      () => openStore(options),
      published,
      queries,
      config.embedder,
    );
    return describeGolden(name, current, queries.length, failures);
  });
}

function describeGolden(
  name: string,
  version: string,
  queries: number,
  failures: readonly GateFailure[],
): GoldenResult {
  return {
    ok: failures.length === 0,
    name,
    version,
    queries,
    failures: failures.map(({ message }) => message),
  };
}

async function configOf(config: string | Config | undefined): Promise<{ config: Config; path?: string }> {
  if (typeof config === "object") return { config };
  const loaded = await loadConfig(config);
  if (loaded) return loaded;
  throw new OptionError(
    "There is no annoy-edge.config.ts here. Write one (docs/cli.md shows how), or name another with --config.",
  );
}
