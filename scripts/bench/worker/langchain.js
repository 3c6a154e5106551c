import { MemoryVectorStore } from "@langchain/classic/vectorstores/memory";
import { serve } from "./serve.js";

const noEmbeddings = {};

export default serve({
  async open(bytes, { dimensions, count }) {
    const store = new MemoryVectorStore(noEmbeddings);
    const rows = new Float32Array(bytes, 0, count * dimensions);
    const vectors = Array.from({ length: count }, (_, row) =>
      Array.from(rows.subarray(row * dimensions, (row + 1) * dimensions)),
    );
    await store.addVectors(
      vectors,
      vectors.map((_, row) => ({ pageContent: "", metadata: { row } })),
    );
    return {
      async search(query, k) {
        const found = await store.similaritySearchVectorWithScore(Array.from(query), k);
        return found.map(([document]) => document.metadata.row);
      },
    };
  },
});
