import { readFile, stat } from "node:fs/promises";
import { tokensOf } from "../../../worker/core/embedding/encoder/encoder.ts";
import { OptionError } from "../../settings/errors.ts";
import type { ModelFolder } from "./folder.ts";
import { type Keep, orderVocabulary } from "./vocabulary.ts";

/** Letters that a language has beside a to z, which all are taken to use, as the inside of a character class. */
const LETTERS: Readonly<Record<string, string>> = {
  ar: "\\p{Script=Arabic}",
  bg: "а-ъьюя",
  bn: "\\p{Script=Bengali}",
  ca: "àçéèíïóòúü",
  cs: "áčďéěíňóřšťúůýž",
  da: "æøåé",
  de: "äöüß",
  el: "\\p{Script=Greek}",
  en: "",
  es: "áéíñóúü",
  et: "äõöüšž",
  fa: "\\p{Script=Arabic}",
  fi: "äåö",
  fr: "àâæçéèêëîïôœùûüÿ",
  he: "\\p{Script=Hebrew}",
  hi: "\\p{Script=Devanagari}",
  hr: "čćđšž",
  hu: "áéíóöőúüű",
  id: "",
  it: "àèéìîòóù",
  ja: "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}ー",
  ko: "\\p{Script=Hangul}\\p{Script=Han}",
  lt: "ąčęėįšųūž",
  lv: "āčēģīķļņšūž",
  nl: "éèëïóöü",
  no: "æøåéòô",
  pl: "ąćęłńóśźż",
  pt: "ãáàâçéêíóôõúü",
  ro: "ăâîșțşţ",
  ru: "а-яё",
  sk: "áäčďéíĺľňóôŕšťúýž",
  sl: "čšž",
  sr: "а-ик-шђјљњћџčćđšž",
  sv: "åäöé",
  ta: "\\p{Script=Tamil}",
  th: "\\p{Script=Thai}",
  tr: "çğıöşüâîû",
  uk: "а-щьюяєіїґ",
  ur: "\\p{Script=Arabic}",
  vi: "àáâãèéêìíòóôõùúýăđĩũơưạ-ỹ",
  zh: "\\p{Script=Han}",
};

/**
 * Keeps tokens whose letters are all of the languages' alphabets.
 *
 * @param codes ISO 639-1
 * @throws OptionError
 */
export function keepLanguages(codes: readonly string[]): Keep {
  const letters = codes.map((code) => {
    const language = code.toLowerCase();
    if (Object.hasOwn(LETTERS, language)) return LETTERS[language]!;
    throw new OptionError(
      `There is no alphabet for ${JSON.stringify(code)}; known are ${Object.keys(LETTERS).join(", ")}. Name a text in --vocabulary instead.`,
    );
  });
  // Marks belong to the letters before them.
  const all = new RegExp(`^(?:[a-z${letters.join("")}]|[^\\p{L}])*$`, "u");
  return ({ token }) => all.test(token.toLowerCase().normalize("NFC"));
}

/**
 * Keeps tokens that the files' texts and the model's prefixes have, and single characters, of which any other word can be
 * made. Of `.jsonl` files the strings count.
 *
 * @throws OptionError
 */
export async function keepVocabulary(folder: ModelFolder, files: readonly string[]): Promise<Keep> {
  const { rows, first, second, scores, model } = orderVocabulary(folder.tokenizer, folder);
  const { normalise, preTokenise } = folder.tokenizer;
  const index = { normalise, preTokenise, model, first, second, scores };
  const used = new Set<number>();
  const use = (text: string): void => {
    for (const token of tokensOf(index, text, Number.POSITIVE_INFINITY)) used.add(rows[token]!);
  };
  use(folder.queryPrefix);
  use(folder.documentPrefix);
  for (const file of files) {
    let text: string;
    try {
      // A device would be read without an end.
      if (!(await stat(file)).isFile()) throw new Error("It is no file.");
      text = await readFile(file, "utf8");
    } catch (cause) {
      throw new OptionError(`The file ${file} cannot be read.`, { cause });
    }
    for (const line of text.split("\n")) use(file.endsWith(".jsonl") ? stringsOf(line, file) : line);
  }
  return ({ id, token }) => used.has(id) || Array.from(token.replace(/^(?:▁|##)/, "")).length <= 1;
}

function stringsOf(line: string, file: string): string {
  if (line.trim() === "") return "";
  const strings: string[] = [];
  try {
    JSON.parse(line, (_, value) => {
      if (typeof value === "string") strings.push(value);
      return value;
    });
  } catch (cause) {
    throw new OptionError(`The file ${file} has a line that is not JSON.`, { cause });
  }
  return strings.join("\n");
}
