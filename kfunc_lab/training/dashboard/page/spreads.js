// How the numbers of each layer are spread, epoch by epoch.

import { numbersOf } from "../../../ui/page/numbers.js";

/** @import { LayerTable } from "./state.js" */

const PERCENTILES = 5;

/**
 * @typedef {"weights" | "results"} Part
 *
 * @typedef {object} Spread  percentiles at one epoch
 * @property {number} epoch
 * @property {Float32Array} weights
 * @property {Float32Array} results
 *
 * @typedef {Map<string, Spread[]>} Spreads  by layer
 */

/**
 * Adds the percentiles of some epochs; what was known of those epochs gives way.
 *
 * @param {Spreads} spreads
 * @param {LayerTable} table
 * @param {Parameters<typeof numbersOf>[0]} data
 */
export function takeSpreads(spreads, { layers, epochs }, data) {
  const numbers = numbersOf(data);
  /** @param {number} place */
  const five = (place) => numbers.subarray(place * PERCENTILES, (place + 1) * PERCENTILES);
  let place = 0;
  for (const epoch of epochs) {
    for (const name of layers) {
      const others = (spreads.get(name) ?? []).filter((it) => it.epoch !== epoch);
      const all = [...others, { epoch, weights: five(place), results: five(place + 1) }];
      spreads.set(
        name,
        all.sort((a, b) => a.epoch - b.epoch),
      );
      place += 2;
    }
  }
}

/**
 * Returns what a chart draws of a layer's weights or results; null where there are none.
 *
 * @param {Spreads} spreads
 * @param {string} name
 * @param {Part} part
 */
export function bandOf(spreads, name, part) {
  const known = (spreads.get(name) ?? []).filter((it) => Number.isFinite(it[part][0]));
  if (!known.length) return null;
  const places = [...Array(PERCENTILES).keys()];
  return {
    x: known.map((it) => it.epoch),
    percentiles: places.map((place) => known.map((it) => it[part][place])),
  };
}
