import type { Manifest } from "../../worker/core/format/meta.ts";
import type { CorpusFacts, PublishedManifest } from "../../worker/storage/manifest.ts";
import { readDocuments } from "../artifact/documents.ts";
import type { ArtifactFolder } from "./artifact.ts";
import type { GateFailure } from "./failure.ts";

/** Share that a corpus may lose from one version to the next: of documents, bytes, distinct words, documents with text. */
export const MAY_SHRINK = 0.5;
/** A corpus below this is an experiment: its changes are large by nature. */
const LEAST_DOCUMENTS = 20;

/** Counts what a version is made of, in one pass over its documents. */
export async function measureCorpus({ manifest, parts, base }: ArtifactFolder): Promise<CorpusFacts> {
  let documents = 0;
  let textBytes = 0;
  let withText = 0;
  const beneath = (base?.folder.parts ?? []).map((part) => ({
    ...part,
    removed: base?.removed.get(part.shard),
  }));
  for (const { documentsPath, removed } of [
    ...beneath,
    ...parts.map((part) => ({ ...part, removed: undefined })),
  ]) {
    for await (const { item, pageContent } of readDocuments(documentsPath)) {
      if (removed?.has(item)) continue;
      documents++;
      textBytes += Buffer.byteLength(pageContent);
      if (/\S/.test(pageContent)) withText++;
    }
  }
  return { documents, textBytes, withText, ...wordsOf(manifest) };
}

/** Distinct words, 0 without a keyword index; unknown of an index in shards. */
function wordsOf({ keyword, shards }: Manifest): Pick<CorpusFacts, "words"> {
  return shards ? {} : { words: keyword?.terms ?? 0 };
}

/** Facts of a published version: its own facts, or what a manifest without them says. */
function factsOf(previous: PublishedManifest): Partial<CorpusFacts> {
  return previous.corpus ?? { documents: previous.items, ...wordsOf(previous) };
}

/**
 * Fails when a corpus has lost more than `mayShrink` of the version before: a source that came back empty or cut builds
 * a sound index of almost nothing.
 *
 * @param mayShrink share from 0 to 1; 1 allows any loss
 */
export function checkCorpus(
  now: CorpusFacts,
  previous: PublishedManifest | undefined,
  mayShrink = MAY_SHRINK,
): GateFailure[] {
  const before = previous && factsOf(previous);
  if (!before || (before.documents ?? 0) < LEAST_DOCUMENTS) return [];
  const shareWithText = ({ withText, documents }: Partial<CorpusFacts>) =>
    withText !== undefined && documents ? (100 * withText) / documents : undefined;
  const figures: [string, number | undefined, number | undefined][] = [
    ["documents", before.documents, now.documents],
    ["bytes of text", before.textBytes, now.textBytes],
    ["distinct words", before.words, now.words],
    ["percent of documents with text", shareWithText(before), shareWithText(now) ?? 0],
  ];
  const fallen = figures.filter(
    ([, was, is]) => was !== undefined && is !== undefined && is < was * (1 - mayShrink),
  );
  if (fallen.length === 0) return [];
  const list = fallen.map(([what, was, is]) => `${Math.round(is!)} ${what} after ${Math.round(was!)}`);
  return [
    {
      code: "CORPUS_SHRANK",
      message: `More than ${Math.round(mayShrink * 100)}% is gone since version ${previous!.version}: ${list.join(", ")}. Look at the source; --allow-shrink, or allowShrink in the configuration, publishes it as it is.`,
    },
  ];
}
