// What is said of a place in a figure.

import { significant } from "../../ui/page/numbers.js";
import { filled } from "../../ui/page/words.js";

/**
 * Fills a template whose parts stand between dots; a part of which nothing is left, such as the
 * label of the only tile, goes.
 *
 * @param {string} template
 * @param {Record<string, unknown>} values
 */
export function readout(template, values) {
  return template
    .split(" · ")
    .map((part) => filled(part, values).replace(/ +/g, " ").trim())
    .filter(Boolean)
    .join(" · ");
}

/**
 * Writes a share of one in percent; of less than one percent, no more than three decimals.
 *
 * @param {number} value
 * @param {string} template  such as `{n} %`
 */
export function percentWords(value, template) {
  const share = 100 * value;
  const size = Math.abs(share);
  let number = significant(share, 3, true);
  if (size > 0 && size < 0.001) number = "<0.001";
  else if (size > 0 && size < 1) number = share.toFixed(3).replace("-", "−");
  return Number.isFinite(share) ? filled(template, { n: number }) : number;
}

/**
 * Says what a cell stands for along a side: the number of what was put together in it.
 *
 * @param {number} at
 * @param {number} factor
 */
export function placeWords(at, factor) {
  const first = Math.floor(at * factor);
  const last = Math.ceil((at + 1) * factor) - 1;
  return last > first ? `${first}–${last}` : String(first);
}
