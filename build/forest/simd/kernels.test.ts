import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createRandom } from "../random.ts";
import { compileKernels } from "./compile.ts";
import { BLOCK_ROWS, createKernel } from "./kernels.ts";

describe("the SIMD kernels", () => {
  it("are what kernels.wat compiles to", async () => {
    const text = readFileSync(new URL("./kernels.wat", import.meta.url), "utf8");
    const committed = readFileSync(new URL("./kernels.wasm", import.meta.url));
    expect(Buffer.from(await compileKernels(text)).equals(committed)).toBe(true);
  });

  for (const kind of ["dot", "taxicab"] as const) {
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
        const biasOf = (row: number) => row / 100;
        const all: { column: number; row: number; score: number }[] = [];
        kernel.select(source, rows, 0, 50, sign, biasOf, (column, row, score) =>
          all.push({ column, row, score }),
        );
        expect(all.length).toBe(50 * columns);
        const scores = kernel.score(source, rows, 0, 50);
        for (const { column, row, score } of all)
          expect(score).toBeCloseTo(sign * scores[(49 - row) * kernel.width + column]! + row / 100, 5);
        const middle = all.map(({ score }) => score).sort((a, b) => a - b)[all.length >>> 1]!;
        for (let c = 0; c < columns; c++) kernel.setThreshold(c, middle);
        const some: typeof all = [];
        kernel.select(source, rows, 0, 50, sign, biasOf, (column, row, score) =>
          some.push({ column, row, score }),
        );
        expect(some).toEqual(all.filter(({ score }) => score >= middle));
      });

      it(`agree with plain sums: ${kind}, ${dimensions} dimensions, ${columns} columns`, () => {
        const random = createRandom(7);
        const source = Float32Array.from({ length: 80 * dimensions }, () => random() - 0.5);
        const others = Float32Array.from({ length: columns * dimensions }, () => random() - 0.5);
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
                sum += kind === "dot" ? x * y : Math.abs(x - y);
              }
              expect(scores[r * kernel.width + c]).toBeCloseTo(sum, 4);
            }
          }
        }
      });
    }
  }
});
