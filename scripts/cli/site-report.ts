import { REASONS, type SiteReport } from "../../build/index.ts";
import { count } from "./terminal.ts";

/** Examples that a report shows of each kind; `--json` has all. */
const EXAMPLES = 3;

/** Report on the pages of a site, by reason. */
export function describeSite({
  pages,
  indexed,
  documents,
  leftOut,
  linkLists,
  warnings,
  explained,
}: SiteReport): string {
  const lines = [
    `site: ${count(indexed)} of ${count(pages, "page")} indexed, as ${count(documents, "document")}`,
  ];
  for (const [reason, sentence] of Object.entries(REASONS)) {
    const found = leftOut[reason as keyof typeof REASONS];
    if (!found) continue;
    const shown = found.pages.map(({ page, detail }) => (detail ? `${page} (${detail})` : page));
    lines.push(`  ${count(found.count)} left out: they ${sentence}: ${examples(shown)}`);
  }
  if (linkLists.length > 0) {
    const characters = linkLists.reduce((sum, list) => sum + list.characters, 0);
    const shown = linkLists.map(({ page, heading }) => `${page} (${heading})`);
    lines.push(
      `  ${count(linkLists.length)} lists of links, of which only the beginning is indexed (${count(characters, "character")} are not): ${examples(shown)}`,
    );
  }
  if (warnings.length > 0) lines.push(`  ${count(warnings.length, "warning")}: ${examples(warnings)}`);
  if (explained) lines.push(describeExplained({ explained }));
  return lines.join("\n");
}

/** Report on the page that was asked about. */
export function describeExplained({ explained }: Pick<SiteReport, "explained">): string {
  if (!explained) return "";
  const { page, outcome, detail, url, title, sections = [], linkLists = [], warnings = [] } = explained;
  if (outcome === "unknown") return `${page}: the site has no such page.`;
  if (outcome !== "indexed")
    return `${page} is left out: such pages ${REASONS[outcome]}${detail ? ` (${detail})` : ""}.`;
  const found = sections.map(
    ({ url: address, heading, characters }) => `  ${address}  ${heading} (${count(characters, "character")})`,
  );
  const lists = linkLists.map(
    ({ heading, characters }) =>
      `  "${heading}" is a list of links: ${count(characters, "character")} of it are not indexed`,
  );
  return [
    `${page} is indexed as ${url}, titled "${title}":`,
    ...found,
    ...lists,
    ...warnings.map((w) => `  ${w}`),
  ].join("\n");
}

function examples(all: readonly string[]): string {
  const shown = all.slice(0, EXAMPLES).join("; ");
  return all.length > EXAMPLES ? `${shown}; …` : shown;
}
