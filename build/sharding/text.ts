import type { ArtifactMeta, ColumnMeta, KeywordMeta } from "../../worker/core/format/meta.ts";

type TextMeta = Pick<ArtifactMeta, "keyword" | "columns">;

/** Returns the router's meta about words and columns: those of all shards together. */
export function textMetaOf(shards: readonly TextMeta[]): TextMeta {
  const keyword = keywordMeta(shards.flatMap(({ keyword }) => keyword ?? []));
  const columns = columnMeta(shards.flatMap(({ columns }) => columns ?? []));
  return { ...(keyword && { keyword }), ...(columns.length > 0 && { columns }) };
}

/** `terms` are those of the shard that has most: how many they share is not known. */
function keywordMeta(shards: readonly KeywordMeta[]): KeywordMeta | undefined {
  const [first] = shards;
  if (!first) return undefined;
  const documents = shards.reduce((sum, shard) => sum + shard.documents, 0);
  const length = shards.reduce((sum, shard) => sum + shard.documents * shard.averageLength, 0);
  return {
    ...first,
    terms: Math.max(...shards.map(({ terms }) => terms)),
    documents,
    averageLength: documents > 0 ? length / documents : 0,
    positions: shards.every(({ positions }) => positions),
  };
}

function columnMeta(columns: readonly ColumnMeta[]): ColumnMeta[] {
  const byField = new Map<string, ColumnMeta>();
  for (const column of columns) {
    const known = byField.get(column.field);
    byField.set(column.field, {
      ...column,
      array: column.array || (known?.array ?? false),
      values: Math.max(column.values, known?.values ?? 0),
    });
  }
  return [...byField.values()].sort((a, b) => (a.field < b.field ? -1 : 1));
}
