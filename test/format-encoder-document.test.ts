import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as layout from "../worker/core/format/encoder.ts";

/** docs/format-encoder.md is normative: whatever its tables say is what the constants must be. */
const text = readFileSync(new URL("../docs/format-encoder.md", import.meta.url), "utf8");

/** The rows of the first table below a heading, as cells without backticks. */
function table(heading: string): string[][] {
  const start = text.indexOf(`\n## ${heading}\n`);
  expect(start, `a heading ${heading}`).toBeGreaterThan(0);
  const rows = /(?:^\|.*\|\n)+/m.exec(text.slice(start))![0].trim().split("\n").slice(2);
  return rows.map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
}

/** Field name to offset, after a check that no two fields overlap and all end within the structure. */
function offsets(heading: string, bytes: number): Record<string, number> {
  let end = 0;
  const rows = table(heading);
  for (const [offset, type, field] of rows) {
    const width = { u16: 2, u32: 4, u64: 8, "8 bytes": 8 }[type!]!;
    expect(Number(offset), `${field} begins behind the field before it`).toBeGreaterThanOrEqual(end);
    end = Number(offset) + width;
  }
  expect(end).toBeLessThanOrEqual(bytes);
  return Object.fromEntries(rows.map(([offset, , field]) => [field!, Number(offset)]));
}

describe("docs/format-encoder.md", () => {
  test("gives every field of header and section table its offset", () => {
    expect(offsets("Header", layout.ENCODER_HEADER_BYTES)).toEqual(layout.ENCODER_HEADER);
    expect(offsets("Section table", layout.ENCODER_ENTRY_BYTES)).toEqual(layout.ENCODER_ENTRY);
  });

  test("lists every kind of section and no other", () => {
    const kinds = Object.fromEntries(table("Sections").map(([kind, name]) => [name, Number(kind)]));
    expect(kinds).toEqual(layout.ENCODER_SECTIONS);
  });

  test("gives the matrices of a layer in their order, with their shapes", () => {
    const { matrices } = layout.layerShape(100, 1000);
    const sizes: Readonly<Record<string, number>> = { "3 H": 300, H: 100, F: 1000 };
    const rows = table("Layers").map(([name, rows, columns]) => ({
      name,
      rows: sizes[rows!.split(":")[0]!],
      columns: sizes[columns!],
    }));
    expect(rows).toEqual(matrices.map((matrix) => ({ ...matrix })));
  });

  test("names the numbers that the code uses", () => {
    const hex = layout.ENCODER_MAGIC.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const flat = text.replaceAll("\n", " ");
    expect(flat).toContain(`# The encoder file, version ${layout.ENCODER_MAJOR}.${layout.ENCODER_MINOR} `);
    expect(flat).toContain(hex);
    expect(flat).toContain(`${layout.ENCODER_HEADER_BYTES} bytes at the beginning of the file.`);
    expect(flat).toContain(`Entries of ${layout.ENCODER_ENTRY_BYTES} bytes.`);
    expect(flat).toContain(`at most ${layout.ENCODER_MAX_SECTIONS} |`);
    expect(flat).toContain(`each at a multiple of ${layout.ENCODER_ALIGNMENT}`);
    expect(flat).toContain(`tiles of ${layout.TILE_ROWS} rows by ${layout.TILE_COLUMNS} columns`);
    expect(flat).toContain(`multiple of ${layout.MATRIX_ROWS}, columns of ${layout.MATRIX_COLUMNS}`);
  });

  test("tiles lie by columns, then by rows, and hold their rows one by one", () => {
    const places = Array.from({ length: 8 * 16 }, (_, i) => layout.tilePlace(Math.floor(i / 16), i % 16, 16));
    expect([...places].sort((a, b) => a - b)).toEqual(places.map((_, i) => i));
    expect(layout.tilePlace(1, 0, 16)).toBe(4);
    expect(layout.tilePlace(0, 4, 16)).toBe(16);
    expect(layout.tilePlace(4, 0, 16)).toBe(64);
  });
});
