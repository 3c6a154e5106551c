let last = 0;
let setBack = 0;

/**
 * Returns milliseconds for the measuring of time: they never run backwards, where a clock that is set back would make what
 * began before it seem to lie ahead for as long.
 */
export function monotonicNow(): number {
  const now = Date.now();
  if (now < last) setBack += last - now;
  last = now;
  return now + setBack;
}
