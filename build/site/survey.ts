import { readSite, type SiteOptions } from "./read.ts";
import type { SiteReport } from "./report.ts";

/**
 * Reports on the pages of a site without building an index.
 *
 * @throws as {@link readSite}, but not when no page is left
 */
export async function surveySite(location: string, options: SiteOptions = {}): Promise<SiteReport> {
  let report: SiteReport | undefined;
  const onReport = (finished: SiteReport) => {
    report = finished;
    options.onReport?.(finished);
  };
  try {
    for await (const _ of readSite(location, { ...options, onReport }));
  } catch (error) {
    if (!report) throw error;
  }
  // Reading ends with a report.
  return report as SiteReport;
}
