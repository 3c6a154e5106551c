import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compileText, MODULES } from "./compile.ts";
import { BLOCK_ROWS, createKernel } from "./kernels.ts";
import { createRandom } from "./random.ts";

describe("the SIMD kernels", () => {
  it.each(MODULES)("are what their source compiles to: %s", async (name) => {
    const text = readFileSync(new URL(`./${name}.wat`, import.meta.url), "utf8");
    const committed = readFileSync(new URL(`./${name}.wasm`, import.meta.url));
    expect(Buffer.from(await compileText(text)).equals(committed)).toBe(true);
  });

  for (const kind of ["dot", "unit", "taxicab"] as const) {
    for (const [dimensions, columns] of [
      [1, 1],
      [3, 5],
      [37, 4],
      [100, 64],
    ] as const) {
      it(`select what reaches a column's threshold: ${kind}, ${dimensions} dimensions, ${columns} columns`, () => {
        const random = createRandom(3);
        const source = Float32Array.from({ length: 50 * dimensions }, () => random() - 0.5);
        const others = Float32Array.from({ length: columns * dimensions }, () => random() - 0.5);
        const rows = Uint32Array.from({ length: 50 }, (_, i) => 49 - i);
        const kernel = createKernel(dimensions, kind);
        kernel.setColumns(others, columns);
        const sign = kind === "taxicab" ? -1 : 1;
        const biases = Float32Array.from(rows, (row) => row / 100);
        const found = () => {
          const { count, places, scores } = kernel.select(source, rows, 0, 50, sign, biases);
          return Array.from({ length: count }, (_, i) => ({
            place: places[2 * i]!,
            score: scores[2 * i + 1]!,
          }));
        };
        const all = found();
        expect(all.length).toBe(50 * columns);
        const scores = kernel.score(source, rows, 0, 50).slice();
        for (const { place, score } of all) {
          const row = Math.floor(place / kernel.width);
          expect(score).toBeCloseTo(sign * scores[place]! + rows[row]! / 100, 5);
        }
        const middle = all.map(({ score }) => score).sort((a, b) => a - b)[all.length >>> 1]!;
        for (let c = 0; c < columns; c++) kernel.setThreshold(c, middle);
        expect(found()).toEqual(all.filter(({ score }) => score >= middle));
      });

      it(`label rows by their largest score: ${kind}, ${dimensions} dimensions, ${columns} columns`, () => {
        const random = createRandom(4);
        const source = Float32Array.from({ length: 50 * dimensions }, () => (random() - 0.5) / 8);
        const others = Float32Array.from({ length: columns * dimensions }, () => (random() - 0.5) / 8);
        // A column like the first loses to it.
        others.copyWithin((columns - 1) * dimensions, 0, dimensions);
        const rows = Uint32Array.from({ length: 50 }, (_, i) => i);
        const kernel = createKernel(dimensions, kind);
        kernel.setColumns(others, columns);
        const biases = Float32Array.from({ length: columns }, (_, c) => (c % 3) / 1000 - 1);
        biases[columns - 1] = biases[0]!;
        const labels = new Uint32Array(50);
        kernel.label(source, rows, 0, 40, biases, labels);
        kernel.label(source, rows, 40, 10, biases, labels);
        const scores = kernel.score(source, rows, 0, 50);
        for (let r = 0; r < 50; r++) {
          const line = Array.from(biases, (bias, c) => Math.fround(scores[r * kernel.width + c]! + bias));
          expect(labels[r]).toBe(line.indexOf(Math.max(...line)));
        }
      });

      it(`agree with plain sums: ${kind}, ${dimensions} dimensions, ${columns} columns`, () => {
        const random = createRandom(7);
        const source = Float32Array.from({ length: 80 * dimensions }, () => (random() - 0.5) / 4);
        const others = Float32Array.from({ length: columns * dimensions }, () => (random() - 0.5) / 4);
        const rows = Uint32Array.from({ length: 80 }, (_, i) => 79 - i);
        const kernel = createKernel(dimensions, kind);
        kernel.setColumns(others, columns);
        for (const [from, count] of [
          [0, BLOCK_ROWS],
          [64, 16],
          [79, 1],
        ] as const) {
          const scores = kernel.score(source, rows, from, count);
          for (let r = 0; r < count; r++) {
            for (let c = 0; c < columns; c++) {
              let sum = 0;
              for (let i = 0; i < dimensions; i++) {
                const x = source[rows[from + r]! * dimensions + i]!;
                const y = others[c * dimensions + i]!;
                sum += kind === "taxicab" ? Math.abs(x - y) : x * y;
              }
              expect(scores[r * kernel.width + c]).toBeCloseTo(sum, 4);
            }
          }
        }
      });
    }
  }
});
