import { slotOf } from "../../worker/core/forest/slots.ts";
import { type AnnoyLayout, layoutsOf } from "../../worker/core/format/annoy.ts";
import { MAX_DIMENSIONS, MAX_ITEMS, METRICS, type Metric } from "../../worker/core/format/constants.ts";
import { diskStore } from "./disk-store.ts";
import { AnnoyIndexError } from "./errors.ts";
import { type BuiltIndex, type ItemStore, memoryStore } from "./item-store.ts";
import { DEFAULT_SEED } from "./random.ts";
import { type AnnoyData, readAnnoy } from "./read.ts";
import { treeRoots } from "./roots.ts";
import { distanceOf, type Searchable, searchable } from "./searchable.ts";
import { writeAnnoyFile } from "./write.ts";

/** A vector as callers have it; truths count as ones, as in Python. */
export type VectorLike = ArrayLike<number> | ArrayLike<boolean>;

/** Items, nearest first, with their distances. */
export type ItemsWithDistances = [items: number[], distances: number[]];

export interface AnnoyIndexOptions {
  /**
   * The node layout of the file, where a metric has two. Left out: the one that the latest release of Annoy loads
   * (`dot-1.17`, `hamming`). `dot` is what Annoy's master branch loads.
   */
  readonly layout?: AnnoyLayout;
}

/**
 * Parts of a built or loaded index, for conversion.
 *
 * @throws AnnoyIndexError `INDEX_NOT_BUILT`
 */
export let dataOf: (index: AnnoyIndex) => AnnoyData;

/**
 * Spotify Annoy's index with its methods, arguments and defaults (names in camelCase): items are added, trees built
 * once, the index saved, loaded and asked; after `build` or `load` it is read-only. Vectors live in shared memory, or
 * in the file given to `onDiskBuild`, never in JavaScript arrays.
 */
export class AnnoyIndex {
  /** Dimensions of a vector. */
  readonly f: number;
  readonly metric: Metric;
  readonly #layout: AnnoyLayout;
  #seed = DEFAULT_SEED;
  #state: "filling" | "building" | "built" | "loaded" = "filling";
  #store: ItemStore;
  #onDisk = false;
  #built: BuiltIndex | undefined;
  /** The built index, opened when it is first asked. */
  #searchable: Searchable | undefined;

  static {
    dataOf = (index) => index.#require().data;
  }

  /** @throws AnnoyIndexError for a metric that Annoy does not have, or impossible dimensions */
  constructor(f: number, metric: Metric = "angular", options: AnnoyIndexOptions = {}) {
    if (!METRICS.includes(metric)) {
      throw new AnnoyIndexError(
        "UNKNOWN_METRIC",
        `No such metric: ${metric}. Annoy has ${METRICS.join(", ")}.`,
      );
    }
    if (!Number.isInteger(f) || f < 1 || f > MAX_DIMENSIONS) {
      throw new AnnoyIndexError(
        "BAD_DIMENSIONS",
        `f must be a whole number from 1 to ${MAX_DIMENSIONS}, not ${f}.`,
      );
    }
    const layouts = layoutsOf(metric);
    const layout = options.layout ?? layouts[0]!;
    if (!layouts.includes(layout)) {
      throw new AnnoyIndexError(
        "UNKNOWN_LAYOUT",
        `Metric ${metric} has no layout ${layout}, but ${layouts.join(" and ")}.`,
      );
    }
    this.f = f;
    this.metric = metric;
    this.#layout = layout;
    this.#store = memoryStore(layout, f);
  }

  /** Adds item `i` with vector `v`, or replaces it. Room is taken for all items up to `i`. */
  addItem(i: number, v: VectorLike): void {
    this.#requireFilling("add an item to");
    if (!Number.isInteger(i) || i < 0 || i >= MAX_ITEMS) {
      throw new AnnoyIndexError(
        "BAD_ITEM",
        `Item index ${i} is not a whole number from 0 to ${MAX_ITEMS - 1}.`,
      );
    }
    this.#store.put(i, this.#vector(v));
  }

