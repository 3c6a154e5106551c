/** Limits of chunks, in a unit. */
export interface ChunkLimits {
  readonly chunkSize: number;
  readonly chunkOverlap: number;
  /** Returns the length of a text in the unit, above `chunkSize` any such number; default: UTF-16 units. */
  readonly lengthOf?: (text: string) => number;
}

const unitsOf = ({ length }: string): number => length;

/** Separators of a kind of text, the strongest first; the empty one parts characters. */
const TEXT_SEPARATORS = ["\n\n", "\n", " ", ""];
const MARKDOWN_SEPARATORS = [
  ...[2, 3, 4, 5, 6].map((level) => `\n${"#".repeat(level)} `),
  "```\n\n",
  ...["***", "---", "___"].map((rule) => `\n\n${rule}\n\n`),
  ...TEXT_SEPARATORS,
];

/** Cuts a text at blank lines alone. A paragraph that is longer than a chunk stays whole. */
export function splitParagraphs(text: string, limits: ChunkLimits): string[] {
  const paragraphs = text.split("\n\n").filter((paragraph) => paragraph !== "");
  return mergePieces(paragraphs, "\n\n", limits);
}

/** Cuts a text by paragraphs, what is longer by lines, and so on by words and characters. */
export function splitText(text: string, limits: ChunkLimits): string[] {
  return splitBy(text, TEXT_SEPARATORS, limits);
}

/** Cuts Markdown by headings, code blocks and rules, then as {@link splitText} does. */
export function splitMarkdown(text: string, limits: ChunkLimits): string[] {
  return splitBy(text, MARKDOWN_SEPARATORS, limits);
}

/** The chunks are those of LangChain's RecursiveCharacterTextSplitter, except that no character is cut in two. */
function splitBy(text: string, separators: readonly string[], limits: ChunkLimits): string[] {
  const { chunkSize, lengthOf = unitsOf } = limits;
  const at = separators.findIndex((separator) => text.includes(separator));
  const separator = separators[at] ?? "";
  const chunks: string[] = [];
  let small: string[] = [];
  const merge = () => {
    for (const chunk of mergePieces(small, "", limits)) chunks.push(chunk);
    small = [];
  };
  for (const piece of separator === "" ? text : piecesOf(text, separator)) {
    if (lengthOf(piece) < chunkSize) {
      small.push(piece);
      continue;
    }
    merge();
    if (separator === "") chunks.push(piece);
    else for (const chunk of splitBy(piece, separators.slice(at + 1), limits)) chunks.push(chunk);
  }
  merge();
  return chunks;
}

/** Pieces of a text, each but the first with the separator before it. */
function* piecesOf(text: string, separator: string): Generator<string> {
  let start = 0;
  while (start < text.length) {
    const next = text.indexOf(separator, start + 1);
    const end = next < 0 ? text.length : next;
    yield text.slice(start, end);
    start = end;
  }
}

/** Joins pieces to chunks as long as the limit allows; each chunk begins with pieces of the one before, up to the overlap. */
function mergePieces(pieces: readonly string[], separator: string, limits: ChunkLimits): string[] {
  const { chunkSize, chunkOverlap, lengthOf = unitsOf } = limits;
  const chunks: string[] = [];
  const lengths = pieces.map(lengthOf);
  const between = lengthOf(separator);
  // The chunk is pieces[first..next), of `total` units without separators.
  let first = 0;
  let total = 0;
  const push = (end: number) => {
    const chunk = pieces.slice(first, end).join(separator).trim();
    if (chunk !== "") chunks.push(chunk);
  };
  for (const [next, length] of lengths.entries()) {
    const exceeds = () => total + length + (next - first) * between > chunkSize;
    if (next > first && exceeds()) {
      push(next);
      while (total > chunkOverlap || (exceeds() && total > 0)) {
        total -= lengths[first]!;
        first++;
      }
    }
    total += length;
  }
  push(pieces.length);
  return chunks;
}
