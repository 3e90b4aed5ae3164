// Where bars begin and end, and the outlines of many thin ones.

import { clamp, extent, linear } from "../../ui/page/scales.js";

export const HEIGHT = 120; // pixels, of thin bars
export const GUTTER = 52; // pixels, for the numbers at their left
const WIDEST = 24; // pixels: a few of them need not be planks

/**
 * @typedef {object} Columns  as they are laid out
 * @property {number[]} values
 * @property {number} room  pixels across
 * @property {number} step  pixels from one to the next
 * @property {(value: number) => number} heightOf  where a value ends
 */

/**
 * Returns the range that bars are drawn in; zero is always in it, and all of what shares can be.
 *
 * @param {number[]} values
 * @param {boolean} isShare
 * @returns {[number, number]}
 */
export function rangeOf(values, isShare) {
  const [low, high] = isShare ? [0, 1] : extent([0, ...values]);
  return low === high ? [0, 1] : [low, high];
}

/**
 * Returns where a bar begins and how long it is, as shares of the track.
 *
 * @param {number} value
 * @param {[number, number]} range
 */
export function barShares(value, range) {
  const end = Number.isNaN(value) ? 0 : clamp(value, ...range);
  const share = linear(range, 0, 1);
  const [left, right] = [share(Math.min(end, 0)), share(Math.max(end, 0))];
  return { left, length: right - left };
}

/**
 * @param {number[]} values
 * @param {[number, number]} range
 * @param {number} width  pixels
 * @returns {Columns}
 */
export function layColumns(values, [low, high], width) {
  const room = clamp(width - GUTTER, 1, Math.max(WIDEST * values.length, 1));
  /** @param {number} value */
  const heightOf = (value) => {
    const share = clamp((value - low) / (high - low), 0, 1);
    return Number((8 + (HEIGHT - 9) * (1 - share)).toFixed(1));
  };
  return { values, room, step: room / Math.max(values.length, 1), heightOf };
}

/**
 * Writes the outline of thin bars. Of several in one pixel, the lowest and the highest are seen.
 *
 * @param {Columns} columns
 */
export function columnsPath({ values, room, heightOf }) {
  const places = Math.min(values.length, Math.floor(room));
  const step = room / places;
  const gap = step >= 4 ? 1 : 0;
  const zero = heightOf(0);
  let path = "";
  for (let place = 0; place < places; place++) {
    const first = Math.floor((place * values.length) / places);
    const last = Math.max(first + 1, Math.floor(((place + 1) * values.length) / places));
    let [low, high] = [0, 0];
    for (let at = first; at < last; at++) {
      if (values[at] < low) low = values[at];
      if (values[at] > high) high = values[at];
    }
    const [left, right] = [place * step, (place + 1) * step - gap];
    for (const end of [low, high]) {
      if (end)
        path += `M${left.toFixed(2)} ${zero}V${heightOf(end)}H${right.toFixed(2)}V${zero}Z`;
    }
  }
  return path;
}

/**
 * Writes the column that is meant: in ink, under a sign.
 *
 * @param {Columns} columns
 * @param {number} at
 */
export function markedPath({ values, step, heightOf }, at) {
  if (!(at >= 0 && at < values.length)) return "";
  const thick = Math.max(step, 2);
  const left = at * step;
  const middle = left + thick / 2;
  const zero = heightOf(0);
  const bar = `M${left} ${zero}V${heightOf(values[at] || 0)}h${thick}V${zero}Z`;
  return `${bar}M${middle - 4} 0h8l-4 6Z`;
}

/** @param {Columns} columns */
export function oddPath({ values, step }) {
  return values
    .map((value, at) => (Number.isFinite(value) ? "" : `M${(at + 0.5) * step} 8V${HEIGHT}`))
    .join("");
}

/**
 * Returns where a key leads.
 *
 * @param {number} cell
 * @param {string} key
 * @param {number} count
 */
export function stepInColumns(cell, key, count) {
  /** @type {Record<string, number>} */
  const to = {
    ArrowLeft: cell - 1,
    ArrowRight: cell + 1,
    ArrowDown: cell - 1,
    ArrowUp: cell + 1,
    PageUp: cell + 10,
    PageDown: cell - 10,
    Home: 0,
    End: count - 1,
  };
  return key in to ? clamp(to[key], 0, count - 1) : undefined;
}
