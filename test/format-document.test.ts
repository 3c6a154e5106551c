import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as format from "../worker/core/format/constants.ts";
import { type ArtifactHeader, encodeHeader } from "../worker/core/format/header.ts";
import { MAX_PAGE_BYTES, MAX_PAGE_LINES } from "../worker/core/format/page.ts";
import {
  HASH_BYTES,
  PAGE_ENTRY,
  PAGE_ENTRY_BYTES,
  PLACEMENT_HEADER,
  PLACEMENT_HEADER_BYTES,
  PLACEMENT_MAGIC,
  placementEntry,
} from "../worker/core/format/placement.ts";

/** docs/format.md is normative: whatever its tables say is what the constants must be. */
const text = readFileSync(new URL("../docs/format.md", import.meta.url), "utf8");

/** The rows of the first table below a heading, as cells without backticks. */
function table(heading: string, nth = 0): string[][] {
  const start = text.search(new RegExp(`^#+ ${heading}$`, "m"));
  if (start < 0) throw new Error(`docs/format.md has no heading ${heading}`);
  const tables = text.slice(start).match(/(?:^\|.*\|\n)+/gm) ?? [];
  const lines = (tables[nth] ?? "").trim().split("\n").slice(2);
  return lines.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
}

const WIDTHS: Readonly<Record<string, number>> = { u8: 1, u16: 2, u32: 4, u64: 8, f32: 4 };

function widthOf(type: string): number {
  return WIDTHS[type] ?? Number(/^(\d+) bytes$/.exec(type)?.[1]);
}

/** Field name to offset, after a check that no two fields overlap and all end within the structure. */
function fields(heading: string, bytes: number): Record<string, number> {
  const rows = table(heading);
  let end = 0;
  for (const [offset, type, field] of rows) {
    expect(Number(offset), `${field} begins before its predecessor ends`).toBeGreaterThanOrEqual(end);
    end = Number(offset) + widthOf(type ?? "");
    expect(end, `${field} has a type with a width and lies within ${heading}`).toBeLessThanOrEqual(bytes);
  }
  return Object.fromEntries(rows.map(([offset, , field]) => [field, Number(offset)]));
}

function enumeration(heading: string): string[] {
  const rows = table(heading);
  expect(rows.map(([number]) => Number(number))).toEqual(rows.map((_, i) => i));
  return rows.map(([, name]) => name ?? "");
}

