// Colour scales: numbers to colours, as pixels are laid in memory.

/** @import { ScaleName } from "./state.js" */

/** @type {Map<string, Uint32Array>}  the 256 colours of each scale */
const TABLES = new Map();

/** @param {string} colour  such as `#d6336c` */
function partsOf(colour) {
  const number = Number.parseInt(colour.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

/**
 * Returns a colour between others, which are evenly spaced: alpha, blue, green, red.
 *
 * @param {string[]} colours
 * @param {number} share
 */
export function colourBetween(colours, share) {
  const place = share * (colours.length - 1);
  const first = Math.min(Math.floor(place), colours.length - 2);
  const [from, to] = [partsOf(colours[first]), partsOf(colours[first + 1])];
  const [red, green, blue] = from.map((part, at) =>
    Math.round(part + (to[at] - part) * (place - first)),
  );
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** @param {string[]} colours */
export function lookupTable(colours) {
  const key = colours.join();
  const known = TABLES.get(key);
  if (known) return known;
  const table = Uint32Array.from({ length: 256 }, (_, at) => colourBetween(colours, at / 255));
  TABLES.set(key, table);
  return table;
}

/**
 * Returns what the first and the last colour stand for: zero is the middle of what diverges.
 *
 * @param {number} low
 * @param {number} high
 * @param {ScaleName} scale
 * @returns {[number, number]}
 */
export function endsOf(low, high, scale) {
  if (scale !== "diverging") return [low, high];
  const reach = Math.max(Math.abs(low), Math.abs(high));
  return [-reach, reach];
}

/**
 * Paints numbers, and returns the places of those that are not finite; those stay clear.
 *
 * @param {Uint32Array} pixels
 * @param {Float32Array} numbers
 * @param {Uint32Array} table
 * @param {[number, number]} ends
 * @param {(at: number) => number} placeOf  the pixel of each number
 */
export function paintNumbers(pixels, numbers, table, [low, high], placeOf) {
  const rise = 255 / (high - low || 1);
  const odd = [];
  for (let at = 0; at < numbers.length; at++) {
    const value = numbers[at];
    if (value - value !== 0) odd.push(at);
    else {
      const colour = (value - low) * rise + 0.5;
      pixels[placeOf(at)] = table[colour < 0 ? 0 : colour > 255 ? 255 : colour | 0];
    }
  }
  return odd;
}
