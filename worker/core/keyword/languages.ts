import { stemmer as arabic } from "@orama/stemmers/arabic";
import { stemmer as danish } from "@orama/stemmers/danish";
import { stemmer as dutch } from "@orama/stemmers/dutch";
import { stemmer as finnish } from "@orama/stemmers/finnish";
import { stemmer as french } from "@orama/stemmers/french";
import { stemmer as german } from "@orama/stemmers/german";
import { stemmer as hungarian } from "@orama/stemmers/hungarian";
import { stemmer as italian } from "@orama/stemmers/italian";
import { stemmer as norwegian } from "@orama/stemmers/norwegian";
import { stemmer as portuguese } from "@orama/stemmers/portuguese";
import { stemmer as romanian } from "@orama/stemmers/romanian";
import { stemmer as russian } from "@orama/stemmers/russian";
import { stemmer as spanish } from "@orama/stemmers/spanish";
import { stemmer as swedish } from "@orama/stemmers/swedish";
import { stemmer as turkish } from "@orama/stemmers/turkish";
import { stem as english } from "porter2";
import { AnnoyEdgeError } from "../format/errors.ts";

/**
 * Snowball stemmers by ISO 639-1 code. English comes from porter2: the one in @orama/stemmers is the older Porter
 * algorithm, which folds `inning` into `in` and leaves `canning` apart from nothing.
 */
const STEMMERS = {
  ar: arabic,
  da: danish,
  de: german,
  en: english,
  es: spanish,
  fi: finnish,
  fr: french,
  hu: hungarian,
  it: italian,
  nl: dutch,
  no: norwegian,
  pt: portuguese,
  ro: romanian,
  ru: russian,
  sv: swedish,
  tr: turkish,
} as const;

/** A language with a stemmer, or `none`: words count as they stand. */
export type Language = keyof typeof STEMMERS | "none";

export const LANGUAGES: readonly Language[] = [...(Object.keys(STEMMERS) as Language[]), "none"];

export function isLanguage(text: string): text is Language {
  return (LANGUAGES as readonly string[]).includes(text);
}

/** @throws AnnoyEdgeError `UNKNOWN_LANGUAGE` */
export function checkLanguage(text: string): Language {
  if (isLanguage(text)) return text;
  throw new AnnoyEdgeError(
    "UNKNOWN_LANGUAGE",
    `There is no stemmer for language "${text}"; choose one of ${LANGUAGES.join(", ")}.`,
  );
}

/** The languages of the words of an index, whose texts and queries are cut by the rules of one of them. */
export interface IndexLanguages {
  readonly language: Language;
  /** All of them, that one included. */
  readonly languages: readonly Language[];
}

/** Several languages: texts are cut as English where that is among them, whose contractions others do not have. */
export function severalLanguages(languages: readonly Language[]): IndexLanguages {
  return { language: languages.includes("en") ? "en" : (languages[0] ?? "none"), languages };
}

const LETTERS = /^[\p{L}\p{M}]+$/u;
const MIN_STEMMED = 3;
/** Longer "words" are codes, and some stemmers take quadratic time. */
const MAX_STEMMED = 40;

/** The stem of a lower-case word; the word itself when it is short, long, or no word (digits, signs). */
export function stemWord(language: Language, word: string): string {
  if (language === "none" || word.length < MIN_STEMMED || word.length > MAX_STEMMED) return word;
  if (!LETTERS.test(word)) return word;
  return STEMMERS[language](word) || word;
}
