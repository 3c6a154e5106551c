import { expect, test } from "vitest";
import { SEGMENTED, wordsOf } from "./segmented.ts";

test.each(Object.keys(SEGMENTED))("Node's Intl.Segmenter cuts the %s text into these words", (language) => {
  expect(wordsOf(language)).toBe(SEGMENTED[language]!.words);
});
