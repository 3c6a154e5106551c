/** A folded expression or instruction of WebAssembly text. */
export type Wat = string;

/** One instruction with its operands: `op("i32.add", get("a"), i32(4))`. */
export function op(name: string, ...operands: readonly (Wat | number)[]): Wat {
  return `(${[name, ...operands].join(" ")})`;
}

export const get = (name: string): Wat => `(local.get $${name})`;
export const set = (name: string, value: Wat): Wat => `(local.set $${name} ${value})`;
export const i32 = (value: number): Wat => `(i32.const ${value})`;
export const f32 = (value: number): Wat => `(f32.const ${value})`;
export const splat = (value: number): Wat => op("f32x4.splat", f32(value));
export const add = (a: Wat, b: Wat): Wat => op("i32.add", a, b);
export const mul = (a: Wat, b: Wat): Wat => op("i32.mul", a, b);
export const move = (name: string, bytes: Wat | number): Wat =>
  set(name, add(get(name), typeof bytes === "number" ? i32(bytes) : bytes));
export const load = (address: Wat, offset = 0): Wat => op("v128.load", `offset=${offset}`, address);
export const store = (address: Wat, value: Wat, offset = 0): Wat =>
  op("v128.store", `offset=${offset}`, address, value);
export const zeros: Wat = "(v128.const i32x4 0 0 0 0)";

let loops = 0;

/** Repeats `body` while `$counter` + `step` does not pass `$limit`; the body sees `$counter` as it grows. */
export function during(counter: string, limit: string, step: number, body: readonly Wat[]): Wat {
  const label = `$loop${loops++}`;
  return op(
    "block",
    `${label}out`,
    op(
      "loop",
      label,
      op("br_if", `${label}out`, op("i32.gt_u", add(get(counter), i32(step)), get(limit))),
      ...body,
      move(counter, step),
      op("br", label),
    ),
  );
}

/** `during` from zero. */
export function forEach(counter: string, limit: string, step: number, body: readonly Wat[]): Wat {
  return `${set(counter, i32(0))} ${during(counter, limit, step, body)}`;
}

type ValueType = "i32" | "f32" | "v128";

/** A function with named parameters and locals. `exported` gives it its name outside. */
export function func(
  name: string,
  parameters: Readonly<Record<string, ValueType>>,
  locals: Readonly<Record<string, ValueType>>,
  body: readonly Wat[],
  exported = true,
): Wat {
  const declare = (kind: string, names: Readonly<Record<string, ValueType>>) =>
    Object.entries(names).map(([local, type]) => `(${kind} $${local} ${type})`);
  return [
    `(func $${name}`,
    ...(exported ? [`(export "${name}")`] : []),
    ...declare("param", parameters),
    ...declare("local", locals),
    ...body,
    ")",
  ].join("\n");
}

/** `{a: type, b: type}` of the names `a b`. */
export function named<T extends ValueType>(names: string, type: T): Record<string, T> {
  return Object.fromEntries(names.split(" ").map((name) => [name, type]));
}

/** `{a0: type, a1: type, ...}` */
export function numbered<T extends ValueType>(name: string, count: number, type: T): Record<string, T> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${name}${i}`, type]));
}

export function range<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}
