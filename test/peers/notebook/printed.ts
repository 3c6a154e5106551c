/** Output of the notebook's cells, by the names that python/notebook.py gives them. */
export interface Printed {
  readonly [cell: string]: readonly (string | Scored)[];
}
export type Scored = readonly [text: string, score: number];

/**
 * Output on the page of LangChain's Annoy integration, run with all-mpnet-base-v2 when it was written.
 * https://python.langchain.com/docs/integrations/vectorstores/annoy/
 */
export const PRINTED = {
  "food documents": ["pizza is great", "I love salad", "my car"],
  food: [
    ["pizza is great", 1.0944390296936035],
    ["I love salad", 1.1273186206817627],
    ["my car", 1.1580758094787598],
  ],
  "food from embeddings": [
    ["pizza is great", 1.0944390296936035],
    ["I love salad", 1.1273186206817627],
    ["my car", 1.1580758094787598],
  ],
  "motorbike documents": ["my car", "a dog", "pizza is great"],
  motorbike: [
    ["my car", 1.0870471000671387],
    ["a dog", 1.2095637321472168],
    ["pizza is great", 1.3254905939102173],
  ],
  "document of item 0": ["pizza is great"],
  "item 0": [
    ["pizza is great", 0],
    ["I love salad", 1.0734446048736572],
    ["my car", 1.2895267009735107],
  ],
  "item 0, loaded": [
    ["pizza is great", 0],
    ["I love salad", 1.0734446048736572],
    ["my car", 1.2895267009735107],
  ],
  "eating!": [
    ["pizza is great", 1.1314140558242798],
    ["I love salad", 1.1668788194656372],
    ["my car", 1.226445198059082],
  ],
  "eating! metadata": ["food", "food", "stuff"],
} as const satisfies Printed;

/** The beginning of the best answer to the question, as the page prints it. */
export const SPEECH_BEGINS =
  "Tonight. I call on the Senate to: Pass the Freedom to Vote Act. Pass the John Lewis Voting Rights Ac";
