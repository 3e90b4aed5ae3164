// Heat maps to lay over a picture, and the picture in grey, as numbers.

import { bytesOf } from "../../ui/page/numbers.js";
import { clamp } from "../../ui/page/scales.js";

/** @import { Image } from "./state.js" */

/**
 * Returns the numbers between the cells of a heat map, at the middles of so many pixels.
 *
 * @param {{ rows: number, cols: number }} heat
 * @param {Float32Array} numbers
 * @param {number} rows
 * @param {number} cols
 */
export function enlarged(heat, numbers, rows, cols) {
  const found = new Float32Array(rows * cols);
  /**
   * Between which cells each pixel lies, and how far from the first.
   *
   * @param {number} count
   * @param {number} most
   */
  const sides = (count, most) =>
    Array.from({ length: count }, (_, at) => {
      const place = clamp(((at + 0.5) * most) / count - 0.5, 0, most - 1);
      const first = Math.min(Math.floor(place), Math.max(most - 2, 0));
      return [first, Math.min(first + 1, most - 1), place - first];
    });
  const across = sides(cols, heat.cols);
  sides(rows, heat.rows).forEach(([above, below, down], row) => {
    for (let column = 0; column < cols; column++) {
      const [left, right, over] = across[column];
      /** @param {number} line */
      const mix = (line) =>
        numbers[line * heat.cols + left] * (1 - over) +
        numbers[line * heat.cols + right] * over;
      found[row * cols + column] = mix(above) * (1 - down) + mix(below) * down;
    }
  });
  return found;
}

/**
 * Returns a picture in grey: the luma of ITU-R BT.601.
 *
 * @param {Image} image
 */
export function greyOf({ rows, cols, channels, data }) {
  const bytes = bytesOf(data);
  if (channels !== 3) return bytes;
  return Uint8Array.from({ length: rows * cols }, (_, at) =>
    Math.round(0.299 * bytes[3 * at] + 0.587 * bytes[3 * at + 1] + 0.114 * bytes[3 * at + 2]),
  );
}
