/** Writes a table of Markdown. The first column and those with long cells are text, the others numbers. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const isText = (column: number) => column === 0 || rows.some((row) => (row[column]?.length ?? 0) > 24);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (isText(i) ? "---" : "--:"))), ...rows.map(line)].join("\n");
}
