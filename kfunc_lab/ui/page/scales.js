// Scales: from numbers to places, and the round numbers that label them.

/**
 * Returns the least and the greatest of the numbers that are finite; `[Infinity, -Infinity]`
 * where none is.
 *
 * @param {Iterable<number>} values
 * @returns {[number, number]}
 */
export function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/**
 * Maps numbers evenly to places; where all numbers are equal, to the middle.
 *
 * @param {readonly [number, number]} range  the numbers at both ends
 * @param {number} from  where the first lies
 * @param {number} to  where the last lies
 * @returns {(value: number) => number}
 */
export function linear([low, high], from, to) {
  if (!(high > low)) return () => (from + to) / 2;
  return (value) => from + ((value - low) / (high - low)) * (to - from);
}

/**
 * Returns round numbers across a range, about so many.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} count
 */
export function ticksBetween(low, high, count) {
  const spread = high - low;
  if (!(spread > 0)) return [low];
  const raw = spread / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5].find((it) => it * power >= raw) ?? 10);
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-6; tick += step) {
    ticks.push(Math.abs(tick) < step * 1e-6 ? 0 : tick);
  }
  return ticks;
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
