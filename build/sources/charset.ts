/** Where a page says its own encoding, by HTML's rules: within its beginning. */
const BEGINNING = 1024;
const META = /<meta\s[^>]*?charset\s*=\s*["']?\s*([\w.:-]+)/i;
const OF_TYPE = /charset\s*=\s*["']?\s*([\w.:-]+)/i;

/**
 * The text of a page in the encoding that it is in, as browsers find out: its byte-order mark, what its answer's `Content-Type`
 * says, what it says itself; else UTF-8, and Windows-1252 where it is not that.
 */
export function decodeHtml(bytes: Uint8Array, contentType = ""): string {
  // What can be read as letters of one byte is not UTF-16, whatever it says itself.
  const beginning = new TextDecoder("latin1").decode(bytes.subarray(0, BEGINNING));
  const label =
    markOf(bytes) ??
    OF_TYPE.exec(contentType)?.[1] ??
    META.exec(beginning)?.[1]?.replace(/^utf-?16.*/i, "utf-8");
  const declared = label === undefined ? undefined : decoderOf(label);
  if (declared && declared.encoding !== "utf-8") return declared.decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // A page that says UTF-8 and has a bad byte keeps its other letters; one that says nothing is an old one.
    return new TextDecoder(declared ? "utf-8" : "windows-1252").decode(bytes);
  }
}

function markOf([a, b, c]: Uint8Array): string | undefined {
  if (a === 0xef && b === 0xbb && c === 0xbf) return "utf-8";
  if (a === 0xfe && b === 0xff) return "utf-16be";
  return a === 0xff && b === 0xfe ? "utf-16le" : undefined;
}

/** Undefined for a name that no encoding has. */
function decoderOf(label: string): TextDecoder | undefined {
  try {
    return new TextDecoder(label);
  } catch {
    return undefined;
  }
}
