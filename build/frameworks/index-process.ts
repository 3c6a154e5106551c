import { build } from "../pipeline/build.ts";
import { publish } from "../pipeline/publishing.ts";
import type { SiteReport } from "../site/report.ts";
import type { IndexSettings } from "./settings.ts";

/** A job for the process that indexes. */
export interface IndexJob extends IndexSettings {
  readonly site: string;
  readonly baseUrl: string;
  readonly out: string;
  readonly name: string;
}

/** Answer of that process when it is done. */
export type IndexAnswer =
  | { readonly done: readonly string[] }
  | { readonly error: { readonly code: string; readonly message: string } };

/** Indexes the site that the parent process names, and answers with what to say about it. */
process.once("message", async (job: IndexJob) => {
  let answer: IndexAnswer;
  try {
    answer = { done: await perform(job) };
  } catch (error) {
    const { code = "INDEXING_FAILED", message } = error as Error & { code?: string };
    answer = { error: { code, message } };
  }
  process.send?.(answer, () => process.disconnect?.());
});

async function perform({ publish: publishing, ...options }: IndexJob): Promise<string[]> {
  let report: SiteReport | undefined;
  const notes: string[] = [];
  const { out } = await build({
    ...options,
    onReport: (finished) => {
      report = finished;
    },
    onNote: (note) => notes.push(note),
  });
  const lines = [...notes, ...(report ? [sentence(report)] : []), ...(report?.warnings ?? [])];
  if (!publishing) return [...lines, `${out} can be published: npx annoy-edge publish ${out}`];
  const { outcome, name, version } = await publish(out, publishing === true ? {} : publishing);
  return [...lines, `${name}: version ${version} is ${outcome}.`];
}

function sentence({ pages, indexed, documents, leftOut }: SiteReport): string {
  const reasons = Object.entries(leftOut).map(([reason, { count }]) => `${reason} ${count}`);
  const rest = reasons.length > 0 ? `; left out: ${reasons.join(", ")}` : "";
  return `${indexed} of ${pages} pages are indexed, as ${documents} documents${rest}.`;
}
