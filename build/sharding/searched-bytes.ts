import { type Codec, MAX_SECTIONS } from "../../worker/core/format/constants.ts";
import { decodeHeader, tableEnd } from "../../worker/core/format/header.ts";
import { readWhole } from "../local/local-index.ts";

/**
 * Bytes of `forest.bin` that a reader has for a search: the hot part, and behind binary codes the vectors that it
 * reads by range as well.
 */
export async function readSearchedBytes(path: string, codec: Codec): Promise<Uint8Array<SharedArrayBuffer>> {
  const { header } = decodeHeader(await readWhole(path, tableEnd(MAX_SECTIONS)));
  const bytes = await readWhole(path, codec === "binary" ? header.fileBytes : header.hotBytes);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.byteLength));
  shared.set(bytes);
  return shared;
}
