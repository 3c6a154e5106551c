;; What codes are made with: rotations, signs, and levels that fit a row. Every sum has one fixed order, so results are the
;; same on every machine. Compiled by `npm run build:simd`.
(module
  (memory (export "memory") 1)

  ;; Turns four vectors of `bits` numbers at once, number i of all four side by side, as worker/core/forest/compact/rotation.ts
  ;; turns one. `block` is the largest power of two that divides `bits`; `signs` has `bits` numbers a round.
  (func (export "rotate") (param $values i32) (param $bits i32) (param $block i32) (param $norm f32) (param $signs i32) (param $rounds i32) (param $spare i32)
    (local $end i32) (local $at i32) (local $half i32) (local $group i32) (local $stop i32) (local $other i32)
    (local $from i32) (local $row i32) (local $bytes i32) (local $rows i32)
    (local $a v128) (local $b v128) (local $norms v128)
    (local.set $bytes (i32.shl (local.get $bits) (i32.const 4)))
    (local.set $end (i32.add (local.get $values) (local.get $bytes)))
    (local.set $block (i32.shl (local.get $block) (i32.const 4)))
    (local.set $rows (i32.div_u (local.get $bytes) (local.get $block)))
    (local.set $norms (f32x4.splat (local.get $norm)))
    (loop $nextRound
      (local.set $at (local.get $values))
      (loop $flip
        (v128.store (local.get $at)
          (f32x4.mul (v128.load (local.get $at)) (v128.load32_splat (local.get $signs))))
        (local.set $signs (i32.add (local.get $signs) (i32.const 4)))
        (br_if $flip (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end))))
      (local.set $half (i32.const 16))
      (block $turned
        (loop $nextHalf
          (br_if $turned (i32.ge_u (local.get $half) (local.get $block)))
          (local.set $group (local.get $values))
          (loop $nextGroup
            (local.set $at (local.get $group))
            (local.set $stop (i32.add (local.get $group) (local.get $half)))
            (loop $pair
              (local.set $other (i32.add (local.get $at) (local.get $half)))
              (local.set $a (v128.load (local.get $at)))
              (local.set $b (v128.load (local.get $other)))
              (v128.store (local.get $at) (f32x4.add (local.get $a) (local.get $b)))
              (v128.store (local.get $other) (f32x4.sub (local.get $a) (local.get $b)))
              (br_if $pair (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $stop))))
            (local.set $group (i32.add (local.get $stop) (local.get $half)))
            (br_if $nextGroup (i32.lt_u (local.get $group) (local.get $end))))
          (local.set $half (i32.shl (local.get $half) (i32.const 1)))
          (br $nextHalf)))
      ;; Scaled into the spare place, from where the transposition brings it back.
      (local.set $at (i32.const 0))
      (loop $scale
        (v128.store (i32.add (local.get $spare) (local.get $at))
          (f32x4.mul (v128.load (i32.add (local.get $values) (local.get $at))) (local.get $norms)))
        (br_if $scale (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $bytes))))
      (local.set $at (local.get $values))
      (local.set $row (local.get $spare))
      (loop $nextColumn
        (local.set $from (local.get $row))
        (local.set $stop (i32.add (local.get $at) (i32.shl (local.get $rows) (i32.const 4))))
        (loop $bring
          (v128.store (local.get $at) (v128.load (local.get $from)))
          (local.set $from (i32.add (local.get $from) (local.get $block)))
          (br_if $bring (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $stop))))
        (local.set $row (i32.add (local.get $row) (i32.const 16)))
        (br_if $nextColumn (i32.lt_u (local.get $at) (local.get $end))))
      (br_if $nextRound (i32.gt_s (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1))) (i32.const 0)))))

  ;; How well sixteen levels fit a row of `stride` bytes: writes four partial sums of level x value and four of level x
  ;; level, for levels n - 7.5 with n = value x inverse + 8, cut to a whole number from 0 to 15.
  (func (export "fit") (param $row i32) (param $stride i32) (param $inverse f32) (param $out i32)
    (local $end i32) (local $inverses v128) (local $value v128) (local $level v128) (local $product v128) (local $squares v128)
    (local.set $end (i32.add (local.get $row) (local.get $stride)))
    (local.set $inverses (f32x4.splat (local.get $inverse)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $row) (local.get $end)))
        (local.set $value (v128.load (local.get $row)))
        (local.set $level
          (f32x4.sub (call $levels (local.get $value) (local.get $inverses))
            (v128.const f32x4 7.5 7.5 7.5 7.5)))
        (local.set $product (f32x4.add (local.get $product) (f32x4.mul (local.get $level) (local.get $value))))
        (local.set $squares (f32x4.add (local.get $squares) (f32x4.mul (local.get $level) (local.get $level))))
        (local.set $row (i32.add (local.get $row) (i32.const 16)))
        (br $next)))
    (v128.store (local.get $out) (local.get $product))
    (v128.store offset=16 (local.get $out) (local.get $squares)))

  ;; Writes the numbers of a row of `stride` bytes, times `inverse`, as whole numbers of a byte each. Returns the sum of
  ;; their squares.
  (func (export "bytes") (param $row i32) (param $stride i32) (param $inverse f32) (param $out i32) (result i32)
    (local $end i32) (local $inverses v128) (local $code v128) (local $squares v128)
    (local.set $end (i32.add (local.get $row) (local.get $stride)))
    (local.set $inverses (f32x4.splat (local.get $inverse)))
    (loop $next
      (local.set $code
        (i32x4.trunc_sat_f32x4_s
          (f32x4.nearest (f32x4.mul (v128.load (local.get $row)) (local.get $inverses)))))
      (local.set $squares (i32x4.add (local.get $squares) (i32x4.mul (local.get $code) (local.get $code))))
      (local.set $code (i16x8.narrow_i32x4_s (local.get $code) (local.get $code)))
      (i32.store (local.get $out)
        (i32x4.extract_lane 0 (i8x16.narrow_i16x8_s (local.get $code) (local.get $code))))
      (local.set $out (i32.add (local.get $out) (i32.const 4)))
      (br_if $next (i32.lt_u (local.tee $row (i32.add (local.get $row) (i32.const 16))) (local.get $end))))
    (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $squares)) (i32x4.extract_lane 1 (local.get $squares)))
      (i32.add (i32x4.extract_lane 2 (local.get $squares)) (i32x4.extract_lane 3 (local.get $squares)))))

  ;; Writes the levels n of {fit} of a row of `stride` bytes, two a byte, the first in the lower half.
  (func (export "nibbles") (param $row i32) (param $stride i32) (param $inverse f32) (param $out i32)
    (local $end i32) (local $inverses v128) (local $level v128)
    (local.set $end (i32.add (local.get $row) (local.get $stride)))
    (local.set $inverses (f32x4.splat (local.get $inverse)))
    (loop $next
      (local.set $level
        (i32x4.mul (v128.const i32x4 1 16 256 4096)
          (i32x4.trunc_sat_f32x4_s (call $levels (v128.load (local.get $row)) (local.get $inverses)))))
      (i32.store16 (local.get $out)
        (i32.or
          (i32.or (i32x4.extract_lane 0 (local.get $level)) (i32x4.extract_lane 1 (local.get $level)))
          (i32.or (i32x4.extract_lane 2 (local.get $level)) (i32x4.extract_lane 3 (local.get $level)))))
      (local.set $out (i32.add (local.get $out) (i32.const 2)))
      (br_if $next (i32.lt_u (local.tee $row (i32.add (local.get $row) (i32.const 16))) (local.get $end)))))

  (func $levels (param $value v128) (param $inverses v128) (result v128)
    (f32x4.min (v128.const f32x4 15 15 15 15)
      (f32x4.max (v128.const f32x4 0 0 0 0)
        (f32x4.trunc
          (f32x4.add (f32x4.mul (local.get $value) (local.get $inverses)) (v128.const f32x4 8 8 8 8))))))

  ;; The signs of the first `bits` (a multiple of 32) numbers of four vectors, number i of all four side by side, and of four
  ;; centres likewise: writes bits / 32 times four words of signs (1: not negative), then the four sums of absolute values
  ;; and the four sums of the centres' numbers, each with the sign of the vector's.
  (func (export "signs") (param $values i32) (param $centres i32) (param $bits i32) (param $out i32)
    (local $end i32) (local $stop i32) (local $value v128) (local $centre v128) (local $positive v128) (local $bit v128)
    (local $word v128) (local $absolute v128) (local $signed v128)
    (local.set $end (i32.add (local.get $values) (i32.shl (local.get $bits) (i32.const 4))))
    (loop $nextWord
      (local.set $stop (i32.add (local.get $values) (i32.const 512)))
      (local.set $bit (v128.const i32x4 1 1 1 1))
      (local.set $word (v128.const i32x4 0 0 0 0))
      (loop $nextBit
        (local.set $value (v128.load (local.get $values)))
        (local.set $centre (v128.load (local.get $centres)))
        (local.set $positive (f32x4.ge (local.get $value) (v128.const f32x4 0 0 0 0)))
        (local.set $word (v128.or (local.get $word) (v128.and (local.get $positive) (local.get $bit))))
        (local.set $bit (i32x4.shl (local.get $bit) (i32.const 1)))
        (local.set $absolute (f32x4.add (local.get $absolute) (f32x4.abs (local.get $value))))
        (local.set $signed
          (f32x4.add (local.get $signed)
            (v128.bitselect (local.get $centre) (f32x4.neg (local.get $centre)) (local.get $positive))))
        (local.set $values (i32.add (local.get $values) (i32.const 16)))
        (local.set $centres (i32.add (local.get $centres) (i32.const 16)))
        (br_if $nextBit (i32.lt_u (local.get $values) (local.get $stop))))
      (v128.store (local.get $out) (local.get $word))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      (br_if $nextWord (i32.lt_u (local.get $values) (local.get $end))))
    (v128.store (local.get $out) (local.get $absolute))
    (v128.store offset=16 (local.get $out) (local.get $signed))))