  /**
   * Grows `nTrees` trees (-1: until there are twice as many nodes as items) on `nJobs` threads (-1: all cores; their
   * number never changes the trees). Afterwards no item can be added.
   */
  async build(nTrees: number, nJobs = -1): Promise<true> {
    this.#requireFilling("build");
    this.#state = "building";
    try {
      this.#built = await this.#store.build(this.#seed, { nTrees, nJobs });
      this.#state = "built";
      return true;
    } finally {
      if (this.#state === "building") this.#state = "filling";
    }
  }

  /** Drops the trees, so that items can be added again. */
  unbuild(): true {
    if (this.#state === "loaded") {
      throw new AnnoyIndexError("INDEX_LOADED", "You can't unbuild a loaded index.");
    }
    this.#refuseBuilding("unbuild");
    this.#store.unbuild();
    this.#setBuilt(undefined);
    this.#state = "filling";
    return true;
  }

  /**
   * Writes the index as a file that Annoy loads. As in Annoy, the index is then a loaded one.
   *
   * @param _prefault as in Annoy; an index is in memory here anyway
   */
  save(path: string, _prefault = false): true {
    this.#refuseBuilding("save");
    if (this.#state === "filling") {
      throw new AnnoyIndexError("INDEX_NOT_BUILT", "You can't save an index that hasn't been built.");
    }
    // An index built on disk is saved already.
    if (this.#onDisk) return true;
    const { data } = this.#require();
    writeAnnoyFile(path, data);
    const roots = treeRoots(data.trees, data.slots);
    this.#setLoaded({ ...data, trees: { ...data.trees, roots } });
    return true;
  }

  /**
   * Reads an index from a file of Annoy's, of whichever layout the metric has.
   *
   * @param _prefault as in Annoy; the file is read into memory here anyway
   * @throws AnnoyFileError when the file is damaged or was built with another metric or other dimensions
   */
  load(path: string, _prefault = false): true {
    this.#refuseBuilding("load");
    const data = readAnnoy(path, { dimensions: this.f, metric: this.metric });
    this.unload();
    this.#setLoaded(data);
    return true;
  }

  /** Forgets everything: items, trees and seed. */
  unload(): true {
    this.#refuseBuilding("unload");
    this.#store.close();
    this.#store = memoryStore(this.#layout, this.f);
    this.#setBuilt(undefined);
    this.#onDisk = false;
    this.#seed = DEFAULT_SEED;
    this.#state = "filling";
    return true;
  }

  /** The `n` items nearest to item `i`, nearest first; see {@link getNnsByVector}. */
  getNnsByItem(i: number, n: number, searchK?: number, includeDistances?: false): number[];
  getNnsByItem(i: number, n: number, searchK: number, includeDistances: true): ItemsWithDistances;
  getNnsByItem(
    i: number,
    n: number,
    searchK?: number,
    includeDistances?: boolean,
  ): number[] | ItemsWithDistances;
  getNnsByItem(i: number, n: number, searchK = -1, includeDistances = false): number[] | ItemsWithDistances {
    this.#checkItem(i);
    return this.#nearest(this.#row(i), n, searchK, includeDistances);
  }

  /**
   * The `n` items nearest to a vector, nearest first, looking at `searchK` candidates (-1: n times the number of
   * trees); with `includeDistances` a pair of items and distances.
   */
  getNnsByVector(v: VectorLike, n: number, searchK?: number, includeDistances?: false): number[];
  getNnsByVector(v: VectorLike, n: number, searchK: number, includeDistances: true): ItemsWithDistances;
  getNnsByVector(
    v: VectorLike,
    n: number,
    searchK?: number,
    includeDistances?: boolean,
  ): number[] | ItemsWithDistances;
  getNnsByVector(
    v: VectorLike,
    n: number,
    searchK = -1,
    includeDistances = false,
  ): number[] | ItemsWithDistances {
    return this.#nearest(this.#vector(v), n, searchK, includeDistances);
  }

  /** The vector of item `i`; zeros where no item of that number was added. */
  getItemVector(i: number): number[] {
    this.#checkItem(i);
    return Array.from(this.#row(i));
  }

  /** Annoy's distance between two items (dot: the inner product). */
  getDistance(i: number, j: number): number {
    this.#checkItem(i);
    this.#checkItem(j);
    const ready = this.#searchableOrNone();
    if (ready) {
      const a = slotOf(ready.data.slots, i);
      const b = slotOf(ready.data.slots, j);
      if (a >= 0 && b >= 0) return ready.scorer.between(a, b);
    }
    return distanceOf(this.metric, this.#row(i), this.#row(j));
  }

  /** Largest item number plus one. */
  getNItems(): number {
    return this.#state === "loaded" ? this.#require().data.trees.nItems : this.#store.nItems;
  }

  getNTrees(): number {
    return this.#built?.nTrees ?? 0;
  }

  /** Seeds the random numbers that trees are grown from: a whole number. */
  setSeed(n: number | bigint): void {
    if (typeof n !== "bigint" && !Number.isSafeInteger(n)) {
      throw new AnnoyIndexError("BAD_ARGUMENT", `A seed is a whole number, not ${n}.`);
    }
    this.#seed = BigInt(n);
  }

  /** Makes `path` the place where the index is built, in place of memory. Call it before the first item is added. */
  onDiskBuild(path: string): true {
    this.#requireFilling("build on disk");
    if (this.#onDisk || this.#store.nItems > 0) {
      throw new AnnoyIndexError(
        "INDEX_NOT_EMPTY",
        "You can't move an index to disk: call onDiskBuild once, before addItem.",
      );
    }
    this.#store = diskStore(path, this.#layout, this.f);
    this.#onDisk = true;
    return true;
  }

  #nearest(
    query: Float32Array,
    n: number,
    searchK: number,
    includeDistances: boolean,
  ): number[] | ItemsWithDistances {
    if (!Number.isInteger(n) || !Number.isInteger(searchK)) {
      throw new AnnoyIndexError("BAD_ARGUMENT", `n and searchK are whole numbers, not ${n} and ${searchK}.`);
    }
    this.#refuseBuilding("ask");
    const ready = this.#searchableOrNone();
    // Annoy answers nothing before build, and takes a negative n for no limit.
    if (!ready || n === 0) return includeDistances ? [[], []] : [];
    const k = n < 0 ? MAX_ITEMS : n;
    const found = ready.search(query, { k, searchK: n < 0 && searchK === -1 ? -2 : searchK });
    return includeDistances ? [found.items, found.distances] : found.items;
  }

  #vector(v: VectorLike): Float32Array {
    if (v === null || typeof v !== "object" || v.length !== this.f) {
      throw new AnnoyIndexError(
        "BAD_VECTOR",
        `Vector has wrong length (expected ${this.f}, got ${v?.length}).`,
      );
    }
    const vector = new Float32Array(this.f);
    for (let z = 0; z < this.f; z++) {
      const x = v[z];
      vector[z] = typeof x === "number" || typeof x === "boolean" ? Number(x) : Number.NaN;
      if (!Number.isFinite(vector[z])) {
        throw new AnnoyIndexError(
          "BAD_VECTOR",
          `Vector has ${x} in dimension ${z}, which is not a finite float32 number.`,
        );
      }
    }
    return vector;
  }

  /** The stored vector of an item in range; zeros for a hole. */
  #row(i: number): Float32Array {
    const ready = this.#searchableOrNone();
    if (!ready) return this.#store.has(i) ? this.#store.row(i) : new Float32Array(this.f);
    const out = new Float32Array(this.f);
    const slot = slotOf(ready.data.slots, i);
    if (slot >= 0) ready.scorer.decode(slot, out);
    return out;
  }

  #checkItem(i: number): void {
    const nItems = this.getNItems();
    if (Number.isInteger(i) && i >= 0 && i < nItems) return;
    const reason = i < 0 ? "can not be negative" : "is larger than the largest item index or not whole";
    throw new AnnoyIndexError("BAD_ITEM", `Item index ${reason}: ${i}, with ${nItems} items.`);
  }

