import { join } from "node:path";
import { openArtifactEmbedder } from "../../worker/core/embedding/artifact.ts";
import { openForest } from "../../worker/core/forest/open-forest.ts";
import type { Forest } from "../../worker/core/forest/types.ts";
import { type Artifact, findSection, openArtifact } from "../../worker/core/format/artifact.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { type IdTable, idOfItem, itemOfId, openIds } from "../../worker/core/format/ids.ts";
import type { CertifiedRecall, Manifest } from "../../worker/core/format/meta.ts";
import { hashFile } from "../artifact/check-files.ts";
import { readDocuments } from "../artifact/documents.ts";
import { readManifest } from "../artifact/folder.ts";
import { DATA_FILES, versionOf } from "../artifact/version.ts";
import { checkBase, checkShardChanges, measureChanged } from "../changes/verify.ts";
import { openEncoderFile } from "../embedding/sentence/folder.ts";
import { readWhole } from "../local/local-index.ts";
import { liveItems, measureRecall, type RecallMeasurement } from "../recall/verify.ts";
import type { Progress } from "../settings/progress.ts";
import { checkShards, measureShards, openRouter, storedShards } from "../sharding/verify.ts";

export interface Check {
  readonly name: "manifest" | "files" | "structure" | "base" | "shards" | "documents" | "embedder" | "recall";
  readonly ok: boolean;
  /** Finding, in a sentence. */
  readonly message: string;
  /** Code of the error that stopped the check. */
  readonly code?: string;
}

export interface Verification {
  /** Every check passed. */
  readonly ok: boolean;
  readonly dir: string;
  readonly version: string | null;
  /** In the order they were made; a failed one may keep later ones from being made. */
  readonly checks: readonly Check[];
  readonly recall?: RecallMeasurement & { readonly certified: number };
}

export interface VerifyOptions {
  /** Whether recall is measured against brute force, which takes seconds; default true. */
  readonly recall?: boolean;
  readonly onProgress?: (progress: Progress) => void;
}

/** Tolerance below the certified figure, beside three standard errors of the difference: the queries differ. */
const RECALL_TOLERANCE = 0.02;

/**
 * Checks an artifact folder: files against the manifest, sections against their checksums, forest and ids against
 * their rules, every item against its document, recall against brute force. Bad artifacts are reported, not thrown.
 */
export function verify(dir: string, options: VerifyOptions = {}): Promise<Verification> {
  return verifyFolder(dir, options, false);
}

/** @param isPart whether it is the changes of a shard, whose base lies elsewhere */
async function verifyFolder(dir: string, options: VerifyOptions, isPart: boolean): Promise<Verification> {
  const checks: Check[] = [];
  let manifest: Manifest | undefined;
  let recall: RecallMeasurement | undefined;
  const check = async (name: Check["name"], work: () => Promise<string> | string): Promise<boolean> => {
    try {
      checks.push({ name, ok: true, message: await work() });
      return true;
    } catch (error) {
      if (!(error instanceof AnnoyEdgeError)) throw error;
      checks.push({ name, ok: false, message: error.message, code: error.code });
      return false;
    }
  };

  const report = (): Verification => ({
    ok: checks.every(({ ok }) => ok),
    dir,
    version: manifest?.version ?? null,
    checks,
    ...(recall && manifest && { recall: { ...recall, certified: manifest.certified.recallAt10 } }),
  });

  await check("manifest", async () => {
    manifest = await readManifest(dir);
    return `${manifest.name}, version ${manifest.version}`;
  });
  if (manifest) {
    const declared = manifest;
    await check("files", () => checkFiles(dir, declared, options));
    let opened: Opened | undefined;
    const isAgreed = await check("structure", async () => {
      opened = await open(dir);
      return describeStructure(opened, declared);
    });
    if (opened) {
      const { artifact, forest, ids } = opened;
      const { shards, base } = artifact.meta;
      const stands =
        !base ||
        isPart ||
        (await check("base", () =>
          checkBase(dir, base, (folder) => verify(folder, { ...options, recall: false })),
        ));
      const items = shards ? undefined : liveItems(forest);
      const verifyShard = (shard: string) => verifyFolder(shard, { recall: false }, base !== undefined);
      const sound = await (items
        ? check("documents", () => checkDocuments(dir, forest, ids, items, options))
        : check("shards", () =>
            base
              ? checkShardChanges(dir, artifact.meta, verifyShard)
              : checkShards(dir, artifact.meta, verifyShard, options.onProgress),
          ));
      if (!base) await check("embedder", () => checkEmbedder(dir, artifact));
      if (options.recall === false || (shards && !sound) || !stands || !isAgreed) return report();
      await check("recall", async () => {
        recall = base
          ? await measureChanged(dir, options.onProgress)
          : items
            ? measureRecall(forest, items, options.onProgress)
            : await measureShards(storedShards(dir, artifact), options.onProgress);
        return judgeRecall(recall, artifact.meta.certified);
      });
    }
  }
  return report();
}

interface Opened {
  readonly artifact: Artifact;
  readonly forest: Forest;
  readonly ids: IdTable;
}

async function open(dir: string): Promise<Opened> {
  const artifact = openArtifact(await readWhole(join(dir, "forest.bin")));
  const { header, bytes } = artifact;
  if (bytes.byteLength < header.fileBytes) {
    throw fault("TRUNCATED", `forest.bin ends after ${bytes.byteLength} of ${header.fileBytes} bytes.`);
  }
  return { artifact, forest: openForest(artifact), ids: openIds(artifact) };
}

