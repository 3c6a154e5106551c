import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { Kiss64 } from "../../build/annoy/random.ts";
import type { Metric } from "../../worker/core/format/constants.ts";

/** A folder that goes with the test file that asked for it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "annoy-edge-peers-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Rows of numbers in -1..1, of bits for hamming; the same for the same seed. */
export function randomRows(metric: Metric, count: number, f: number, seed: bigint): Float32Array[] {
  const random = new Kiss64(seed);
  const number = metric === "hamming" ? () => random.index(2) : () => random.index(2001) / 1000 - 1;
  return Array.from({ length: count }, () => Float32Array.from({ length: f }, number));
}

/** Writes rows as float32 and returns the path. */
export function writeRows(path: string, rows: readonly Float32Array[]): string {
  writeFileSync(
    path,
    Buffer.concat(rows.map((row) => new Uint8Array(row.buffer, row.byteOffset, row.byteLength))),
  );
  return path;
}
