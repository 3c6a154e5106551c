import { create, insertMultiple, search } from "@orama/orama";
import { serve } from "./serve.js";

export default serve({
  async open(bytes, { dimensions, count }) {
    const database = create({ schema: { vector: `vector[${dimensions}]` } });
    const rows = new Float32Array(bytes, 0, count * dimensions);
    const documents = Array.from({ length: count }, (_, row) => ({
      id: String(row),
      vector: Array.from(rows.subarray(row * dimensions, (row + 1) * dimensions)),
    }));
    await insertMultiple(database, documents, 1000);
    return {
      async search(query, k) {
        const vector = { value: Array.from(query), property: "vector" };
        const found = await search(database, { mode: "vector", vector, similarity: -1, limit: k });
        return found.hits.map(({ id }) => Number(id));
      },
    };
  },
});
