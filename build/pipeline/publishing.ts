import { userInfo } from "node:os";
import type { EmbedderSetting } from "../embedding/providers/index.ts";
import {
  checkPublished,
  gc as collect,
  type Gate,
  type GateFailure,
  type GcOptions,
  type GcResult,
  listVersions,
  openLocalStore,
  openRemoteStore,
  type PublishedCheck,
  type PublishResult,
  type PublishStore,
  publish as publishTo,
  type RestoreResult,
  type RollbackResult,
  restore as restoreIn,
  rollback as rollBackIn,
  type VersionInfo,
  withStore,
} from "../publish/index.ts";
import { OptionError } from "../settings/errors.ts";
import { indexName } from "../settings/names.ts";
import { requireText } from "../settings/options.ts";
import type { Progress } from "../settings/progress.ts";
import { checkGolden, type GoldenQuery, runGolden } from "./golden.ts";
import { verify } from "./verify.ts";

/** Target of publishing: the local state that `wrangler dev` reads, or an account. */
export interface TargetOptions {
  /** A Cloudflare account instead of the local state. */
  readonly remote?: boolean;
  /** Folder of the wrangler configuration; default: the working directory. */
  readonly root?: string;
  /** Environment of the wrangler configuration, such as `staging`; default: `CLOUDFLARE_ENV`. */
  readonly env?: string;
  /** As `wrangler dev --persist-to`. */
  readonly persistTo?: string;
}

export interface NamedTargetOptions extends TargetOptions {
  /** The index; default: the first that the configured Worker serves, else `index`. */
  readonly name?: string;
}

