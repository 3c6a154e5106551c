/** Begins and ends a block of code. */
const FENCE = /^ {0,3}(`{3,}|~{3,})/;

/** Longer expressions are no expressions: a brace that nothing closes must not cost a look at the rest each time. */
const LONGEST = 10_000;
const ESM = /^(?:import|export)[\s{*]/;
/** An anchor that a heading is given, as Docusaurus has it; no expression. */
const ANCHOR = /^\{#[\w-]+\}$/;
const LITERAL = /^\{\s*(["'`])((?:(?!\1)[^\\$\n])*)\1\s*\}$/;

/**
 * MDX as Markdown: without imports and exports, comments and expressions, those in attributes of components included. An
 * expression that is a text is that text. What stands in code stays. Not a compiler: good enough to search.
 */
export function withoutMdx(text: string): string {
  let out = "";
  let afterBlank = true;
  for (let at = 0; at < text.length; ) {
    if (at === 0 || text[at - 1] === "\n") {
      const line = lineAt(text, at);
      const fence = FENCE.exec(line)?.[1];
      if (fence !== undefined) {
        const end = endOfFence(text, at + line.length + 1, fence);
        out += text.slice(at, end);
        at = end;
        afterBlank = false;
        continue;
      }
      if (afterBlank && ESM.test(line)) {
        at = endOfStatement(text, at);
        continue;
      }
      afterBlank = line.trim() === "";
    }
    const end = endOfPiece(text, at);
    const piece = text.slice(at, end);
    out +=
      piece.startsWith("{") && end > at + 1 && !ANCHOR.test(piece) ? (LITERAL.exec(piece)?.[2] ?? "") : piece;
    at = end;
  }
  return out;
}

/** The end of what begins here: an escape, code between backticks, an expression, or one character. */
function endOfPiece(text: string, at: number): number {
  switch (text[at]) {
    case "\\":
      return Math.min(text.length, at + 2);
    case "`": {
      const ticks = /^`+/.exec(text.slice(at, at + 100))![0];
      // One or two of them end with their paragraph.
      const paragraph = ticks.length < 3 ? text.indexOf("\n\n", at) : -1;
      const last = paragraph < 0 ? at + LONGEST : paragraph;
      const close = text.slice(at + ticks.length, last).search(new RegExp(`(?<!\`)${ticks}(?!\`)`));
      return close < 0 ? at + ticks.length : at + close + 2 * ticks.length;
    }
    case "{":
      return endOfBraces(text, at) ?? at + 1;
    default:
      return at + 1;
  }
}

/** Behind the brace that closes the one here; undefined when none does. Braces in strings and comments do not count. */
function endOfBraces(text: string, start: number): number | undefined {
  const last = Math.min(text.length, start + LONGEST);
  let depth = 0;
  for (let at = start; at < last; at++) {
    const char = text[at];
    if (char === "{") depth++;
    else if (char === "}" && --depth === 0) return at + 1;
    else if (char === '"' || char === "'" || char === "`") at = endOfString(text, at, last);
    else if (char === "/" && text[at + 1] === "*") at = before(text.indexOf("*/", at + 2), 1, last);
    else if (char === "/" && text[at + 1] === "/" && text[at - 1] !== ":")
      at = before(text.indexOf("\n", at), 0, last);
  }
  return undefined;
}

/** The quote that ends a string; the one here when its line ends first, for it is an apostrophe then. */
function endOfString(text: string, start: number, last: number): number {
  const quote = text[start];
  for (let at = start + 1; at < last; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === quote) return at;
    else if (text[at] === "\n" && quote !== "`") return start;
  }
  return start;
}

function before(found: number, more: number, last: number): number {
  return found < 0 ? last : found + more;
}

/** The line behind a statement of a module: it ends where a line is blank and no brace is open. */
function endOfStatement(text: string, start: number): number {
  for (let at = start; at < text.length; ) {
    const char = text[at];
    if (char === "\n" && lineAt(text, at + 1).trim() === "") return at + 1;
    at = char === "{" ? (endOfBraces(text, at) ?? at + 1) : at + 1;
  }
  return text.length;
}

function endOfFence(text: string, start: number, fence: string): number {
  for (let at = start; at < text.length; ) {
    const line = lineAt(text, at);
    at += line.length + 1;
    if (FENCE.exec(line)?.[1]?.startsWith(fence)) return Math.min(at, text.length);
  }
  return text.length;
}

function lineAt(text: string, at: number): string {
  const end = text.indexOf("\n", at);
  return text.slice(at, end < 0 ? text.length : end);
}
