import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { COLUMNS_HEADER, COLUMNS_HEADER_BYTES, MAX_COLUMNS } from "../worker/core/columns/columns.ts";
import * as layout from "../worker/core/format/keyword.ts";
import { INFLECTION_SHARE } from "../worker/core/keyword/bm25.ts";

/** docs/format-keyword.md is normative: whatever its tables say is what the constants must be. */
const text = readFileSync(new URL("../docs/format-keyword.md", import.meta.url), "utf8");

/** Field name to offset, from the first table below a heading. */
function offsets(heading: string, bytes: number): Record<string, number> {
  const start = text.indexOf(`\n## ${heading}\n`);
  expect(start, `a heading ${heading}`).toBeGreaterThan(0);
  const rows = /(?:^\|.*\|\n)+/m.exec(text.slice(start))![0].trim().split("\n").slice(2);
  const fields: Record<string, number> = {};
  let end = 0;
  for (const row of rows) {
    const [offset, type, field] = row
      .split("|")
      .slice(1)
      .map((cell) => cell.trim().replaceAll("`", ""));
    const width = { u32: 4, f64: 8, "8 bytes": 8 }[type!]!;
    expect(Number(offset), `${field} begins behind the field before it`).toBeGreaterThanOrEqual(end);
    end = Number(offset) + width;
    fields[field!] = Number(offset);
  }
  expect(end).toBeLessThanOrEqual(bytes);
  return fields;
}

describe("docs/format-keyword.md", () => {
  test("gives every field of the headers its offset", () => {
    expect(offsets("Keyword header", layout.KEYWORD_HEADER_BYTES)).toEqual(layout.KEYWORD_HEADER);
    expect(offsets("Columns", COLUMNS_HEADER_BYTES)).toEqual(COLUMNS_HEADER);
  });

  test("names the numbers that the code uses", () => {
    const flat = text.replaceAll("\n", " ");
    expect(flat).toContain(`The first ${layout.KEYWORD_HEADER_BYTES} bytes of \`keywordTerms\``);
    expect(flat).toContain(`${layout.TERMS_PER_BLOCK} of them make a block`);
    expect(flat).toContain(`at most ${layout.MAX_TERM_BYTES} bytes`);
    expect(flat).toContain(`more than ${layout.POSTINGS_PER_BLOCK} documents comes in blocks`);
    expect(flat).toContain(`The terms of one stem, at most ${layout.MAX_CLASS_SIZE}, form a ring`);
    expect(flat).toContain(`counts ${INFLECTION_SHARE} when the word itself`);
    expect(flat).toContain(`Its header, ${COLUMNS_HEADER_BYTES} bytes`);
    expect(flat).toContain(`at most ${MAX_COLUMNS} objects`);
    expect(flat).toContain(`from the lowest ${layout.LANGUAGE_BITS.join(" ")} |`);
    expect(flat).toContain(`u32 × ${layout.MAX_LANGUAGES}, the documents of each language`);
    expect(layout.LENGTH_OF_CODE[64 + 8 * 3 + 5]).toBe(2 ** 9 * (1 + 5 / 8));
  });
});
