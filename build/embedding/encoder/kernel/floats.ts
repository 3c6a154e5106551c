import {
  add,
  during,
  f32,
  forEach,
  func,
  get,
  i32,
  load,
  move,
  mul,
  named,
  numbered,
  op,
  range,
  set,
  splat,
  store,
  type Wat,
  zeros,
} from "./wat.ts";

const fmul = (a: Wat, b: Wat): Wat => op("f32x4.mul", a, b);
const fadd = (a: Wat, b: Wat): Wat => op("f32x4.add", a, b);
const fsub = (a: Wat, b: Wat): Wat => op("f32x4.sub", a, b);
const lane = (vector: string, i: number): Wat => op(`f32x4.extract_lane ${i}`, get(vector));
const total = (vector: string): Wat =>
  op(
    "f32.add",
    op("f32.add", lane(vector, 0), lane(vector, 1)),
    op("f32.add", lane(vector, 2), lane(vector, 3)),
  );
const spread = (value: Wat): Wat => op("f32x4.splat", value);

/** Coefficients of x^0, x^1, ... by Horner's rule, as in `horner("x", [1, 2])` for 1 + 2 x. */
function horner(x: string, coefficients: readonly number[]): Wat {
  return coefficients
    .slice(0, -1)
    .reduceRight((sum, c) => fadd(fmul(sum, get(x)), splat(c)), splat(coefficients.at(-1)!));
}

/** Leaves exp($x) in $e; uses $n and $r. Arguments below -87 count as -87; relative error below 2e-7. */
function exponential(x: string): Wat[] {
  // exp(x) = 2^n exp(r) with |r| <= ln(2) / 2; ln(2) in two parts keeps r exact.
  return [
    set("r", op("f32x4.max", get(x), splat(-87))),
    set("n", op("f32x4.nearest", fmul(get("r"), splat(Math.LOG2E)))),
    set("r", fsub(get("r"), fmul(get("n"), splat(0.693359375)))),
    set("r", fsub(get("r"), fmul(get("n"), splat(-0.00021219444)))),
    set("e", horner("r", [1, 1, 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720])),
    set(
      "e",
      fmul(
        get("e"),
        op(
          "i32x4.shl",
          op("i32x4.add", op("i32x4.trunc_sat_f32x4_s", get("n")), op("i32x4.splat", i32(127))),
          i32(23),
        ),
      ),
    ),
  ];
}
const EXPONENTIAL_LOCALS = { r: "v128", n: "v128", e: "v128" } as const;

/**
 * `gelu(x, count)`: x (1 + erf(x / sqrt 2)) / 2 in place, erf by formula 7.1.26 of Abramowitz and Stegun (error below
 * 2e-7).
 */
function gelu(): Wat {
  const erf = fsub(
    splat(1),
    fmul(
      get("e"),
      fmul(get("t"), horner("t", [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429])),
    ),
  );
  const sign = op("v128.and", get("v"), op("i32x4.splat", i32(0x8000_0000 | 0)));
  const body = [
    during("i", "count", 4, [
      set("v", load(get("x"))),
      set("a", fmul(op("f32x4.abs", get("v")), splat(Math.SQRT1_2))),
      set("t", op("f32x4.div", splat(1), fadd(splat(1), fmul(splat(0.3275911), get("a"))))),
      set("a", op("f32x4.neg", fmul(get("a"), get("a")))),
      ...exponential("a"),
      store(get("x"), fmul(fmul(splat(0.5), get("v")), fadd(splat(1), op("v128.or", erf, sign)))),
      move("x", 16),
    ]),
  ];
  return func(
    "gelu",
    { x: "i32", count: "i32" },
    { i: "i32", v: "v128", a: "v128", t: "v128", ...EXPONENTIAL_LOCALS },
    body,
  );
}

/** `addNorm(x, y, gamma, beta, rows, columns, epsilon)`: x becomes the layer norm of x + y. */
function addNorm(): Wat {
  const columnsAsFloat = op("f32.convert_i32_u", get("columns"));
  const over = (from: string, body: readonly Wat[]): Wat[] => [
    set("at", get(from)),
    forEach("k", "columns", 4, [...body, move("at", 16)]),
  ];
  const body = [
    set("bytes", mul(get("columns"), i32(4))),
    during("row", "rows", 1, [
      set("sum", zeros),
      set("other", get("y")),
      ...over("x", [
        set("v", fadd(load(get("at")), load(get("other")))),
        store(get("at"), get("v")),
        set("sum", fadd(get("sum"), get("v"))),
        move("other", 16),
      ]),
      set("mean", spread(op("f32.div", total("sum"), columnsAsFloat))),
      set("sum", zeros),
      ...over("x", [
        set("v", fsub(load(get("at")), get("mean"))),
        set("sum", fadd(get("sum"), fmul(get("v"), get("v")))),
      ]),
      set(
        "factor",
        spread(
          op(
            "f32.div",
            f32(1),
            op("f32.sqrt", op("f32.add", get("epsilon"), op("f32.div", total("sum"), columnsAsFloat))),
          ),
        ),
      ),
      set("g", get("gamma")),
      set("b", get("beta")),
      ...over("x", [
        store(
          get("at"),
          fadd(fmul(fmul(fsub(load(get("at")), get("mean")), get("factor")), load(get("g"))), load(get("b"))),
        ),
        move("g", 16),
        move("b", 16),
      ]),
      move("x", get("bytes")),
      move("y", get("bytes")),
    ]),
  ];
  return func(
    "addNorm",
    { x: "i32", y: "i32", gamma: "i32", beta: "i32", rows: "i32", columns: "i32", epsilon: "f32" },
    {
      ...named("row k at other g b bytes", "i32"),
      ...named("v sum mean factor", "v128"),
    },
    body,
  );
}

