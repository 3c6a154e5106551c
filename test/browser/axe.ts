import axe from "axe-core";
import type { Page } from "playwright-core";

/** Faults that axe-core finds on the page as it stands, one sentence an element. */
export async function axeFindings(page: Page): Promise<string[]> {
  // Evaluated over the debugging protocol, which the page's own security policy does not restrict.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run(document, { resultTypes: ["violations"] }),
  );
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help} (${node.target.join(" ")}: ${node.failureSummary ?? ""})`),
  );
}
