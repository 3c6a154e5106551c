import {
  add,
  during,
  f32,
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
  store,
  type Wat,
  zeros,
} from "./wat.ts";

/**
 * Products of int8 weights with 7-bit activations.
 *
 * Weights lie in tiles of 16 bytes: 4 columns each of 4 rows, so that the four lanes of a product belong to four rows and
 * nothing is added across lanes at the end. Activations are 0 to 127 with a zero point: `relaxed_dot_i8x16_i7x16` leaves the
 * result to the engine when its second operand has the eighth bit.
 */
export interface Flavour {
  readonly relaxed: boolean;
}

/** Bytes of one activation: the plain kernel multiplies 16-bit numbers and keeps activations as such. */
export const activationBytes = ({ relaxed }: Flavour): number => (relaxed ? 1 : 2);

/** Tokens of one block. Eight accumulators and six operands fit the sixteen registers of x86-64. */
const BLOCK_TOKENS = 4;
/** Columns of one step of the inner loop. */
const STEP_COLUMNS = 16;

/** `products(acts, params, weights, scales, sums, biases, out, tokens, columns, rows)`: out is float32, tokens x rows. */
export function products(flavour: Flavour): Wat {
  const bytes = activationBytes(flavour);
  const call = (tokens: number): Wat =>
    op(`call $block${tokens}`, ..."act param weights scales sums biases to columns rows".split(" ").map(get));
  const rest = (tokens: number): Wat =>
    op("if", op("i32.eq", op("i32.sub", get("tokens"), get("t")), i32(tokens)), op("then", call(tokens)));
  const body = [
    during("n", "rows", 8, [
      set("act", get("acts")),
      set("param", get("params")),
      set("to", add(get("out"), mul(get("n"), i32(4)))),
      set("t", i32(0)),
      during("t", "tokens", BLOCK_TOKENS, [
        call(BLOCK_TOKENS),
        move("act", mul(get("columns"), i32(BLOCK_TOKENS * bytes))),
        move("param", 8 * BLOCK_TOKENS),
        move("to", mul(get("rows"), i32(4 * BLOCK_TOKENS))),
      ]),
      ...range(BLOCK_TOKENS - 1, (i) => rest(i + 1)),
      move("weights", mul(get("columns"), i32(8))),
      ...["scales", "sums", "biases"].map((name) => move(name, 32)),
    ]),
  ];
  const blocks = range(BLOCK_TOKENS, (i) => block(flavour, i + 1));
  return [
    ...blocks,
    func(
      "products",
      named("acts params weights scales sums biases out tokens columns rows", "i32"),
      { n: "i32", t: "i32", act: "i32", param: "i32", to: "i32" },
      body,
    ),
  ].join("\n");
}

/** Eight rows for `tokens` tokens. */
function block(flavour: Flavour, tokens: number): Wat {
  const bytes = activationBytes(flavour);
  const body = [
    ...range(tokens, (t) => set(`act${t}`, add(get("act"), mul(get("columns"), i32(t * bytes))))),
    set("upper", add(get("weights"), mul(get("columns"), i32(4)))),
    ...(flavour.relaxed ? accumulate(tokens) : accumulatePlain(tokens)),
    ...range(tokens, (t) => finish(t)),
  ];
  return func(
    `block${tokens}`,
    named("act param weights scales sums biases to columns rows", "i32"),
    {
      ...named("upper k", "i32"),
      ...numbered("act", tokens, "i32"),
      ...numbered("sum", tokens * 2, "v128"),
      ...numbered("half", tokens * 2, "v128"),
      ...named("w0 w1 w2 w3 a factor", "v128"),
    },
    body,
    false,
  );
}

function accumulate(tokens: number): Wat[] {
  const dot = (weights: string, sum: string): Wat =>
    set(sum, op("i32x4.relaxed_dot_i8x16_i7x16_add_s", get(weights), get("a"), get(sum)));
  return [
    during("k", "columns", STEP_COLUMNS, [
      ...range(STEP_COLUMNS / 4, (i) => [
        set("w0", load(get("weights"), 16 * i)),
        set("w1", load(get("upper"), 16 * i)),
        ...range(tokens, (t) => [
          set("a", op("v128.load32_splat", `offset=${4 * i}`, get(`act${t}`))),
          dot("w0", `sum${2 * t}`),
          dot("w1", `sum${2 * t + 1}`),
        ]).flat(),
      ]).flat(),
      move("weights", 4 * STEP_COLUMNS),
      move("upper", 4 * STEP_COLUMNS),
      ...range(tokens, (t) => move(`act${t}`, STEP_COLUMNS)),
    ]),
  ];
}

