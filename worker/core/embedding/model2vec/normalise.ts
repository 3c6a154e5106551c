/**
 * The parts of Hugging Face's tokenizer.json that change text before it is cut into pieces, as plain data that an
 * artifact can carry (https://huggingface.co/docs/tokenizers/components).
 */
export type Normaliser =
  | {
      readonly type: "bert";
      readonly cleanText: boolean;
      readonly chinese: boolean;
      readonly stripAccents: boolean;
      readonly lowercase: boolean;
    }
  | { readonly type: "unicode"; readonly form: "NFC" | "NFD" | "NFKC" | "NFKD" }
  /** SentencePiece's own normalisation: NFKC, with its rules for control characters and blanks. */
  | { readonly type: "sentencepiece" }
  | { readonly type: "lowercase" }
  | { readonly type: "stripAccents" }
  | { readonly type: "strip"; readonly left: boolean; readonly right: boolean }
  | { readonly type: "replace"; readonly pattern: string; readonly regex: boolean; readonly content: string }
  | { readonly type: "prepend"; readonly content: string };

export type PreTokeniser =
  | { readonly type: "bert" }
  | { readonly type: "whitespace" }
  | { readonly type: "whitespaceSplit" }
  | {
      readonly type: "metaspace";
      readonly replacement: string;
      readonly prepend: "always" | "first" | "never";
      readonly split: boolean;
    };

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\u0000\ufffd]|(?![\t\n\r])\p{C}/gu;
const SPACE = /\s/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const PIECE_CONTROL = /[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]/gu;
const PIECE_SPACE = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/gu;
/** NFKC of SentencePiece leaves the full-width tilde alone. */
const TILDE = "\uff5e";
const CHINESE =
  /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;
const MARKS = /\p{Mn}/gu;
const PUNCTUATION = /[!-/:-@[-`{-~\p{P}]/u;
const WORDS = /[\p{L}\p{M}\p{N}\p{Pc}]+|[^\p{L}\p{M}\p{N}\p{Pc}\s]+/gu;

/** Applies normalisers in order. The caller bounds the text: decomposing long runs of marks takes quadratic time. */
export function normalise(text: string, steps: readonly Normaliser[]): string {
  let out = text;
  for (const step of steps) out = applyStep(out, step);
  return out;
}

function applyStep(text: string, step: Normaliser): string {
  switch (step.type) {
    case "bert": {
      let out = text;
      if (step.cleanText) out = out.replace(CONTROL, "").replace(SPACE, " ");
      if (step.chinese) out = out.replace(CHINESE, " $& ");
      if (step.stripAccents) out = out.normalize("NFD").replace(MARKS, "");
      return step.lowercase ? out.toLowerCase() : out;
    }
    case "unicode":
      return text.normalize(step.form);
    case "sentencepiece":
      return text
        .replace(PIECE_CONTROL, "")
        .replace(PIECE_SPACE, " ")
        .split(TILDE)
        .map((part) => part.normalize("NFKC"))
        .join(TILDE);
    case "lowercase":
      return text.toLowerCase();
    case "stripAccents":
      return text.replace(MARKS, "");
    case "strip": {
      const left = step.left ? text.trimStart() : text;
      return step.right ? left.trimEnd() : left;
    }
    case "replace":
      return step.regex
        ? text.replace(new RegExp(step.pattern, "gu"), () => step.content)
        : text.replaceAll(step.pattern, () => step.content);
    case "prepend":
      return text === "" ? text : step.content + text;
  }
}

/** Cuts text into the pieces that the model sees one by one. */
export function preTokenise(text: string, steps: readonly PreTokeniser[]): string[] {
  let pieces = text === "" ? [] : [text];
  for (const step of steps) {
    // `first` is about the beginning of the text, not of each piece.
    pieces = pieces.flatMap((piece, i) => cut(piece, step, i === 0));
  }
  return pieces;
}

function cut(text: string, step: PreTokeniser, first: boolean): string[] {
  switch (step.type) {
    case "bert":
      return cutAtPunctuation(text);
    case "whitespace":
      return text.match(WORDS) ?? [];
    case "whitespaceSplit":
      return text.match(/\S+/gu) ?? [];
    case "metaspace": {
      const mark = step.replacement;
      let marked = text.replaceAll(" ", mark);
      const prepend = step.prepend === "always" || (step.prepend === "first" && first);
      if (prepend && !marked.startsWith(mark)) marked = mark + marked;
      if (!step.split) return [marked];
      const pieces: string[] = [];
      for (let start = 0; start < marked.length; ) {
        const next = marked.indexOf(mark, start + 1);
        const end = next < 0 ? marked.length : next;
        pieces.push(marked.slice(start, end));
        start = end;
      }
      return pieces;
    }
  }
}

/** Words between white space, every punctuation character by itself. */
function cutAtPunctuation(text: string): string[] {
  const pieces: string[] = [];
  for (const word of text.match(/\S+/gu) ?? []) {
    let current = "";
    for (const character of word) {
      if (!PUNCTUATION.test(character)) {
        current += character;
        continue;
      }
      if (current !== "") pieces.push(current);
      pieces.push(character);
      current = "";
    }
    if (current !== "") pieces.push(current);
  }
  return pieces;
}
