import { expect, test } from "vitest";
import { SEGMENTED, wordsOf } from "../support/segmented.ts";

test.each(Object.keys(SEGMENTED))("workerd's Intl.Segmenter cuts the %s text as Node's does", (language) => {
  expect(wordsOf(language)).toBe(SEGMENTED[language]!.words);
});
