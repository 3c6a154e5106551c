/**
 * Texts of the page, by the content of the index. The default voice fits any documents.
 *
 * @typedef {object} Voice
 * @property {string} title
 * @property {string} label the beginning of the sentence that the query ends
 * @property {string} nearLabel the same, when an entry is looked around
 * @property {string} placeholder
 * @property {(count: number) => string} count
 * @property {(items: number) => string} note what there is to search
 * @property {readonly string[]} examples
 * @property {Filter} [filter] absent when nothing is to be chosen
 *
 * @typedef {object} Filter
 * @property {string} field of the metadata
 * @property {string} label
 * @property {readonly (readonly [value: string, name: string])[]} choices the empty value is no filter
 */

/** @type {Voice} */
const DOCUMENTS = {
  title: "Search by meaning",
  label: "Find what says",
  nearLabel: "Find what is near",
  placeholder: "in your own words",
  count: (count) => (count === 1 ? "1 passage" : `${count.toLocaleString("en")} passages`),
  note: (items) => `${items.toLocaleString("en")} passages, by meaning`,
  examples: [],
};

/** @type {Voice} */
const WORDNET = {
  title: "A reverse dictionary",
  label: "What is the word for",
  nearLabel: "Which words are near",
  placeholder: "someone who cannot sleep",
  count: (count) => (count === 1 ? "1 word" : `${count.toLocaleString("en")} words`),
  note: (items) => `${items.toLocaleString("en")} definitions, by meaning`,
  examples: [
    "fear of spiders",
    "a word spelled the same backwards",
    "to walk without lifting the feet",
    "an unexpected piece of good luck",
    "active at night",
    "the line where sky and earth meet",
    "someone who eats no meat",
    "speak very quietly",
  ],
  filter: {
    field: "partOfSpeech",
    label: "Part of speech",
    choices: [
      ["", "all words"],
      ["noun", "nouns"],
      ["verb", "verbs"],
      ["adjective", "adjectives"],
      ["adverb", "adverbs"],
    ],
  },
};

/**
 * @param {unknown} kind what the index says its documents are
 * @returns {Voice}
 */
export function voiceOf(kind) {
  return kind === "wordnet" ? WORDNET : DOCUMENTS;
}
