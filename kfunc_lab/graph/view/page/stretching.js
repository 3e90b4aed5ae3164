// Stretches the lines of a level where groups are open, as stretching.py does.

import { halves, hull, pieces, pointAt, straight } from "./curves.js";

/** @import { Point } from "./curves.js" */

const SHORT = 0.5; // pixels of a piece that is not split
const NEAR = 0.05; // pixels

/**
 * The number of sorted values up to a value.
 *
 * @param {number[]} sorted
 * @param {number} value
 */
function countUpTo(sorted, value) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A map of places that grows each span [low, high, lack] by what it lacks, and shrinks none. */
export class Stretch {
  /** @param {[low: number, high: number, lack: number][]} growth */
  constructor(growth) {
    const ends = growth.flatMap((span) => span.slice(0, 2));
    this.marks = [...new Set(ends)].sort((a, b) => a - b);
    /** @type {number[]} */
    this.moved = [];
    /** @type {number[]} */
    this.rates = [];
    let place = this.marks[0];
    this.marks.forEach((low, position) => {
      const high = this.marks[position + 1];
      // Spans that lie over one another share the room.
      let rate = 0;
      for (const [begin, end, lack] of high === undefined ? [] : growth) {
        if (begin <= low && low < end) rate = Math.max(rate, lack / (end - begin));
      }
      this.moved.push(place);
      this.rates.push(1 + rate);
      place += (high - low) * (1 + rate);
    });
  }

  /** @param {number} value */
  to(value) {
    if (!(value > this.marks[0])) return value;
    const at = countUpTo(this.marks, value) - 1;
    return this.moved[at] + (value - this.marks[at]) * this.rates[at];
  }

  /** @param {number} value */
  from(value) {
    if (!(value > this.marks[0])) return value;
    const at = countUpTo(this.moved, value) - 1;
    return this.marks[at] + (value - this.moved[at]) / this.rates[at];
  }

  /**
   * A place between two others at which the rate changes.
   *
   * @param {number} low
   * @param {number} high
   * @returns {number | undefined}
   */
  markIn(low, high) {
    const first = countUpTo(this.marks, low + NEAR);
    const last = countUpTo(this.marks, high - NEAR);
    return first < last ? this.marks[(first + last) >> 1] : undefined;
  }
}

/**
 * Moves a line with the level, and its first and last two points with its ends. It passes an open
 * group as it passed the folded one.
 *
 * @param {number[]} points
 * @param {[Point, Point]} ends
 * @param {[Stretch, Stretch]} stretch
 */
export function stretched(points, ends, stretch) {
  const folded = [...points];
  const last = points.length - 2;
  // Both ends are moved before the level is stretched, where the way to them is short.
  for (const [{ x, y }, at, beside] of /** @type {const} */ ([
    [ends[0], 0, 2],
    [ends[1], last, last - 2],
  ])) {
    const by = [stretch[0].from(x) - points[at], stretch[1].from(y) - points[at + 1]];
    for (const place of [at, beside]) {
      folded[place] += by[0];
      folded[place + 1] += by[1];
    }
  }
  return mapped(folded, stretch);
}

/**
 * Moves a line with the level, and leads it along the borders of groups to its ends.
 *
 * @param {number[]} points
 * @param {[Point, Point]} ends
 * @param {[Stretch, Stretch]} stretch
 * @param {"x" | "y"} axis  where lines lead
 */
export function alongBorders(points, ends, stretch, axis) {
  const [first, last] = [ends[0][axis] - NEAR, ends[1][axis] + NEAR];
  const from = axis === "x" ? 0 : 1;
  const between = pieces(mapped(points, stretch)).filter(
    (curve) => first <= curve[from] && curve[from + 6] <= last,
  );
  if (!between.length) return straight(ends[0], ends[1]);
  const [x, y] = between[0];
  const whole = straight(ends[0], { x, y });
  for (const curve of between) whole.push(...curve.slice(2));
  const end = { x: whole[whole.length - 2], y: whole[whole.length - 1] };
  return [...whole, ...straight(end, ends[1]).slice(2)];
}

/**
 * @param {number[]} points
 * @param {[Stretch, Stretch]} stretch
 */
function mapped(points, stretch) {
  const moved = [stretch[0].to(points[0]), stretch[1].to(points[1])];
  for (const curve of pieces(points)) {
    for (const piece of split(curve, stretch)) {
      for (let at = 2; at < 8; at += 1) moved.push(stretch[at % 2].to(piece[at]));
    }
  }
  return moved;
}

/**
 * Splits a curve where the rate changes.
 *
 * @param {number[]} curve
 * @param {[Stretch, Stretch]} stretch
 * @returns {number[][]}
 */
function split(curve, stretch) {
  const [left, top, right, bottom] = hull(curve);
  const marks = [stretch[0].markIn(left, right), stretch[1].markIn(top, bottom)];
  const axis = marks[0] === undefined ? 1 : 0;
  const mark = marks[axis];
  if (mark === undefined || Math.max(right - left, bottom - top) < SHORT) return [curve];
  return halves(curve, where(curve, axis, mark)).flatMap((half) => split(half, stretch));
}

/**
 * Where a curve reaches an x (axis 0) or y (1); its middle if both ends lie beside.
 *
 * @param {number[]} curve
 * @param {number} axis
 * @param {number} wanted
 */
function where(curve, axis, wanted) {
  const [begin, end] = [curve[axis], curve[axis + 6]];
  if (wanted <= Math.min(begin, end) || wanted >= Math.max(begin, end)) return 0.5;
  let [low, high] = [0, 1];
  for (let step = 0; step < 20; step += 1) {
    const middle = (low + high) / 2;
    const { x, y } = pointAt(curve, middle);
    if ((axis ? y : x) < wanted === begin < end) low = middle;
    else high = middle;
  }
  return low > 0.02 && low < 0.98 ? low : 0.5;
}
