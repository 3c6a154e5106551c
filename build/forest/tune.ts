import { MARGIN_AT } from "../../worker/core/forest/compact/sketches.ts";
import { openArtifact, requireView } from "../../worker/core/format/artifact.ts";
import type { Metric } from "../../worker/core/format/constants.ts";
import type { ArtifactMeta, CertifiedRecall } from "../../worker/core/format/meta.ts";
import { encodeDraft } from "../artifact/folder-files.ts";
import type { HeaderFields, SectionSource } from "../artifact/layout.ts";
import { round } from "../numeric/statistics.ts";
import { certify } from "../recall/certify.ts";
import { halves, type Truth } from "../recall/held-out.ts";
import { DOUBLING, stepsOf } from "../recall/ladder.ts";
import { chooseStep, stepForTexts, surveyRegion } from "../recall/search-k.ts";
import { recordRecall } from "../recall/table.ts";
import type { Pool } from "../threads/pool.ts";
import type { Sketching } from "./encode.ts";

/** Margins to try, in mean factors of the sketches: about the standard error of an estimate. */
const MARGINS = [4, 3, 2.5, 2, 1.75, 1.5, 1.25];
/** Recall that a smaller margin may cost. */
const MARGIN_LOSS = 0.001;
/** Fewer do not show a loss of {@link MARGIN_LOSS}: one neighbour of one query is more. */
const FEWEST_QUERIES = 100;
/** Margin that is taken then: it loses next to nothing on sets that are large enough to measure it. */
const SAFE_MARGIN = 1.6;
/** Estimates are Euclidean; of Manhattan distances they tell less. */
const SAFE_MANHATTAN_MARGIN = 2;

/** Bytes that are measured and changed in turns; `edition` tells the threads when. */
interface Tuned {
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  edition: number;
}

/** Sections in one codec, before they are measured. */
export interface Encoded {
  readonly header: HeaderFields;
  readonly forest: ArtifactMeta["forest"];
  readonly sections: SectionSource[];
  readonly sketch: Sketching | undefined;
}

interface Goal {
  /** Recall@10 that the default searchK is to meet. */
  readonly target: number;
  /** Whether the default visits everything, so that nothing is chosen. */
  readonly whole: boolean;
}

/** Queries with their exact answers: documents, and texts where there are some. */
interface Answers {
  readonly truth: Truth;
  readonly texts: Truth | undefined;
}

/** Opens what the Worker has at hand as it would, and measures what it finds. */
export async function certifySections(
  pool: Pool,
  { header, forest, sections, sketch }: Encoded,
  { truth, texts }: Answers,
  { target, whole }: Goal,
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
  const { metric, codec } = header;
  // Behind binary codes the rescoring tier decides every answer, read by range where it is not in memory.
  const hot = sections.filter((section) => section.hot || codec === "binary");
  const bytes = encodeDraft({ built: { header, forest, certified: draft, sections: hot } });
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.byteLength));
  shared.set(bytes);
  const tuned = { bytes: shared, edition: 0 };
  const { nSlots, nTrees } = header;
  const steps = stepsOf(nSlots, nTrees, header.leafSize);
  const options = { nSlots, steps, target };
  if (nTrees === 0) {
    const certified = await certify(
      pool,
      tuned,
      truth,
      { ...options, chosen: steps.last, end: steps.last },
      onProgress,
    );
    return { ...certified, choosingQueries: 0 };
  }
  const { choosing, certifying } = halves(truth);
  const estimates = sketch && codec !== "binary" ? sketch : undefined;
  let chosen = steps.last;
  let end = steps.last;
  if (whole) {
    if (estimates) setMargin(tuned, estimates, safeMargin(metric));
  } else {
    const enough = choosing.queries.length >= FEWEST_QUERIES;
    const survey = await surveyRegion(
      pool,
      { ...tuned },
      choosing,
      options,
      estimates && enough ? MARGINS : [],
    );
    onProgress(0.3);
    if (estimates) {
      const sparing = MARGINS.findLastIndex((_, i) => (survey.lost[i] ?? 1) <= MARGIN_LOSS);
      setMargin(tuned, estimates, enough ? MARGINS[Math.max(0, sparing)]! : safeMargin(metric));
    }
    chosen = await chooseStep(pool, { ...tuned }, choosing, options, survey);
    // The table shows what more than the default would buy: see where certify ends it.
    end = survey.region;
    while (survey.met && end < steps.last && (end < chosen || steps.at(end) <= nSlots / 8)) end += DOUBLING;
    end = Math.min(steps.last, end);
  }
  const raised = texts && !whole ? await stepForTexts(pool, { ...tuned }, texts, options, chosen) : undefined;
  if (raised) end = Math.max(end, Math.min(steps.last, raised.step));
  onProgress(0.5);
  const share = (part: number) => onProgress(0.5 + part / 2);
  chosen = raised?.step ?? chosen;
  const certified = await certify(pool, { ...tuned }, certifying, { ...options, chosen, end }, share);
  const asked = texts && (await recallOfTexts(pool, { ...tuned }, texts, certified.defaultSearchK));
  return { ...certified, choosingQueries: choosing.queries.length, ...(asked && { texts: asked }) };
}

async function recallOfTexts(pool: Pool, measured: Tuned, texts: Truth, searchK: number) {
  const [found] = await recordRecall(pool, measured, texts, { searchKs: [searchK], at: [10], margins: [] });
  return { queries: texts.queries.length, recallAt10: round(found!.recall[0]!) };
}

/** Returns the margin for sets with too few queries to choose one. */
function safeMargin(metric: Metric): number {
  return metric === "manhattan" ? SAFE_MANHATTAN_MARGIN : SAFE_MARGIN;
}

/** Sets the margin, in mean factors, in what is measured and in what will be written. */
function setMargin(measured: Tuned, sketch: Sketching, margin: number): void {
  const head = requireView(openArtifact(measured.bytes, { trusted: true }), "sketchFactors", Float32Array);
  head[MARGIN_AT] = margin * sketch.factor;
  sketch.setMargin(margin * sketch.factor);
  measured.edition++;
}