async function checkFiles(dir: string, manifest: Manifest, options: VerifyOptions): Promise<string> {
  const total = DATA_FILES.reduce((sum, name) => sum + manifest.files[name].bytes, 0);
  let done = 0;
  for (const name of DATA_FILES) {
    const expected = manifest.files[name];
    const path = join(dir, name);
    const found = await hashFile(path, (bytes) => {
      done += bytes;
      options.onProgress?.({ phase: "hash", done: Math.min(done, total), total });
    }).catch((cause: NodeJS.ErrnoException) => {
      throw new AnnoyEdgeError("NOT_AN_ARTIFACT", `${path} cannot be read (${cause.code}).`, { cause });
    });
    if (found.bytes !== expected.bytes) {
      throw fault(
        "CHECKSUM_MISMATCH",
        `${name} has ${found.bytes} bytes; the manifest says ${expected.bytes}.`,
      );
    }
    if (found.sha256 !== expected.sha256) {
      throw fault("CHECKSUM_MISMATCH", `${name} does not match the SHA-256 in the manifest: it was changed.`);
    }
  }
  const version = versionOf(manifest.files);
  if (version !== manifest.version) {
    throw fault(
      "CHECKSUM_MISMATCH",
      `The manifest's version is ${manifest.version}; its files make ${version}.`,
    );
  }
  return `${DATA_FILES.length} files match their SHA-256`;
}

/** Members of the meta that not every artifact has. */
const OPTIONAL_META = ["base", "columns", "curation", "fusion", "keyword", "shards"] as const;

function describeStructure({ artifact }: Opened, manifest: Manifest): string {
  const { header, meta, sections } = artifact;
  // The manifest repeats the file's own meta: a difference means that the two are of different builds.
  for (const key of new Set([...(Object.keys(meta) as (keyof typeof meta)[]), ...OPTIONAL_META])) {
    if (JSON.stringify(meta[key]) !== JSON.stringify(manifest[key]))
      throw fault("CORRUPT_META", `manifest.json and forest.bin disagree on ${key}.`);
  }
  if (header.hotBytes !== manifest.hotBytes)
    throw fault("CORRUPT_META", "manifest.json and forest.bin disagree on hotBytes.");
  if (meta.shards && !meta.base) {
    const { owners } = openRouter(artifact);
    return `${sections.length} sections match their checksums; ${owners.length} centroids lead to ${meta.shards.list.length} shards`;
  }
  return `${sections.length} sections match their checksums; forest and ids are sound`;
}

async function checkDocuments(
  dir: string,
  forest: Forest,
  ids: IdTable,
  items: Uint32Array,
  { onProgress }: VerifyOptions,
): Promise<string> {
  const bad = (what: string) => fault("CORRUPT_DOCUMENTS", `${what} Rebuild the artifact.`);
  if (items.length !== forest.artifact.header.nSlots)
    throw bad(`The header counts ${forest.artifact.header.nSlots} items; ${items.length} have vectors.`);
  let next = 0;
  for await (const { item, id } of readDocuments(join(dir, "documents.jsonl"))) {
    const expected = items[next];
    if (item !== expected) {
      throw bad(
        expected === undefined || item < expected
          ? `documents.jsonl has a document for item ${item}, which has no vector.`
          : `Item ${expected} has no document.`,
      );
    }
    if (idOfItem(ids, item) !== id)
      throw bad(`Item ${item} has id ${JSON.stringify(id)} in documents.jsonl and another in forest.bin.`);
    if (itemOfId(ids, id) !== item) throw bad(`The id ${JSON.stringify(id)} does not lead to item ${item}.`);
    next++;
    if (next % 8192 === 0) onProgress?.({ phase: "resolve", done: next, total: items.length });
  }
  if (next < items.length) throw bad(`Item ${items[next]} has no document.`);
  return `${items.length} items resolve to their documents`;
}

async function checkEmbedder(dir: string, artifact: Artifact): Promise<string> {
  const { embedder } = artifact.meta;
  if (!embedder) return "none: the index holds vectors only";
  const name = `${embedder.provider} (${embedder.model})`;
  if (findSection(artifact, "shardItems") && !findSection(artifact, "embeddingTable"))
    return `${name}, which the router of the shards has`;
  if (embedder.provider === "encoder") {
    if (findSection(artifact, "shardItems")) return `${name}, which the router of the shards has`;
    await openEncoderFile(dir, embedder);
    return `${name} opens`;
  }
  return openArtifactEmbedder(artifact) ? `${name} opens` : `${name} is a service, which was not called`;
}

/** @throws AnnoyEdgeError `RECALL_TOO_LOW` where a measured recall is lower than chance makes it */
export function judgeRecall(
  found: RecallMeasurement | undefined,
  certified: Pick<CertifiedRecall, "recallAt10" | "queries">,
): string {
  if (!found) return "nothing to measure: fewer than two items";
  const { recall, k, queries, standardError } = found;
  const { recallAt10, queries: heldOut } = certified;
  const figures = `recall@${k} is ${recall.toFixed(4)} on ${queries} queries, certified ${recallAt10.toFixed(4)}`;
  // A small index has a few held-out queries, and a certified figure as uncertain as that. Queries vary alike in both.
  const error = heldOut > 0 ? standardError * Math.sqrt(1 + queries / heldOut) : standardError;
  if (recall < recallAt10 - RECALL_TOLERANCE - 3 * error)
    throw fault("RECALL_TOO_LOW", `${figures}. Rebuild the artifact.`);
  return figures;
}

function fault(code: string, message: string): AnnoyEdgeError {
  return new AnnoyEdgeError(code, message);
}