/** Two passes of four rows: widened weights take two registers where the relaxed kernel takes one. */
function accumulatePlain(tokens: number): Wat[] {
  const dot = (weights: string, sum: string): Wat =>
    set(sum, op("i32x4.add", get(sum), op("i32x4.dot_i16x8_s", get(weights), get("a"))));
  const pass = (from: string, half: number): Wat[] => [
    set("k", i32(0)),
    ...range(tokens * 2, (i) => set(`half${i}`, zeros)),
    ...range(tokens, (t) => set(`act${t}`, add(get("act"), mul(get("columns"), i32(2 * t))))),
    during("k", "columns", STEP_COLUMNS, [
      ...range(STEP_COLUMNS / 4, (i) => [
        set("w0", op("v128.load8x8_s", `offset=${16 * i}`, get(from))),
        set("w1", op("v128.load8x8_s", `offset=${16 * i + 8}`, get(from))),
        ...range(tokens, (t) => [
          set("a", op("v128.load64_splat", `offset=${8 * i}`, get(`act${t}`))),
          dot("w0", `half${2 * t}`),
          dot("w1", `half${2 * t + 1}`),
        ]).flat(),
      ]).flat(),
      move(from, 4 * STEP_COLUMNS),
      ...range(tokens, (t) => move(`act${t}`, 2 * STEP_COLUMNS)),
    ]),
    // Each row has two lanes side by side.
    ...range(tokens, (t) => set(`sum${2 * t + half}`, op("i32x4.add", lanes(t, 0), lanes(t, 1)))),
  ];
  return [...pass("weights", 0), ...pass("upper", 1)];
}

/** The even (0) or odd (1) lanes of a token's two accumulators. */
function lanes(token: number, odd: 0 | 1): Wat {
  const bytes = [0, 2, 4, 6].flatMap((lane) => range(4, (byte) => 4 * (lane + odd) + byte));
  return op(`i8x16.shuffle ${bytes.join(" ")}`, get(`half${2 * token}`), get(`half${2 * token + 1}`));
}

/** out = (sum - zero point x sum of the row's weights) x scale of the token x scale of the row + bias */
function finish(token: number): Wat {
  const zero = op("i32x4.splat", op("i32.load", `offset=${8 * token + 4}`, get("param")));
  const row = (half: number): Wat[] => {
    const offset = 16 * half;
    const whole = op(
      "i32x4.sub",
      get(`sum${2 * token + half}`),
      op("i32x4.mul", zero, load(get("sums"), offset)),
    );
    const scaled = op(
      "f32x4.mul",
      op("f32x4.convert_i32x4_s", whole),
      op("f32x4.mul", get("factor"), load(get("scales"), offset)),
    );
    return [store(get("to"), op("f32x4.add", scaled, load(get("biases"), offset)), offset)];
  };
  return [
    set("factor", op("f32x4.splat", op("f32.load", `offset=${8 * token}`, get("param")))),
    ...row(0),
    ...row(1),
    move("to", mul(get("rows"), i32(4))),
  ].join("\n");
}

/** `quantise(from, rows, columns, to, params)`: each row to 0..127; params are its scale (float32) and zero point (int32). */
export function quantise(flavour: Flavour): Wat {
  const code = (i: number): Wat =>
    op(
      "i32x4.add",
      get("zeros"),
      op(
        "i32x4.trunc_sat_f32x4_s",
        op("f32x4.nearest", op("f32x4.mul", get("inverse"), load(get("from"), 16 * i))),
      ),
    );
  const half = (i: number): Wat => op("i16x8.narrow_i32x4_s", code(2 * i), code(2 * i + 1));
  const most = op("i16x8.splat", i32(127));
  const bounded = (value: Wat): Wat => op("i16x8.min_s", op("i16x8.max_s", value, zeros), most);
  const write = flavour.relaxed
    ? [
        store(
          get("to"),
          op("i8x16.min_u", op("i8x16.narrow_i16x8_u", half(0), half(1)), op("i8x16.splat", i32(127))),
        ),
      ]
    : [store(get("to"), bounded(half(0))), store(get("to"), bounded(half(1)), 16)];
  const lane = (vector: string, i: number): Wat => op(`f32x4.extract_lane ${i}`, get(vector));
  const reduce = (vector: string, pick: "f32.min" | "f32.max"): Wat =>
    op(pick, op(pick, lane(vector, 0), lane(vector, 1)), op(pick, lane(vector, 2), lane(vector, 3)));
  const body = [
    during("row", "rows", 1, [
      set("low", zeros),
      set("high", zeros),
      set("at", get("from")),
      set("k", i32(0)),
      during("k", "columns", 4, [
        set("v", load(get("at"))),
        set("low", op("f32x4.pmin", get("low"), get("v"))),
        set("high", op("f32x4.pmax", get("high"), get("v"))),
        move("at", 16),
      ]),
      set("least", reduce("low", "f32.min")),
      set("scale", op("f32.div", op("f32.sub", reduce("high", "f32.max"), get("least")), f32(127))),
      set("factor", op("f32.div", f32(1), get("scale"))),
      op("if", op("f32.eq", get("scale"), f32(0)), op("then", set("factor", f32(0)))),
      set(
        "zero",
        op(
          "i32.trunc_sat_f32_s",
          op("f32.nearest", op("f32.mul", op("f32.neg", get("least")), get("factor"))),
        ),
      ),
      op("f32.store", get("params"), get("scale")),
      op("i32.store offset=4", get("params"), get("zero")),
      set("inverse", op("f32x4.splat", get("factor"))),
      set("zeros", op("i32x4.splat", get("zero"))),
      set("k", i32(0)),
      during("k", "columns", 16, [...write, move("from", 64), move("to", 16 * activationBytes(flavour))]),
      move("params", 8),
    ]),
  ];
  return func(
    "quantise",
    { from: "i32", rows: "i32", columns: "i32", to: "i32", params: "i32" },
    {
      ...named("row k at zero", "i32"),
      ...named("least scale factor", "f32"),
      ...named("low high v inverse zeros", "v128"),
    },
    body,
  );
}
