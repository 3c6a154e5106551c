;; Inner products and Manhattan distances of many rows with many columns, four coordinates at a time.
;; Rows and columns are float32, `stride` bytes each (a multiple of 16, padded with zeros). `nRows` is even and `nCols`
;; a multiple of 4. Writes nRows x nCols float32 to `out`, row by row. Every sum has one fixed order, so results are
;; the same on every machine. Compiled by `npm run build:simd`.
(module
  (memory (export "memory") 1)

  (func (export "dots") (param $rows i32) (param $nRows i32) (param $cols i32) (param $nCols i32) (param $stride i32) (param $out i32)
    (local $row2 i32) (local $c i32) (local $c0 i32) (local $c1 i32) (local $c2 i32) (local $c3 i32) (local $i i32)
    (local $u v128) (local $v v128) (local $w v128)
    (local $a0 v128) (local $a1 v128) (local $a2 v128) (local $a3 v128)
    (local $b0 v128) (local $b1 v128) (local $b2 v128) (local $b3 v128)
    (block $done
      (loop $nextRows
        (br_if $done (i32.le_s (local.get $nRows) (i32.const 0)))
        (local.set $row2 (i32.add (local.get $rows) (local.get $stride)))
        (local.set $c0 (local.get $cols))
        (local.set $c (i32.const 0))
        (loop $nextCols
          (local.set $c1 (i32.add (local.get $c0) (local.get $stride)))
          (local.set $c2 (i32.add (local.get $c1) (local.get $stride)))
          (local.set $c3 (i32.add (local.get $c2) (local.get $stride)))
          (local.set $a0 (v128.const i32x4 0 0 0 0)) (local.set $a1 (v128.const i32x4 0 0 0 0))
          (local.set $a2 (v128.const i32x4 0 0 0 0)) (local.set $a3 (v128.const i32x4 0 0 0 0))
          (local.set $b0 (v128.const i32x4 0 0 0 0)) (local.set $b1 (v128.const i32x4 0 0 0 0))
          (local.set $b2 (v128.const i32x4 0 0 0 0)) (local.set $b3 (v128.const i32x4 0 0 0 0))
          (local.set $i (i32.const 0))
          (loop $dims
            (local.set $u (v128.load (i32.add (local.get $rows) (local.get $i))))
            (local.set $v (v128.load (i32.add (local.get $row2) (local.get $i))))
            (local.set $w (v128.load (i32.add (local.get $c0) (local.get $i))))
            (local.set $a0 (f32x4.add (local.get $a0) (f32x4.mul (local.get $u) (local.get $w))))
            (local.set $b0 (f32x4.add (local.get $b0) (f32x4.mul (local.get $v) (local.get $w))))
            (local.set $w (v128.load (i32.add (local.get $c1) (local.get $i))))
            (local.set $a1 (f32x4.add (local.get $a1) (f32x4.mul (local.get $u) (local.get $w))))
            (local.set $b1 (f32x4.add (local.get $b1) (f32x4.mul (local.get $v) (local.get $w))))
            (local.set $w (v128.load (i32.add (local.get $c2) (local.get $i))))
            (local.set $a2 (f32x4.add (local.get $a2) (f32x4.mul (local.get $u) (local.get $w))))
            (local.set $b2 (f32x4.add (local.get $b2) (f32x4.mul (local.get $v) (local.get $w))))
            (local.set $w (v128.load (i32.add (local.get $c3) (local.get $i))))
            (local.set $a3 (f32x4.add (local.get $a3) (f32x4.mul (local.get $u) (local.get $w))))
            (local.set $b3 (f32x4.add (local.get $b3) (f32x4.mul (local.get $v) (local.get $w))))
            (br_if $dims (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 16))) (local.get $stride))))
          (v128.store
            (i32.add (local.get $out) (i32.shl (local.get $c) (i32.const 2)))
            (call $sums (local.get $a0) (local.get $a1) (local.get $a2) (local.get $a3)))
          (v128.store
            (i32.add (local.get $out) (i32.shl (i32.add (local.get $c) (local.get $nCols)) (i32.const 2)))
            (call $sums (local.get $b0) (local.get $b1) (local.get $b2) (local.get $b3)))
          (local.set $c0 (i32.add (local.get $c3) (local.get $stride)))
          (br_if $nextCols (i32.lt_s (local.tee $c (i32.add (local.get $c) (i32.const 4))) (local.get $nCols))))
        (local.set $out (i32.add (local.get $out) (i32.shl (local.get $nCols) (i32.const 3))))
        (local.set $rows (i32.add (local.get $row2) (local.get $stride)))
        (local.set $nRows (i32.sub (local.get $nRows) (i32.const 2)))
        (br $nextRows))))

  (func (export "taxicabs") (param $rows i32) (param $nRows i32) (param $cols i32) (param $nCols i32) (param $stride i32) (param $out i32)
    (local $c i32) (local $c0 i32) (local $c1 i32) (local $c2 i32) (local $c3 i32) (local $i i32) (local $u v128)
    (local $a0 v128) (local $a1 v128) (local $a2 v128) (local $a3 v128)
    (block $done
      (loop $nextRow
        (br_if $done (i32.le_s (local.get $nRows) (i32.const 0)))
        (local.set $c0 (local.get $cols))
        (local.set $c (i32.const 0))
        (loop $nextCols
          (local.set $c1 (i32.add (local.get $c0) (local.get $stride)))
          (local.set $c2 (i32.add (local.get $c1) (local.get $stride)))
          (local.set $c3 (i32.add (local.get $c2) (local.get $stride)))
          (local.set $a0 (v128.const i32x4 0 0 0 0)) (local.set $a1 (v128.const i32x4 0 0 0 0))
          (local.set $a2 (v128.const i32x4 0 0 0 0)) (local.set $a3 (v128.const i32x4 0 0 0 0))
          (local.set $i (i32.const 0))
          (loop $dims
            (local.set $u (v128.load (i32.add (local.get $rows) (local.get $i))))
            (local.set $a0 (f32x4.add (local.get $a0) (f32x4.abs (f32x4.sub (local.get $u) (v128.load (i32.add (local.get $c0) (local.get $i)))))))
            (local.set $a1 (f32x4.add (local.get $a1) (f32x4.abs (f32x4.sub (local.get $u) (v128.load (i32.add (local.get $c1) (local.get $i)))))))
            (local.set $a2 (f32x4.add (local.get $a2) (f32x4.abs (f32x4.sub (local.get $u) (v128.load (i32.add (local.get $c2) (local.get $i)))))))
            (local.set $a3 (f32x4.add (local.get $a3) (f32x4.abs (f32x4.sub (local.get $u) (v128.load (i32.add (local.get $c3) (local.get $i)))))))
            (br_if $dims (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 16))) (local.get $stride))))
          (v128.store
            (i32.add (local.get $out) (i32.shl (local.get $c) (i32.const 2)))
            (call $sums (local.get $a0) (local.get $a1) (local.get $a2) (local.get $a3)))
          (local.set $c0 (i32.add (local.get $c3) (local.get $stride)))
          (br_if $nextCols (i32.lt_s (local.tee $c (i32.add (local.get $c) (i32.const 4))) (local.get $nCols))))
        (local.set $out (i32.add (local.get $out) (i32.shl (local.get $nCols) (i32.const 2))))
        (local.set $rows (i32.add (local.get $rows) (local.get $stride)))
        (local.set $nRows (i32.sub (local.get $nRows) (i32.const 1)))
        (br $nextRow))))

  ;; Finds what is worth a look among the scores of a block: writes to `out` the place (row x nCols + column) of every four
  ;; neighbouring scores of which one, times `sign` plus the row's bias, reaches its column's threshold. Returns how many.
  (func (export "select") (param $scores i32) (param $nRows i32) (param $nCols i32) (param $sign f32) (param $biases i32) (param $thresholds i32) (param $out i32) (result i32)
    (local $c i32) (local $place i32) (local $start i32) (local $signs v128) (local $bias v128)
    (local.set $start (local.get $out))
    (local.set $signs (f32x4.splat (local.get $sign)))
    (block $done
      (loop $nextRow
        (br_if $done (i32.le_s (local.get $nRows) (i32.const 0)))
        (local.set $bias (v128.load32_splat (local.get $biases)))
        (local.set $c (i32.const 0))
        (loop $nextCols
          (if (v128.any_true
                (f32x4.ge
                  (f32x4.add (f32x4.mul (v128.load (local.get $scores)) (local.get $signs)) (local.get $bias))
                  (v128.load (i32.add (local.get $thresholds) (i32.shl (local.get $c) (i32.const 2))))))
            (then
              (i32.store (local.get $out) (local.get $place))
              (local.set $out (i32.add (local.get $out) (i32.const 4)))))
          (local.set $scores (i32.add (local.get $scores) (i32.const 16)))
          (local.set $place (i32.add (local.get $place) (i32.const 4)))
          (br_if $nextCols (i32.lt_s (local.tee $c (i32.add (local.get $c) (i32.const 4))) (local.get $nCols))))
        (local.set $biases (i32.add (local.get $biases) (i32.const 4)))
        (local.set $nRows (i32.sub (local.get $nRows) (i32.const 1)))
        (br $nextRow)))
    (i32.shr_u (i32.sub (local.get $out) (local.get $start)) (i32.const 2)))

  ;; Turns four vectors of `bits` numbers at once, number i of all four side by side, as worker/forest/compact/rotation.ts
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

  ;; The sums of the four lanes of each of four accumulators, as one vector.
  (func $sums (param $a v128) (param $b v128) (param $c v128) (param $d v128) (result v128)
    (local $ab v128) (local $cd v128)
    (local.set $ab
      (f32x4.add
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $a) (local.get $b))
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $a) (local.get $b))))
    (local.set $cd
      (f32x4.add
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $c) (local.get $d))
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $c) (local.get $d))))
    (f32x4.add
      (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $ab) (local.get $cd))
      (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $ab) (local.get $cd)))))
