import { legacyHookDecode } from "@exodus/bytes/encoding.js";
import sniff from "html-encoding-sniffer";

const OF_TYPE = /charset\s*=\s*["']?\s*([^\s"';,]+)/i;

/**
 * The text of a page in the encoding that it is in, as browsers find out: its byte-order mark, what its answer's `Content-Type`
 * says, what it says itself; else UTF-8, and Windows-1252 where it is not that.
 */
export function decodeHtml(bytes: Uint8Array, contentType = ""): string {
  const declared = sniff(bytes, {
    transportLayerEncodingLabel: labelOf(contentType),
    defaultEncoding: "",
  });
  if (declared !== "") return legacyHookDecode(bytes, declared);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // Browsers find a `meta` behind the beginning while they parse, and begin again.
    return legacyHookDecode(bytes, sniff(bytes, { maxPrescanBytes: Number.POSITIVE_INFINITY }));
  }
}

/** The text of XML, by its byte-order mark, its answer's `Content-Type` or its declaration; else UTF-8. */
export function decodeXml(bytes: Uint8Array, contentType = ""): string {
  return legacyHookDecode(
    bytes,
    sniff(bytes, { xml: true, transportLayerEncodingLabel: labelOf(contentType) }),
  );
}

function labelOf(contentType: string): string | undefined {
  return OF_TYPE.exec(contentType)?.[1];
}
