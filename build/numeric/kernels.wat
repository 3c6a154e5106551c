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

  ;; The same of rows and columns of int16, eight coordinates at a time, times `unit`. Both have length 32,767 at most: no sum
  ;; of any of their products leaves 32 bits.
  (func (export "products") (param $rows i32) (param $nRows i32) (param $cols i32) (param $nCols i32) (param $stride i32) (param $out i32) (param $unit f32)
    (local $row2 i32) (local $c i32) (local $c0 i32) (local $c1 i32) (local $c2 i32) (local $c3 i32) (local $i i32)
    (local $u v128) (local $v v128) (local $w v128)
    (local $a0 v128) (local $a1 v128) (local $a2 v128) (local $a3 v128)
    (local $units v128)
    (local $b0 v128) (local $b1 v128) (local $b2 v128) (local $b3 v128)
    (local.set $units (f32x4.splat (local.get $unit)))
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
            (local.set $a0 (i32x4.add (local.get $a0) (i32x4.dot_i16x8_s (local.get $u) (local.get $w))))
            (local.set $b0 (i32x4.add (local.get $b0) (i32x4.dot_i16x8_s (local.get $v) (local.get $w))))
            (local.set $w (v128.load (i32.add (local.get $c1) (local.get $i))))
            (local.set $a1 (i32x4.add (local.get $a1) (i32x4.dot_i16x8_s (local.get $u) (local.get $w))))
            (local.set $b1 (i32x4.add (local.get $b1) (i32x4.dot_i16x8_s (local.get $v) (local.get $w))))
            (local.set $w (v128.load (i32.add (local.get $c2) (local.get $i))))
            (local.set $a2 (i32x4.add (local.get $a2) (i32x4.dot_i16x8_s (local.get $u) (local.get $w))))
            (local.set $b2 (i32x4.add (local.get $b2) (i32x4.dot_i16x8_s (local.get $v) (local.get $w))))
            (local.set $w (v128.load (i32.add (local.get $c3) (local.get $i))))
            (local.set $a3 (i32x4.add (local.get $a3) (i32x4.dot_i16x8_s (local.get $u) (local.get $w))))
            (local.set $b3 (i32x4.add (local.get $b3) (i32x4.dot_i16x8_s (local.get $v) (local.get $w))))
            (br_if $dims (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 16))) (local.get $stride))))
          (v128.store
            (i32.add (local.get $out) (i32.shl (local.get $c) (i32.const 2)))
            (f32x4.mul (local.get $units) (f32x4.convert_i32x4_s (call $wholeSums (local.get $a0) (local.get $a1) (local.get $a2) (local.get $a3)))))
          (v128.store
            (i32.add (local.get $out) (i32.shl (i32.add (local.get $c) (local.get $nCols)) (i32.const 2)))
            (f32x4.mul (local.get $units) (f32x4.convert_i32x4_s (call $wholeSums (local.get $b0) (local.get $b1) (local.get $b2) (local.get $b3)))))
          (local.set $c0 (i32.add (local.get $c3) (local.get $stride)))
          (br_if $nextCols (i32.lt_s (local.tee $c (i32.add (local.get $c) (i32.const 4))) (local.get $nCols))))
        (local.set $out (i32.add (local.get $out) (i32.shl (local.get $nCols) (i32.const 3))))
        (local.set $rows (i32.add (local.get $row2) (local.get $stride)))
        (local.set $nRows (i32.sub (local.get $nRows) (i32.const 2)))
        (br $nextRows))))

  ;; Turns `count` float32 (a multiple of eight) into int16: times `scale`, to the nearest whole number.
  (func (export "pack") (param $floats i32) (param $count i32) (param $scale f32) (param $to i32)
    (local $end i32) (local $scales v128)
    (local.set $scales (f32x4.splat (local.get $scale)))
    (local.set $end (i32.add (local.get $floats) (i32.shl (local.get $count) (i32.const 2))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $floats) (local.get $end)))
        (v128.store (local.get $to)
          (i16x8.narrow_i32x4_s
            (i32x4.trunc_sat_f32x4_s (f32x4.nearest (f32x4.mul (local.get $scales) (v128.load (local.get $floats)))))
            (i32x4.trunc_sat_f32x4_s
              (f32x4.nearest (f32x4.mul (local.get $scales) (v128.load offset=16 (local.get $floats)))))))
        (local.set $floats (i32.add (local.get $floats) (i32.const 32)))
        (local.set $to (i32.add (local.get $to) (i32.const 16)))
        (br $next))))

  ;; Writes for each row of scores the column of the largest score plus bias; of equals the first. `nCols` is a multiple of
  ;; four, more than 0.
  (func (export "largest") (param $scores i32) (param $nRows i32) (param $nCols i32) (param $biases i32) (param $out i32)
    (local $c i32) (local $best v128) (local $where v128) (local $now v128) (local $places v128) (local $larger v128)
    (block $done
      (loop $nextRow
        (br_if $done (i32.le_s (local.get $nRows) (i32.const 0)))
        (local.set $best (v128.const f32x4 -inf -inf -inf -inf))
        (local.set $where (v128.const i32x4 0 1 2 3))
        (local.set $places (v128.const i32x4 0 1 2 3))
        (local.set $c (i32.const 0))
        (loop $nextCols
          (local.set $now
            (f32x4.add (v128.load (local.get $scores))
              (v128.load (i32.add (local.get $biases) (i32.shl (local.get $c) (i32.const 2))))))
          (local.set $larger (f32x4.gt (local.get $now) (local.get $best)))
          (local.set $best (v128.bitselect (local.get $now) (local.get $best) (local.get $larger)))
          (local.set $where (v128.bitselect (local.get $places) (local.get $where) (local.get $larger)))
          (local.set $places (i32x4.add (local.get $places) (v128.const i32x4 4 4 4 4)))
          (local.set $scores (i32.add (local.get $scores) (i32.const 16)))
          (br_if $nextCols (i32.lt_s (local.tee $c (i32.add (local.get $c) (i32.const 4))) (local.get $nCols))))
        (local.set $larger
          (call $before (local.get $best) (local.get $where)
            (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $best) (local.get $best))
            (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $where) (local.get $where))))
        (local.set $now (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $best) (local.get $best)))
        (local.set $places (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $where) (local.get $where)))
        (local.set $best (v128.bitselect (local.get $best) (local.get $now) (local.get $larger)))
        (local.set $where (v128.bitselect (local.get $where) (local.get $places) (local.get $larger)))
        (local.set $now (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $best) (local.get $best)))
        (local.set $places (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $where) (local.get $where)))
        (local.set $larger (call $before (local.get $best) (local.get $where) (local.get $now) (local.get $places)))
        (i32.store (local.get $out)
          (i32x4.extract_lane 0 (v128.bitselect (local.get $where) (local.get $places) (local.get $larger))))
        (local.set $out (i32.add (local.get $out) (i32.const 4)))
        (local.set $nRows (i32.sub (local.get $nRows) (i32.const 1)))
        (br $nextRow))))

  ;; Where (a, i) comes before (b, j): a larger score, or the same at a smaller place.
  (func $before (param $a v128) (param $i v128) (param $b v128) (param $j v128) (result v128)
    (v128.or (f32x4.gt (local.get $a) (local.get $b))
      (v128.and (f32x4.eq (local.get $a) (local.get $b)) (i32x4.lt_s (local.get $i) (local.get $j)))))

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

  ;; Finds what is worth a look among the scores of a block: those which, times `sign` plus the row's bias, reach their
  ;; column's threshold. Writes to `out` for each its place, which is row x total + first + column, and what it comes to.
  ;; Returns how many.
  (func (export "select") (param $scores i32) (param $nRows i32) (param $nCols i32) (param $first i32) (param $total i32) (param $sign f32) (param $biases i32) (param $thresholds i32) (param $out i32) (result i32)
    (local $c i32) (local $row i32) (local $start i32) (local $mask i32) (local $lane i32) (local $signs v128) (local $bias v128)
    (local.set $start (local.get $out))
    (local.set $signs (f32x4.splat (local.get $sign)))
    (local.set $row (local.get $first))
    (block $done
      (loop $nextRow
        (br_if $done (i32.le_s (local.get $nRows) (i32.const 0)))
        (local.set $bias (v128.load32_splat (local.get $biases)))
        (local.set $c (i32.const 0))
        (loop $nextCols
          (local.set $mask
            (i32x4.bitmask
              (f32x4.ge
                (f32x4.add (f32x4.mul (v128.load (local.get $scores)) (local.get $signs)) (local.get $bias))
                (v128.load (i32.add (local.get $thresholds) (i32.shl (local.get $c) (i32.const 2)))))))
          (block $none
            (loop $nextLane
              (br_if $none (i32.eqz (local.get $mask)))
              (local.set $lane (i32.ctz (local.get $mask)))
              (i32.store (local.get $out) (i32.add (local.get $row) (i32.add (local.get $c) (local.get $lane))))
              (f32.store offset=4 (local.get $out)
                (f32.add
                  (f32.mul
                    (f32.load (i32.add (local.get $scores) (i32.shl (local.get $lane) (i32.const 2))))
                    (local.get $sign))
                  (f32.load (local.get $biases))))
              (local.set $out (i32.add (local.get $out) (i32.const 8)))
              (local.set $mask (i32.and (local.get $mask) (i32.sub (local.get $mask) (i32.const 1))))
              (br $nextLane)))
          (local.set $scores (i32.add (local.get $scores) (i32.const 16)))
          (br_if $nextCols (i32.lt_s (local.tee $c (i32.add (local.get $c) (i32.const 4))) (local.get $nCols))))
        (local.set $row (i32.add (local.get $row) (local.get $total)))
        (local.set $biases (i32.add (local.get $biases) (i32.const 4)))
        (local.set $nRows (i32.sub (local.get $nRows) (i32.const 1)))
        (br $nextRow)))
    (i32.shr_u (i32.sub (local.get $out) (local.get $start)) (i32.const 3)))

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
      (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $ab) (local.get $cd))))

  ;; The same of whole numbers.
  (func $wholeSums (param $a v128) (param $b v128) (param $c v128) (param $d v128) (result v128)
    (local $ab v128) (local $cd v128)
    (local.set $ab
      (i32x4.add
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $a) (local.get $b))
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $a) (local.get $b))))
    (local.set $cd
      (i32x4.add
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $c) (local.get $d))
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $c) (local.get $d))))
    (i32x4.add
      (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $ab) (local.get $cd))
      (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $ab) (local.get $cd)))))