export interface PublishDirOptions extends TargetOptions {
  /** Publishes in spite of failed checks, and records them. */
  readonly force?: boolean;
  /**
   * Publishes a corpus that collapsed: `true`, or the share that may be gone since the version before, from 0 to 1
   * (default 0.5), of documents, bytes of text, distinct words and documents with text.
   */
  readonly allowShrink?: boolean | number;
  /** Says what would be written and what it would cost; writes nothing. */
  readonly dryRun?: boolean;
  /** A note for `versions`. */
  readonly message?: string;
  /** Name of the publisher; default: the user of this process. */
  readonly by?: string;
  readonly golden?: readonly GoldenQuery[];
  /** Embeds the golden queries: the setting that the index was built with. Left out: services with the environment's keys. */
  readonly embedder?: EmbedderSetting;
  /** Resident bytes of a shard above which publishing warns; default 60 MB. */
  readonly shardBytes?: number;
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * Publishes an artifact folder: documents to KV, files to R2, and last the pointer. Verified first; what is not sound
 * never reaches a reader. Unchanged content publishes nothing.
 *
 * @throws AnnoyEdgeError `GATE_FAILED`, `PUBLISH_CONFLICT`, `NOT_AN_ARTIFACT`, ...
 */
export async function publish(dir: string, options: PublishDirOptions = {}): Promise<PublishResult> {
  return publishWith(() => openStore(options), dir, options);
}

/** As {@link publish}, to a store that the caller opens. */
export async function publishWith(
  open: () => Promise<PublishStore>,
  dir: string,
  options: PublishDirOptions,
): Promise<PublishResult> {
  checkGolden(options.golden);
  const mayShrink = shrinkageOf(options.allowShrink);
  return withStore(open, (store) =>
    publishTo(store, dir, {
      ...options,
      by: options.by ?? publisher(),
      gate: soundness(options),
      ...(mayShrink !== undefined && { mayShrink }),
    }),
  );
}

/** @throws OptionError */
export function shrinkageOf(allowShrink: unknown): number | undefined {
  if (allowShrink === undefined || allowShrink === false) return undefined;
  if (allowShrink === true) return 1;
  if (typeof allowShrink === "number" && allowShrink >= 0 && allowShrink <= 1) return allowShrink;
  throw new OptionError(
    "allowShrink must be true, or the share of the corpus that may be gone, from 0 to 1.",
  );
}

/** The published versions of an index, newest first. @throws AnnoyEdgeError `INDEX_NOT_PUBLISHED` */
export async function versions(
  options: NamedTargetOptions = {},
): Promise<{ name: string; where: string; versions: VersionInfo[] }> {
  return withIndex(options, async (store, name) => ({
    ...{ name, where: store.where },
    versions: await listVersions(store, name),
  }));
}

/**
 * Makes a published version current again: the one named (a unique beginning will do), or the one before.
 *
 * @throws AnnoyEdgeError `NO_PREVIOUS_VERSION`, `UNKNOWN_VERSION`, `ALREADY_CURRENT`, `PUBLISH_CONFLICT`
 */
export async function rollback(
  version?: string,
  options: NamedTargetOptions & { readonly message?: string; readonly by?: string } = {},
): Promise<RollbackResult> {
  return withIndex(options, (store, name) =>
    rollBackIn(store, name, version, { ...options, by: options.by ?? publisher() }),
  );
}

/**
 * Removes versions beyond the last `keep`, and what only they needed. The current version and the one before it stay.
 *
 * @throws AnnoyEdgeError `INDEX_NOT_PUBLISHED`, `PUBLISH_CONFLICT`, `VERSION_INCOMPLETE`
 */
export async function gc(
  options: NamedTargetOptions & Pick<GcOptions, "keep" | "dryRun"> = {},
): Promise<GcResult> {
  return withIndex(options, (store, name) => collect(store, name, options));
}

/** Findings of `verify --published`. */
export interface PublishedVerification {
  /** Nothing is lost or changed. */
  readonly ok: boolean;
  readonly name: string;
  readonly where: string;
  readonly versions: readonly PublishedCheck[];
}

/**
 * Holds what is published, the current version and the one before it, against what it was published as: objects of R2,
 * pages of KV and their second copies. What is wrong is reported, not thrown.
 *
 * @throws AnnoyEdgeError `INDEX_NOT_PUBLISHED`, `CORRUPT_POINTER`
 */
export async function verifyPublished(
  options: NamedTargetOptions & { readonly onProgress?: (progress: Progress) => void } = {},
): Promise<PublishedVerification> {
  return withIndex(options, async (store, name) => {
    const versions = await checkPublished(store, name, options.onProgress);
    const ok = versions.every(({ findings }) => findings.length === 0);
    return { ok, name, where: store.where, versions };
  });
}

/**
 * Brings back the documents of the current version and of the one before after KV has lost or changed them, from their second copies in R2, and
 * second copies from KV.
 *
 * @throws AnnoyEdgeError `INDEX_NOT_PUBLISHED`, `VERSION_INCOMPLETE`
 */
export async function restore(
  options: NamedTargetOptions & { readonly onProgress?: (progress: Progress) => void } = {},
): Promise<RestoreResult> {
  return withIndex(options, (store, name) => restoreIn(store, name, options.onProgress));
}

/** Runs with the store and the name of the index that options say. */
function withIndex<R>(
  options: NamedTargetOptions,
  run: (store: PublishStore, name: string) => Promise<R>,
): Promise<R> {
  const name = indexName(options.name, options.root, options.env);
  return withStore(
    () => openStore(options),
    (store) => run(store, name),
  );
}

export async function openStore(options: TargetOptions): Promise<PublishStore> {
  for (const name of ["root", "env", "persistTo"] as const) requireText(name, options[name]);
  if (!options.remote) return openLocalStore(options);
  const { root, env } = options;
  return openRemoteStore({
    ...(root !== undefined && { root }),
    ...(env !== undefined && { environment: env }),
  });
}

/** Returns the name of the user or the workflow, from the environment. */
function publisher(): string {
  const { GITHUB_ACTOR, GITHUB_RUN_ID } = process.env;
  if (GITHUB_ACTOR) return GITHUB_RUN_ID ? `${GITHUB_ACTOR} (run ${GITHUB_RUN_ID})` : GITHUB_ACTOR;
  try {
    return userInfo().username;
  } catch {
    // A container may run under a user id without a name.
    return "unknown";
  }
}

/** `verify`, and the golden queries. Files and recall apart: publishing itself looks at the hashes and the certified figures. */
function soundness({ golden = [], embedder }: PublishDirOptions): Gate {
  return async ({ dir }) => {
    const { checks } = await verify(dir, { recall: false });
    const failures: GateFailure[] = checks
      .filter(({ ok }) => !ok)
      .map(({ code, message }) => ({ code: code ?? "NOT_SOUND", message, fatal: true }));
    if (failures.length > 0) return failures;
    return runGolden(dir, golden, embedder);
  };
}
