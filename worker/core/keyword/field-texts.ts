/**
 * The texts of a metadata field, by its name or by its dotted path: a name that has dots goes before a path. Arrays give one text a
 * value; numbers and truth values are texts, too.
 */
export function textsIn(metadata: Readonly<Record<string, unknown>>, field: string): string[] {
  let value: unknown = metadata[field];
  if (value === undefined) {
    value = metadata;
    for (const step of field.split(".")) {
      value = typeof value === "object" && value !== null ? Reflect.get(value, step) : undefined;
    }
  }
  const texts: string[] = [];
  for (const one of Array.isArray(value) ? value : [value]) {
    if (typeof one === "string") texts.push(one);
    else if (typeof one === "number" || typeof one === "boolean") texts.push(String(one));
  }
  return texts;
}
