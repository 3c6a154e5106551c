import { MARGIN_AT } from "../../worker/forest/compact/sketches.ts";
import { openArtifact, requireView } from "../../worker/format/artifact.ts";
import type { ArtifactMeta, CertifiedRecall } from "../../worker/format/meta.ts";
import { encodeArtifact, type HeaderFields, type SectionSource } from "../artifact/write.ts";
import { certify } from "./certify.ts";
import { findRegion, mostSearchK } from "./choose.ts";
import type { Sketching } from "./encode.ts";
import type { Pool } from "./pool.ts";
import { halves, measureRecall, spread, type Truth } from "./recall.ts";

/** Margins to try, in mean factors of the sketches: about the standard error of an estimate. */
const MARGINS = [6, 4.5, 3.5, 3, 2.5, 2, 1.75, 1.5, 1.25];
/** Recall that a smaller margin may cost. */
const MARGIN_LOSS = 0.001;
const MARGIN_QUERIES = 200;
/** Fewer do not show a loss of {@link MARGIN_LOSS}: one neighbour of one query is more. */
const FEWEST_QUERIES = 100;
/** What is taken then: on sets that are large enough to tell it loses next to nothing. */
const SAFE_MARGIN = 1.6;
/** Estimates are Euclidean; of Manhattan distances they tell less. */
const SAFE_MANHATTAN_MARGIN = 2;

/** Bytes that are measured and changed in turns; `edition` tells the threads when. */
interface Tuned {
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  edition: number;
}

/** Opens what the Worker has at hand as it would, and measures what it finds. */
export async function certifySections(
  pool: Pool,
  header: HeaderFields,
  forest: ArtifactMeta["forest"],
  sections: readonly SectionSource[],
  truth: Truth,
  target: number,
  whole: boolean,
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
  const tuned = { bytes: shared, edition: 0 };
  const { choosing, certifying } =
    header.nTrees === 0 ? { choosing: truth, certifying: truth } : halves(truth);
  const options = { ...header, target, whole, onProgress: (share: number) => onProgress(0.3 + 0.7 * share) };
  let region = mostSearchK(header);
  if (header.nTrees > 0 && !whole) region = await findRegion(pool, { ...tuned }, choosing, options);
  onProgress(0.15);
  if (sketch && header.codec !== "binary") {
    if (whole || choosing.queries.length < FEWEST_QUERIES)
      setMargin(tuned, sketch, metric === "manhattan" ? SAFE_MANHATTAN_MARGIN : SAFE_MARGIN);
    else await chooseMargin(pool, tuned, choosing, region, sketch);
  }
  return certify(pool, { ...tuned }, choosing, certifying, options, region);
}

/** The smallest margin that loses no more than {@link MARGIN_LOSS} of recall@10 against the largest one. */
async function chooseMargin(
  pool: Pool,
  subject: Tuned,
  choosing: Truth,
  searchK: number,
  sketch: Sketching,
): Promise<void> {
  const some = spread(choosing, MARGIN_QUERIES);
  const recallOf = async (margin: number) => {
    setMargin(subject, sketch, margin);
    return (await measureRecall(pool, { ...subject }, some, searchK, [10])).recall[0]!;
  };
  const least = (await recallOf(MARGINS[0]!)) - MARGIN_LOSS;
  let enough = 0;
  for (let tooSmall = MARGINS.length; tooSmall - enough > 1; ) {
    const middle = (enough + tooSmall) >>> 1;
    if ((await recallOf(MARGINS[middle]!)) >= least) enough = middle;
    else tooSmall = middle;
  }
  setMargin(subject, sketch, MARGINS[enough]!);
}

/** Sets the margin, in mean factors, in what is measured and in what will be written. */
function setMargin(subject: Tuned, sketch: Sketching, margin: number): void {
  const head = requireView(openArtifact(subject.bytes, { trusted: true }), "sketchFactors", Float32Array);
  head[MARGIN_AT] = margin * sketch.factor;
  sketch.setMargin(margin * sketch.factor);
  subject.edition++;
}
