import { cp, rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { UpdateResult } from "../../../build/changes/update.ts";
import { update } from "../../../build/index.ts";
import { openLocalStore } from "../../../build/publish/local.ts";
import { readPointerState } from "../../../build/publish/pointer.ts";
import type { PublishResult } from "../../../build/publish/result.ts";
import { withStore } from "../../../build/publish/store.ts";
import { readWordNet } from "../../../build/sources/wordnet.ts";
import { publishLocally, serve } from "../../demo/index.ts";
import { ROOT } from "../tool.ts";

export const NAME = "wordnet-updates";
/** Seconds between two looks of the Worker at the pointer. */
export const REFRESH_SECONDS = 5;
const POLL_MS = 50;

/** An update, and how long it took. */
export interface TimedUpdate extends UpdateResult {
  readonly seconds: number;
}

/** Replaces a share of the documents by edited ones and removes a tenth as many, in a copy of the folder. */
export async function makeChanged(base: string, out: string, share: number): Promise<TimedUpdate> {
  await rm(out, { recursive: true, force: true });
  await cp(base, out, { recursive: true });
  const step = Math.round(1 / share);
  const remove: string[] = [];
  const documents: { id: string; pageContent: string; metadata: Readonly<Record<string, unknown>> }[] = [];
  let i = 0;
  for await (const { id, pageContent, metadata = {} } of readWordNet()) {
    if (i % step === 0) documents.push({ id, pageContent: `${pageContent}; revised`, metadata });
    else if (i % (step * 10) === 1) remove.push(id);
    i++;
  }
  const began = performance.now();
  const result = await update(out, { documents, remove });
  return { ...result, seconds: (performance.now() - began) / 1000 };
}

export interface PublishFigures {
  readonly fullBytes: number;
  readonly changedBytes: number;
  /** Bytes that an isolate reads of the base, and of the changes when it holds the base. */
  readonly baseHeld: number;
  readonly changesHeld: number;
  readonly publishSeconds: number;
  /** Seconds from the end of publishing to the first answer from the new version. */
  readonly answeredAfter: number;
}

const bytesOf = ({ written }: PublishResult): number => written.objectBytes + written.pageBytes;

/** Publishes the base, serves it from workerd, publishes the changes, and waits for the first answer from them. */
export async function measurePublishing(
  base: string,
  changed: string,
  state: string,
): Promise<PublishFigures> {
  await rm(state, { recursive: true, force: true });
  const target = { root: ROOT, persistTo: state };
  const full = await publishLocally(base, target);
  await using server = await serve({
    ...target,
    variables: { INDEX_NAME: NAME, LOG: "off", REFRESH_SECONDS: String(REFRESH_SECONDS) },
    patience: 180_000,
  });
  const ask = async (): Promise<string> => {
    const response = await fetch(new URL("/v1/search?q=a%20revised%20edition&k=3", server.url));
    return ((await response.json()) as { version: string }).version;
  };
  await ask();
  const began = performance.now();
  const part = await publishLocally(changed, target);
  const published = performance.now();
  while ((await ask()) !== part.version) await sleep(POLL_MS);
  const answered = performance.now();
  const found = await withStore(
    () => openLocalStore(target),
    (store) => readPointerState(store, NAME),
  );
  const { base: beneath, forestHot = 0, placementHot = 0 } = found?.pointer?.lengths ?? {};
  return {
    fullBytes: bytesOf(full),
    changedBytes: bytesOf(part),
    baseHeld: (beneath?.forestHot ?? 0) + (beneath?.placementHot ?? 0),
    changesHeld: forestHot + placementHot,
    publishSeconds: (published - began) / 1000,
    answeredAfter: (answered - published) / 1000,
  };
}
