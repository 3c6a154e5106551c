import { type Artifact, requireBytes, requireView } from "./artifact.ts";
import { checksum } from "./checksum.ts";
import { ArtifactError } from "./errors.ts";

/**
 * Docstore ids. Section `ids`: nItems + 1 offsets (u32) into the UTF-8 text that follows them; an item without an id
 * (a hole) has an empty string. Section `idOrder`: the items that have ids, by (XXH32 of the id, item).
 */
export interface IdTable {
  readonly offsets: Uint32Array;
  readonly text: Uint8Array;
  readonly order: Uint32Array;
}

/** @throws ArtifactError `CORRUPT_IDS` when offsets descend or leave the text */
export function openIds(artifact: Artifact): IdTable {
  const { nItems } = artifact.header;
  const bytes = requireBytes(artifact, "ids");
  const head = (nItems + 1) * 4;
  if (bytes.byteLength < head) {
    throw new ArtifactError(
      "CORRUPT_IDS",
      `Section ids has ${bytes.byteLength} bytes, fewer than its ${nItems + 1} offsets.`,
    );
  }
  const offsets = new Uint32Array(bytes.buffer, bytes.byteOffset, nItems + 1);
  const text = bytes.subarray(head);
  if (offsets[0] !== 0 || offsets[nItems] !== text.byteLength) {
    throw new ArtifactError("CORRUPT_IDS", "The id offsets do not span the id text.");
  }
  const order = requireView(artifact, "idOrder", Uint32Array);
  if (order.length > nItems)
    throw new ArtifactError("CORRUPT_IDS", `${order.length} ids for ${nItems} items.`);
  return { offsets, text, order };
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** The docstore id of an item; undefined for a hole or a number out of range. */
export function idOfItem(ids: IdTable, item: number): string | undefined {
  const bytes = idBytes(ids, item);
  return bytes === undefined || bytes.length === 0 ? undefined : decoder.decode(bytes);
}

/** The item with this docstore id, or undefined. O(log n) hashes of stored ids. */
export function itemOfId(ids: IdTable, id: string): number | undefined {
  const wanted = encoder.encode(id);
  if (wanted.length === 0) return undefined;
  const hash = checksum(wanted);
  let low = 0;
  let high = ids.order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (hashAt(ids, middle) < hash) low = middle + 1;
    else high = middle;
  }
  for (; low < ids.order.length && hashAt(ids, low) === hash; low++) {
    const bytes = idBytes(ids, ids.order[low]!);
    if (bytes && bytes.length === wanted.length && bytes.every((byte, i) => byte === wanted[i]))
      return ids.order[low];
  }
  return undefined;
}

function hashAt(ids: IdTable, position: number): number {
  const bytes = idBytes(ids, ids.order[position]!);
  return bytes ? checksum(bytes) : 0;
}

function idBytes(ids: IdTable, item: number): Uint8Array | undefined {
  if (!(item >= 0 && item < ids.offsets.length - 1)) return undefined;
  const start = ids.offsets[item]!;
  const end = ids.offsets[item + 1]!;
  // Untrusted offsets: a subarray clamps to the text, so damage gives a wrong id, never a read outside.
  return end < start ? undefined : ids.text.subarray(start, end);
}

/** Encodes both sections; `ids[item]` is undefined for holes. The inverse of {@link openIds}. */
export function encodeIds(ids: readonly (string | undefined)[]): { ids: Uint8Array; idOrder: Uint8Array } {
  const encoded = ids.map((id) => encoder.encode(id ?? ""));
  const offsets = new Uint32Array(ids.length + 1);
  for (const [i, bytes] of encoded.entries()) offsets[i + 1] = offsets[i]! + bytes.length;
  const out = new Uint8Array(offsets.byteLength + offsets[ids.length]!);
  out.set(new Uint8Array(offsets.buffer));
  for (const [i, bytes] of encoded.entries()) out.set(bytes, offsets.byteLength + offsets[i]!);
  const hashes = encoded.map((bytes) => checksum(bytes));
  const order = new Uint32Array([...ids.keys()].filter((i) => encoded[i]!.length > 0));
  order.sort((a, b) => hashes[a]! - hashes[b]! || a - b);
  return { ids: out, idOrder: new Uint8Array(order.buffer) };
}