/** `softmax(x, rows, count, stride)`: over the first `count` numbers of each row; `stride` is the next multiple of 4. */
function softmax(): Wat {
  const over = (body: readonly Wat[]): Wat[] => [
    set("at", get("x")),
    forEach("k", "stride", 4, [...body, move("at", 16)]),
  ];
  const most = (a: Wat, b: Wat): Wat => op("f32.max", a, b);
  const body = [
    during("row", "rows", 1, [
      // What fills the row up counts for nothing.
      set("k", get("count")),
      during("k", "stride", 1, [op("f32.store", add(get("x"), mul(get("k"), i32(4))), f32(-1e30))]),
      set("v", load(get("x"))),
      ...over([set("v", op("f32x4.pmax", get("v"), load(get("at"))))]),
      set("top", spread(most(most(lane("v", 0), lane("v", 1)), most(lane("v", 2), lane("v", 3))))),
      set("sum", zeros),
      ...over([
        set("v", fsub(load(get("at")), get("top"))),
        ...exponential("v"),
        store(get("at"), get("e")),
        set("sum", fadd(get("sum"), get("e"))),
      ]),
      set("factor", spread(op("f32.div", f32(1), total("sum")))),
      ...over([store(get("at"), fmul(get("factor"), load(get("at"))))]),
      move("x", mul(get("stride"), i32(4))),
    ]),
  ];
  return func(
    "softmax",
    { x: "i32", rows: "i32", count: "i32", stride: "i32" },
    {
      ...named("row k at", "i32"),
      ...named("v top sum factor", "v128"),
      ...EXPONENTIAL_LOCALS,
    },
    body,
  );
}

/** `transpose(from, fromBytes, rows, columns, to, toBytes)`: strides in bytes; behind `rows`, up to a multiple of 4, zeros. */
function transpose(): Wat {
  const body = [
    set("padded", op("i32.and", add(get("rows"), i32(3)), i32(-4))),
    during("c", "columns", 1, [
      set("source", get("from")),
      set("target", get("to")),
      forEach("r", "rows", 1, [
        op("f32.store", get("target"), op("f32.load", get("source"))),
        move("source", get("fromBytes")),
        move("target", 4),
      ]),
      during("r", "padded", 1, [op("f32.store", get("target"), f32(0)), move("target", 4)]),
      move("from", 4),
      move("to", get("toBytes")),
    ]),
  ];
  return func(
    "transpose",
    { from: "i32", fromBytes: "i32", rows: "i32", columns: "i32", to: "i32", toBytes: "i32" },
    { c: "i32", r: "i32", padded: "i32", source: "i32", target: "i32" },
    body,
  );
}

/**
 * `multiply(a, aBytes, b, bBytes, c, cBytes, rows, inner, columns)`: c = a x b in float32, strides in bytes, `columns` a
 * multiple of 4. Four rows by eight columns at a time.
 */
function multiply(): Wat {
  return [block(4, 2), block(4, 1), block(1, 2), block(1, 1), driver()].join("\n");

  function block(rows: number, vectors: number): Wat {
    const body = [
      ...range(rows, (r) => set(`a${r}`, add(get("a"), mul(get("aBytes"), i32(r))))),
      forEach("k", "inner", 1, [
        ...range(vectors, (v) => set(`b${v}`, load(get("b"), 16 * v))),
        ...range(rows, (r) => [
          set("s", op("v128.load32_splat", get(`a${r}`))),
          ...range(vectors, (v) => {
            const sum = `sum${r * vectors + v}`;
            return set(sum, fadd(get(sum), fmul(get("s"), get(`b${v}`))));
          }),
          move(`a${r}`, 4),
        ]).flat(),
        move("b", get("bBytes")),
      ]),
      ...range(rows, (r) => [
        ...range(vectors, (v) => store(get("c"), get(`sum${r * vectors + v}`), 16 * v)),
        move("c", get("cBytes")),
      ]).flat(),
    ];
    return func(
      `multiply${rows}x${vectors}`,
      { a: "i32", aBytes: "i32", b: "i32", bBytes: "i32", c: "i32", cBytes: "i32", inner: "i32" },
      {
        ...{ k: "i32", s: "v128" },
        ...numbered("a", rows, "i32"),
        ...numbered("b", vectors, "v128"),
        ...numbered("sum", rows * vectors, "v128"),
      },
      body,
      false,
    );
  }

  function driver(): Wat {
    const call = (rows: number, vectors: number): Wat =>
      op(
        `call $multiply${rows}x${vectors}`,
        get("a"),
        get("aBytes"),
        add(get("b"), mul(get("n"), i32(4))),
        get("bBytes"),
        add(get("c"), mul(get("n"), i32(4))),
        get("cBytes"),
        get("inner"),
      );
    const rowsOf = (rows: number): Wat =>
      during("m", "rows", rows, [
        set("n", i32(0)),
        during("n", "columns", 8, [call(rows, 2)]),
        during("n", "columns", 4, [call(rows, 1)]),
        move("a", mul(get("aBytes"), i32(rows))),
        move("c", mul(get("cBytes"), i32(rows))),
      ]);
    return func(
      "multiply",
      named("a aBytes b bBytes c cBytes rows inner columns", "i32"),
      { m: "i32", n: "i32" },
      [rowsOf(4), rowsOf(1)],
    );
  }
}

/** The functions on float32 numbers. Every operation is exactly specified, so that all engines give the same bits. */
export function floatFunctions(): Wat {
  return [gelu(), addNorm(), softmax(), transpose(), multiply()].join("\n");
}
