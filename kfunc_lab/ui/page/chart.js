// A chart of lines over epochs that grow while a model trains.

import { element, svgElement } from "./dom.js";
import { significant } from "./numbers.js";
import { extent, linear, ticksBetween } from "./scales.js";

const WIDTH = 320;
const HEIGHT = 190;
const LEFT = 46;
const RIGHT = WIDTH - 10;
const TOP = 8;
const BOTTOM = HEIGHT - 22;
const MOST_DOTS = 60; // a line of more points shows none of them

/**
 * @typedef {"training" | "validation" | "batch"} Kind
 *
 * @typedef {object} Line
 * @property {Kind} kind
 * @property {number[]} x
 * @property {number[]} y
 *
 * @typedef {object} Band  numbers spread around their median
 * @property {number[]} x
 * @property {number[][]} percentiles  5, 25, 50, 75 and 95, each over `x`
 *
 * @typedef {(value: number) => number} Scale
 */

/**
 * Returns the least and the greatest value to draw; never equal ones.
 *
 * @param {(Line | Band)[]} lines
 * @returns {[number, number]}
 */
export function valueRange(lines) {
  const values = lines.flatMap((line) => ("y" in line ? line.y : line.percentiles.flat()));
  const [low, high] = extent(values);
  if (low > high) return [0, 1];
  const half = Math.abs(high || 1) / 2;
  return low === high ? [low - half, high + half] : [low, high];
}

/**
 * Returns how far the axis of epochs goes: of a long run first only so far as is well filled.
 *
 * @param {(Line | Band)[]} lines
 * @param {number} lastX  the last epoch of the run; 0 where that is not known
 */
export function epochRange(lines, lastX) {
  const reached = Math.max(extent(lines.flatMap((line) => line.x))[1], 1);
  return lastX > reached ? Math.min(lastX, Math.max(1.5 * reached, 5)) : reached;
}

/**
 * @param {string} title
 * @param {Record<string, string>} words  the name of each kind of line
 */
export function makeChart(title, words) {
  const root = element("figure", "kfunc-lab-chart");
  const caption = element("figcaption");
  const last = element("span");
  caption.append(element("strong", "", title), last);
  const svg = svgElement("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: "img",
    "aria-label": title,
  });
  const grid = svgElement("g", { class: "grid" });
  const drawn = svgElement("g");
  svg.append(grid, drawn);
  root.append(caption, svg);

  /**
   * @param {(Line | Band)[]} lines
   * @param {number} lastX
   */
  function show(lines, lastX) {
    const epochs = epochRange(lines, lastX);
    const values = valueRange(lines);
    const atX = linear([0, epochs], LEFT, RIGHT);
    const atY = linear(values, BOTTOM, TOP);
    grid.replaceChildren(...gridParts(epochs, values, atX, atY));
    drawn.replaceChildren(...lines.flatMap((line) => lineParts(line, atX, atY)));
    const said = lines.flatMap((line) =>
      "y" in line && line.kind !== "batch" && line.y.length
        ? `${words[line.kind]} ${significant(line.y[line.y.length - 1], 3)}`
        : [],
    );
    last.textContent = said.join(" · ");
    svg.setAttribute("aria-label", [title, ...said].join(", "));
  }

  return { root, show };
}

/**
 * @param {number} epochs
 * @param {[number, number]} values
 * @param {Scale} atX
 * @param {Scale} atY
 */
function gridParts(epochs, values, atX, atY) {
  const across = ticksBetween(...values, 4).flatMap((tick) => {
    const y = atY(tick);
    const label = { x: LEFT - 6, y: y + 4, "text-anchor": "end" };
    return [
      svgElement("line", { x1: LEFT, x2: RIGHT, y1: y, y2: y }),
      svgElement("text", label, significant(tick, 3)),
    ];
  });
  const whole = ticksBetween(0, epochs, 6).filter(Number.isInteger);
  const below = { y: BOTTOM + 16, "text-anchor": "middle" };
  return [
    ...across,
    ...whole.map((tick) => svgElement("text", { ...below, x: atX(tick) }, String(tick))),
  ];
}

/**
 * @param {Line | Band} line
 * @param {Scale} atX
 * @param {Scale} atY
 */
function lineParts(line, atX, atY) {
  return "y" in line ? pathParts(line, atX, atY) : bandParts(line, atX, atY);
}

/**
 * Writes a path through the points that are finite.
 *
 * @param {number[]} x
 * @param {number[]} y
 * @param {Scale} atX
 * @param {Scale} atY
 */
export function linePath(x, y, atX, atY) {
  let path = "";
  let isOn = false;
  y.forEach((value, at) => {
    const isPoint = Number.isFinite(value);
    if (isPoint) path += `${isOn ? "L" : "M"}${place(atX(x[at]), atY(value))}`;
    isOn = isPoint;
  });
  return path;
}

/**
 * @param {number} left
 * @param {number} top
 */
function place(left, top) {
  return `${left.toFixed(1)} ${top.toFixed(1)}`;
}

/**
 * A line; each epoch is a dot too, where they are few.
 *
 * @param {Line} line
 * @param {Scale} atX
 * @param {Scale} atY
 */
function pathParts({ kind, x, y }, atX, atY) {
  const path = linePath(x, y, atX, atY) || "M0 0";
  const line = svgElement("path", { class: `line ${kind}`, d: path, fill: "none" });
  if (kind === "batch" || y.length > MOST_DOTS) return [line];
  const dots = y.flatMap((value, at) => {
    if (!Number.isFinite(value)) return [];
    const [cx, cy] = [atX(x[at]).toFixed(1), atY(value).toFixed(1)];
    const dot = svgElement("circle", { class: `dot ${kind}`, cx, cy, r: 2.5 });
    dot.append(svgElement("title", {}, significant(value, 3)));
    return [dot];
  });
  return [line, ...dots];
}

/**
 * The area between two percentiles; one epoch alone is as wide as a mark.
 *
 * @param {number[]} x
 * @param {number[]} low
 * @param {number[]} high
 * @param {Scale} atX
 * @param {Scale} atY
 */
export function bandPath(x, low, high, atX, atY) {
  const spread = x.length === 1 ? [-4, 4] : [0];
  /** @param {number[]} values */
  const edge = (values) =>
    x.flatMap((at, index) => spread.map((by) => place(atX(at) + by, atY(values[index]))));
  return `M${[...edge(high), ...edge(low).reverse()].join("L")}Z`;
}

/**
 * How numbers are spread over epochs: the median, half of them, nine in ten of them.
 *
 * @param {Band} band
 * @param {Scale} atX
 * @param {Scale} atY
 */
export function bandParts({ x, percentiles }, atX, atY) {
  const good = [...x.keys()].filter((at) =>
    percentiles.every((values) => Number.isFinite(values[at])),
  );
  if (!good.length) return [];
  const at = good.map((index) => x[index]);
  const [p5, p25, p50, p75, p95] = percentiles.map((values) => good.map((it) => values[it]));
  return [
    svgElement("path", { class: "band wide", d: bandPath(at, p5, p95, atX, atY) }),
    svgElement("path", { class: "band", d: bandPath(at, p25, p75, atX, atY) }),
    svgElement("path", { class: "line middle", d: linePath(at, p50, atX, atY), fill: "none" }),
  ];
}