describe("docs/format.md", () => {
  test("gives every field of the header its offset", () => {
    expect(fields("Header", format.HEADER_BYTES)).toEqual(format.HEADER);
  });

  test("gives the header's fields the types that are written", () => {
    const header: ArtifactHeader = {
      major: 1,
      minor: 7,
      fileBytes: 2 ** 40 + 3,
      hotBytes: 2 ** 33 + 5,
      metric: "dot",
      codec: "int8",
      forestKind: "annoy",
      rescore: "float32",
      dimensions: 65_536,
      nItems: 2 ** 31 - 1,
      nSlots: 2 ** 31 - 2,
      nTrees: 4_000_000_001,
      defaultSearchK: 4_000_000_002,
      seed: 4_000_000_003,
      leafSize: 4_000_000_004,
      certifiedRecall: 0.5,
    };
    const bytes = encodeHeader(header, []);
    const view = new DataView(bytes.buffer);
    const readers: Readonly<Record<string, (at: number) => number>> = {
      u8: (at) => view.getUint8(at),
      u16: (at) => view.getUint16(at, true),
      u32: (at) => view.getUint32(at, true),
      u64: (at) => Number(view.getBigUint64(at, true)),
      f32: (at) => view.getFloat32(at, true),
    };
    const written: Record<string, number> = {};
    for (const [offset, type, field] of table("Header")) {
      const read = readers[type ?? ""];
      if (read) written[field ?? ""] = read(Number(offset));
    }
    expect(written).toMatchObject({
      major: 1,
      minor: 7,
      headerBytes: format.HEADER_BYTES,
      fileBytes: header.fileBytes,
      hotBytes: header.hotBytes,
      sectionCount: 0,
      sectionEntryBytes: format.SECTION_ENTRY_BYTES,
      metric: format.METRICS.indexOf("dot"),
      codec: format.CODECS.indexOf("int8"),
      forestKind: format.FOREST_KINDS.indexOf("annoy"),
      rescoreCodec: format.CODECS.indexOf("float32"),
      dimensions: header.dimensions,
      nItems: header.nItems,
      nSlots: header.nSlots,
      nTrees: header.nTrees,
      defaultSearchK: header.defaultSearchK,
      seed: header.seed,
      leafSize: header.leafSize,
      certifiedRecall: 0.5,
    });
  });

  test("gives the signature byte by byte", () => {
    const [, , , meaning] = table("Header")[0] ?? [];
    expect(meaning).toContain(hex(format.MAGIC));
    expect(table("Placement header")[0]?.[3]).toContain(hex(PLACEMENT_MAGIC));
  });

  test("gives every field of a section's entry its offset", () => {
    expect(fields("Section table", format.SECTION_ENTRY_BYTES)).toEqual(format.SECTION_ENTRY);
    const flags = table("Section table", 1).map(([bit, name]) => [name, Number(bit)]);
    expect(Object.fromEntries(flags)).toEqual(format.SECTION_FLAGS);
  });

  test("numbers metrics, codecs and forest kinds as the code does", () => {
    expect(enumeration("Metrics")).toEqual([...format.METRICS]);
    expect(enumeration("Codecs")).toEqual([...format.CODECS]);
    expect(enumeration("Forest kinds")).toEqual([...format.FOREST_KINDS]);
  });

  test("lists every kind of section and no other", () => {
    const kinds = Object.fromEntries(table("Section kinds").map(([kind, name]) => [name, Number(kind)]));
    expect(kinds).toEqual(format.SECTIONS);
  });

  test("lists every code of a damaged artifact and no other", () => {
    const source = readFileSync(new URL("../worker/core/format/errors.ts", import.meta.url), "utf8");
    const [, union] = /type ArtifactErrorCode =([^;]+);/.exec(source) ?? [];
    const codes = Array.from(union?.matchAll(/"([A-Z_]+)"/g) ?? [], (match) => match[1]);
    expect(table("Reading").flatMap(([code]) => code?.split(", "))).toEqual(codes);
  });

  test("states the sizes and limits that the code has", () => {
    const { HEADER_BYTES, SECTION_ENTRY_BYTES, SECTION_ALIGNMENT, FORMAT_MAJOR, FORMAT_MINOR } = format;
    expect(text).toContain(`# The artifact format, version ${FORMAT_MAJOR}.${FORMAT_MINOR}\n`);
    expect(text).toContain(`${HEADER_BYTES} bytes at the beginning of the file.`);
    expect(text).toContain(`${HEADER_BYTES} + ${SECTION_ENTRY_BYTES} n`);
    expect(text).toContain(`a multiple of ${SECTION_ALIGNMENT}, not within another section`);
    expect(Object.fromEntries(table("Header").map(([, , field, meaning]) => [field, meaning]))).toMatchObject(
      {
        headerBytes: `at least ${HEADER_BYTES}: start of the section table`,
        sectionCount: `at most ${format.MAX_SECTIONS}`,
        sectionEntryBytes: `at least ${SECTION_ENTRY_BYTES}`,
        dimensions: `1 to ${format.MAX_DIMENSIONS.toLocaleString("en-US")}`,
      },
    );
    expect(format.MAX_ITEMS).toBe(2 ** 31 - 1);
    expect(format.NO_SLOT).toBe(0xffff_ffff);
  });

  test("gives every field of a placement its offset", () => {
    expect(fields("Placement header", PLACEMENT_HEADER_BYTES)).toEqual(PLACEMENT_HEADER);
    expect(fields("Page entry", PAGE_ENTRY_BYTES)).toEqual(PAGE_ENTRY);
    const parts = table("placement.bin").map(([part, type]) => `${part}: ${type}`);
    expect(parts.slice(0, 3)).toEqual([
      `header: ${PLACEMENT_HEADER_BYTES} bytes`,
      `packs: ${HASH_BYTES} bytes × nPacks`,
      `pages: ${PAGE_ENTRY_BYTES} bytes × nPages`,
    ]);
    const limits = table("Page entry").map(([, , field, meaning]) => [field, meaning]);
    expect(limits).toContainEqual(["bytes", `1 to ${MAX_PAGE_BYTES / 2 ** 20} MiB`]);
    expect(limits).toContainEqual(["lines", `1 to ${MAX_PAGE_LINES}`]);
    expect(text).toContain(`page x ${placementEntry(1, 0)} + line`);
  });
});

function hex(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
