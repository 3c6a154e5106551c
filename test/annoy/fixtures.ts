import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Metric } from "../../worker/core/format/constants.ts";

/** One golden index: its file and what Annoy itself answered. See test/fixtures/annoy/README.md. */
export interface Fixture {
  readonly name: string;
  readonly directory: string;
  readonly ann: string;
  readonly expected: Expected;
  /** The same queries answered by a vectorised build, if recorded. */
  readonly native: Expected | undefined;
  readonly queries: Float32Array;
  /** The vectors that were added, row-major; empty when not kept. */
  readonly rows: Float32Array;
}

export interface Expected {
  readonly metric: Metric;
  readonly f: number;
  readonly n_items: number;
  readonly trees_built?: number;
  readonly n_trees_loaded: number;
  readonly node_size: number;
  readonly K: number;
  readonly n_nodes: number;
  readonly present?: readonly (readonly [number, number])[];
  readonly results: readonly {
    readonly type: "vector" | "item";
    readonly q: number;
    readonly k: number;
    readonly search_k: number;
    readonly ids: readonly number[];
    readonly distances: readonly number[];
  }[];
  readonly item_distances?: readonly (readonly [number, number, number])[];
}

/** ANNOY_FIXTURES replays another folder of the same form, such as the whole set the kept one is a part of. */
const ROOT = process.env.ANNOY_FIXTURES ?? fileURLToPath(new URL("../fixtures/annoy", import.meta.url));

export function annoyFixtures(): Fixture[] {
  const fixtures: Fixture[] = [];
  for (const directory of readdirSync(ROOT, { withFileTypes: true })) {
    if (!directory.isDirectory()) continue;
    const folder = `${ROOT}/${directory.name}`;
    for (const file of readdirSync(folder).sort()) {
      if (!file.endsWith(".ann")) continue;
      const stem = `${folder}/${file.slice(0, -4)}`;
      fixtures.push({
        name: `${directory.name}/${file.slice(0, -4)}`,
        directory: directory.name,
        ann: `${stem}.ann`,
        expected: readJson(`${stem}.json`),
        native: existsSync(`${stem}.native.json`) ? readJson(`${stem}.native.json`) : undefined,
        queries: readFloats(`${stem}.queries.f32`),
        rows: existsSync(`${stem}.f32`) ? readFloats(`${stem}.f32`) : new Float32Array(0),
      });
    }
  }
  return fixtures;
}

function readJson(path: string): Expected {
  return JSON.parse(readFileSync(path, "utf8")) as Expected; // written by the program that made the fixture
}

function readFloats(path: string): Float32Array {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
