import { join } from "node:path";
import type { Metric } from "../../worker/core/format/constants.ts";
import type {
  EmbedderIdentity,
  FusionMeta,
  Manifest,
  ManifestFile,
  ShardsMeta,
} from "../../worker/core/format/meta.ts";
import { readDocuments } from "../artifact/documents.ts";
import type { FolderWriter } from "../artifact/folder.ts";
import type { SectionSource } from "../artifact/layout.ts";
import { type WholeParts, writeWhole } from "../job/whole.ts";
import { bytesOf, sharedFloats } from "../numeric/arrays.ts";
import type { ForestSettings } from "../settings/options.ts";
import type { Progress } from "../settings/progress.ts";
import type { CurationSections } from "../text/curation/compile.ts";
import { centroidsOf, routingCentroids } from "./router.ts";
import { requireWithin } from "./size.ts";
import type { Spool } from "./spool.ts";

/** One shard to build; its `documents.jsonl` lies in its folder already. */
export interface ShardJob {
  readonly name: string;
  readonly metric: Metric;
  readonly settings: ForestSettings;
  readonly text: WholeParts["text"];
  readonly hasText: boolean;
  readonly fusion: { readonly fusion?: FusionMeta };
  readonly shard: number;
  readonly shards: number;
  readonly partition: ShardsMeta["partition"];
  readonly shardBytes: number;
  /** The whole index's number of each item, ascending. */
  readonly items: Uint32Array;
  /** Its rows. */
  readonly spool: Spool;
  readonly documents: ManifestFile;
  readonly identity: EmbedderIdentity | null;
  /** Sections of the embedder; none where a router carries it. */
  readonly sections?: readonly SectionSource[];
  readonly source: Readonly<Record<string, unknown>>;
  /** Curation, where no router carries it. */
  readonly curation?: CurationSections;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

export interface BuiltShard {
  readonly manifest: Manifest;
  /** Centroids by which the router finds the shard, row by row. */
  readonly centroids: Float32Array;
}

/** Builds one shard, its vectors in memory for that time. @throws AnnoyEdgeError `SHARD_OVER_BUDGET` */
export async function buildShard(
  folder: Pick<FolderWriter, "path" | "createFile">,
  job: ShardJob,
): Promise<BuiltShard> {
  const { spool, shard, shards, items, settings, metric, partition } = job;
  const { dimensions, count } = spool;
  const vectors = sharedFloats(count * dimensions);
  spool.read(0, vectors);
  const ids: string[] = [];
  for await (const { id } of readDocuments(join(folder.path, "documents.jsonl"))) ids.push(id);
  const place = `shard ${shard + 1} of ${shards}`;
  const manifest = await writeWhole(folder, {
    name: job.name,
    metric,
    settings,
    text: job.text,
    ids,
    hasText: job.hasText,
    documents: job.documents,
    corpus: {
      vectors,
      dimensions,
      identity: job.identity,
      sections: [{ name: "shardItems", hot: true, bytes: bytesOf(items) }, ...(job.sections ?? [])],
    },
    fusion: job.fusion,
    ...(job.curation && { curation: job.curation }),
    source: { ...job.source, shard, shards, partition },
    onProgress:
      job.onProgress && (({ phase, ...rest }) => job.onProgress?.({ phase: `${place}: ${phase}`, ...rest })),
  });
  requireWithin(`Shard ${shard}`, manifest, job.shardBytes);
  const centroids = routingCentroids(metric, vectors, dimensions, {
    centroids: centroidsOf({ shards, dimensions, partition }, count),
    seed: settings.seed,
  });
  return { manifest, centroids };
}
