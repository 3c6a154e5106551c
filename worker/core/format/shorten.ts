/** As much of a caller's text as an error repeats, in UTF-16 code units. */
const SHOWN = 60;

/** A text from a request as an error shows it: whole, or its beginning. An answer never echoes a megabyte. */
export function shortened(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN).toWellFormed()}…` : text;
}
