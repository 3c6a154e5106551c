import { randomUUID } from "node:crypto";
import type { DocumentInterface } from "@langchain/core/documents";
import { update } from "../changes/update.ts";
import type { LocalIndex } from "../local/types.ts";
import { type PublishDirOptions, publish } from "../pipeline/publishing.ts";
import { OptionError } from "../settings/errors.ts";
import type { Backend, StoreChange } from "./backend.ts";

interface WritableOptions {
  /** Opens the folder anew. */
  readonly open: () => Promise<LocalIndex>;
  readonly backendOf: (directory: string, index: LocalIndex) => Backend;
  /** Target of publishing after each change; none when left out. */
  readonly publish?: PublishDirOptions | undefined;
}

/** A backend whose folder can be changed: each change is put on top of the base, and the folder opened again. */
export function createWritable(directory: string, index: LocalIndex, options: WritableOptions): Backend {
  const { open, backendOf } = options;
  let current = backendOf(directory, index);
  /** Ends when the changes that were asked for before have been made, or have failed. */
  let last: Promise<unknown> = Promise.resolve();
  const change: Backend["change"] = (documents, ids) => {
    const made = last
      .catch(() => {})
      .then(async () => {
        // Of the documents that there are now: what was asked for before has been done.
        const found = await Promise.all(ids.map((id) => current.document(id)));
        const remove = [...new Set(found.flatMap((document) => document?.id ?? []))];
        if (documents.length + remove.length === 0) return;
        const { outcome } = await update(directory, { documents: [...documents], remove, cache: false });
        if (outcome !== "unchanged") {
          const before = current;
          current = backendOf(directory, await open());
          await before.close();
        }
        // Though nothing has changed: the publish before may have failed.
        if (options.publish) await publish(directory, options.publish);
      });
    last = made;
    return made;
  };
  return {
    kind: "local",
    embeddings: current.embeddings,
    search: (request) => current.search(request),
    document: (id) => current.document(id),
    ids: () => current.ids(),
    save: (target) => current.save(target),
    close: async () => {
      await last.catch(() => {});
      await current.close();
    },
    change,
  };
}

/** Documents to add, with their vectors. @throws OptionError when there are not as many vectors or ids as documents */
export function changesOf(
  vectors: readonly (readonly number[])[],
  documents: readonly DocumentInterface[],
  ids?: readonly string[],
): StoreChange[] {
  for (const [what, list] of Object.entries({ vectors, ids })) {
    if (list && list.length !== documents.length)
      throw new OptionError(`There are ${list.length} ${what} for ${documents.length} documents.`);
  }
  const changes = documents.map(({ id, pageContent, metadata }, i) => ({
    id: ids?.[i] ?? id ?? randomUUID(),
    pageContent,
    metadata,
    vector: vectors[i]!,
  }));
  // Of two with one id the later one counts, as if they had been added one after the other.
  return [...new Map(changes.map((change) => [change.id, change])).values()];
}
