// The lines of a run, point by point as they come.

import { numbersOf } from "../../../ui/page/numbers.js";

/** @import { Kind, Line } from "../../../ui/page/chart.js" */
/** @import { LinePart } from "./state.js" */

/** @typedef {Map<string, { x: number[], y: number[] }>} Lines  by name */

/**
 * Adds points to a line; those that are known from `first` on give way to them.
 *
 * @param {Lines} lines
 * @param {LinePart} part
 * @param {Parameters<typeof numbersOf>[0]} points
 */
export function takePoints(lines, { name, first }, points) {
  const numbers = numbersOf(points);
  const count = numbers.length / 2;
  const line = lines.get(name) ?? { x: [], y: [] };
  line.x.length = Math.min(line.x.length, first);
  line.y.length = Math.min(line.y.length, first);
  line.x.push(...numbers.subarray(0, count));
  line.y.push(...numbers.subarray(count));
  lines.set(name, line);
}

/**
 * Says what a line is of: `epoch/val_loss` is the loss, on the validation data.
 *
 * @param {string} name
 * @returns {{ quantity: string, kind: Kind }}
 */
export function readName(name) {
  const slash = name.indexOf("/");
  const metric = name.slice(slash + 1);
  const isValidation = metric.startsWith("val_");
  const quantity = isValidation ? metric.slice("val_".length) : metric;
  if (name.slice(0, slash) === "batch") return { quantity, kind: "batch" };
  return { quantity, kind: isValidation ? "validation" : "training" };
}

/**
 * Puts together the lines that are of one quantity; the loss comes first.
 *
 * @param {Lines} lines
 */
export function byQuantity(lines) {
  /** @type {Map<string, Line[]>} */
  const quantities = new Map();
  for (const [name, line] of lines) {
    const { quantity, kind } = readName(name);
    const known = quantities.get(quantity) ?? [];
    quantities.set(quantity, [...known, { kind, ...line }]);
  }
  return [...quantities].sort(([a], [b]) => Number(b === "loss") - Number(a === "loss"));
}
