/** Three significant digits, thousands separated: what a measurement on a shared machine is worth. */
export function figure(x: number | undefined): string {
  if (x === undefined || !Number.isFinite(x)) return "–";
  if (x === 0) return "0";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(x))));
  const rounded = digits > 0 ? x : Number(x.toPrecision(3));
  return rounded.toLocaleString("en-US", {
    minimumFractionDigits: Math.min(digits, 2),
    maximumFractionDigits: Math.min(digits, 2),
  });
}

/** Bytes in MB, powers of 1000. */
export function megabytes(bytes: number): string {
  return figure(bytes / 1e6);
}

export function seconds(x: number): string {
  return x === 0 ? "–" : figure(x);
}

/** `2.4×` */
export function ratio(x: number | undefined): string {
  return x === undefined || !Number.isFinite(x) ? "–" : `${x >= 100 ? Math.round(x) : x.toPrecision(2)}×`;
}
