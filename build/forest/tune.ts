import { MARGIN_AT } from "../../worker/forest/compact/sketches.ts";
import { openArtifact, requireView } from "../../worker/format/artifact.ts";
import type { ArtifactMeta, CertifiedRecall } from "../../worker/format/meta.ts";
import { encodeArtifact, type HeaderFields, type SectionSource } from "../artifact/write.ts";
import { certify, measureRecall, type Truth } from "./certify.ts";
import type { Sketching } from "./encode.ts";
import type { Pool } from "./pool.ts";

/** Margins to try, in mean factors of the sketches: about the standard error of an estimate. */
const MARGINS = [6, 4.5, 3.5, 3, 2.5, 2, 1.5];
/** Recall that a smaller margin may cost. */
const MARGIN_LOSS = 0.003;
/** Opens what the Worker has at hand as it would, and measures what it finds. */
export async function certifySections(
  pool: Pool,
  header: HeaderFields,
  forest: ArtifactMeta["forest"],
  sections: readonly SectionSource[],
  truth: Truth,
  target: number,
  sketch: Sketching | undefined,
  onProgress: (share: number) => void,
): Promise<CertifiedRecall> {
  const draft: CertifiedRecall = {
    target,
    queries: 0,
    heldOut: true,
    rows: [],
    defaultSearchK: header.nSlots,
    recallAt1: 0,
    recallAt10: 0,
    recallAt100: 0,
  };
  const { metric, dimensions, codec } = header;
  const meta = {
    name: "draft",
    metric,
    dimensions,
    codec,
    items: header.nItems,
    forest,
    certified: draft,
    embedder: null,
  };
  // Behind binary codes the rescoring tier decides every answer, read by range where it is not in memory.
  const hot = sections.filter((section) => section.hot || codec === "binary");
  const bytes = encodeArtifact(header, [
    { name: "meta", hot: true, bytes: Buffer.from(JSON.stringify(meta)) },
    ...hot,
  ]);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.byteLength));
  shared.set(bytes);
  const editions = { bytes: shared, edition: 0 };
  if (sketch && header.codec !== "binary")
    await chooseMargin(pool, editions, header.nSlots, truth, target, sketch);
  return certify(pool, { ...editions }, truth, header, target, onProgress);
}

/** The smallest margin that loses no more than {@link MARGIN_LOSS} of recall@10 against the largest one. */
async function chooseMargin(
  pool: Pool,
  subject: { readonly bytes: Uint8Array<SharedArrayBuffer>; edition: number },
  nSlots: number,
  truth: Truth,
  target: number,
  { factor, setMargin }: Sketching,
): Promise<void> {
  const queries = Math.min(300, truth.queries.length);
  const head = requireView(openArtifact(subject.bytes, { trusted: true }), "sketchFactors", Float32Array);
  const setBoth = (margin: number) => {
    setMargin(margin * factor);
    head[MARGIN_AT] = margin * factor;
    subject.edition++;
  };
  const recallOf = async (margin: number, searchK: number) => {
    setBoth(margin);
    return (await measureRecall(pool, { ...subject }, truth, searchK, [10], queries)).recall[0]!;
  };
  let searchK = Math.max(200, Math.round(nSlots / 64));
  let best = await recallOf(MARGINS[0]!, searchK);
  while (best < target && searchK < nSlots) {
    searchK *= 2;
    best = await recallOf(MARGINS[0]!, searchK);
  }
  let chosen = MARGINS[0]!;
  for (const margin of MARGINS.slice(1)) {
    if ((await recallOf(margin, searchK)) < best - MARGIN_LOSS) break;
    chosen = margin;
  }
  setBoth(chosen);
}
