import { afterAll, beforeAll } from "vitest";
import type { PublishStore } from "../../build/publish/store.ts";
import { temporaryStore } from "./stores.ts";

/** Folder and store of the test file that imports this: made before its tests, removed behind them. */
export let dir: string;
export let store: PublishStore;

let dispose: () => Promise<void>;
beforeAll(async () => {
  ({ dir, store, dispose } = await temporaryStore());
});
afterAll(() => dispose());