  #requireFilling(what: string): void {
    this.#refuseBuilding(what);
    if (this.#state === "loaded")
      throw new AnnoyIndexError("INDEX_LOADED", `You can't ${what} a loaded index.`);
    if (this.#state === "built") throw new AnnoyIndexError("INDEX_BUILT", `You can't ${what} a built index.`);
  }

  #refuseBuilding(what: string): void {
    if (this.#state === "building") {
      throw new AnnoyIndexError("INDEX_BUILDING", `You can't ${what} an index while it is being built.`);
    }
  }

  #setLoaded(data: AnnoyData): void {
    this.#store.close();
    this.#store = memoryStore(this.#layout, this.f);
    this.#setBuilt({ nTrees: data.trees.roots.length, open: () => data });
    this.#state = "loaded";
  }

  #setBuilt(built: BuiltIndex | undefined): void {
    this.#built = built;
    this.#searchable = undefined;
  }

  #searchableOrNone(): Searchable | undefined {
    if (!this.#searchable && this.#built) this.#searchable = searchable(this.#built.open());
    return this.#searchable;
  }

  #require(): Searchable {
    const ready = this.#searchableOrNone();
    if (!ready) throw new AnnoyIndexError("INDEX_NOT_BUILT", "The index has not been built.");
    return ready;
  }
}

export { AnnoyIndexError, type AnnoyIndexErrorCode } from "./errors.ts";
