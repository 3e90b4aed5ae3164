// Points in the plane.

import { element, svgElement } from "../../ui/page/dom.js";
import { extent, linear } from "../../ui/page/scales.js";
import { drawOn, LETTER, watchWidth } from "./figure.js";

/** @import { Figure } from "./figure.js" */
/** @import { Points } from "./state.js" */

const EDGE = 22; // pixels around the points
const MARGIN = 18; // pixels at the left and below, for the names of the axes
const MOST_NAMES = 40;

/**
 * @typedef {[x: number, y: number]} Place  in pixels
 *
 * @typedef {object} Options
 * @property {string} label
 * @property {[string, string]} axes  their names
 *
 * @typedef {{ points: Points, options: Options }} Shown
 */

/**
 * @param {HTMLElement} host
 * @param {Points} points
 * @param {Options} options
 */
export function drawPoints(host, points, options) {
  return drawOn(host, makePoints, { points, options });
}

/**
 * Places a name beside each point where there is room; a name that finds none is left out, as its
 * title says it too.
 *
 * @param {Place[]} points
 * @param {string[]} labels
 * @param {number} width
 * @param {number} height
 */
export function placeNames(points, labels, width, height) {
  const taken = points.map(([x, y]) => [x - 4, y - 4, x + 4, y + 4]);
  /**
   * @param {number[]} box  left, top, right, bottom
   * @param {number} own
   */
  const isFree = ([left, top, right, bottom], own) =>
    left >= 2 &&
    top >= 2 &&
    right <= width - 2 &&
    bottom <= height - 2 &&
    taken.every(
      (it, at) => at === own || right < it[0] || left > it[2] || bottom < it[1] || top > it[3],
    );
  return points.flatMap(([x, y], at) => {
    const text = shortened(labels[at]);
    if (!text) return [];
    const long = text.length * LETTER;
    const middle = x - long / 2;
    const corners = [
      [x + 6, y - 7],
      [x - 6 - long, y - 7],
      [middle, y - 20],
      [middle, y + 6],
    ];
    const boxes = corners.map(([left, top]) => [left, top, left + long, top + 14]);
    const box = boxes.find((it) => isFree(it, at));
    if (!box) return [];
    taken.push(box);
    return [{ text, x: box[0] + long / 2, y: box[1] + 11 }];
  });
}

/** @param {string} text */
function shortened(text) {
  return text.length > 14 ? `${text.slice(0, 13)}…` : text;
}

/** @returns {Figure<Shown>} */
function makePoints() {
  /** @type {Shown} */
  let shown;
  const root = element("div", "kfunc-lab-drawn-points");
  const svg = svgElement("svg", { role: "img" });
  root.append(svg);
  const width = watchWidth(root, lay);

  function lay() {
    const room = root.clientWidth;
    if (!room) return;
    width.took(room);
    const { points, options } = shown;
    const wide = Math.min(room, 520);
    const high = Math.round(Math.min(wide * 0.7, 340));
    const bottom = high - MARGIN;
    const [rangeX, rangeY] = [extent(points.x), extent(points.y)];
    const atX = linear(rangeX, MARGIN + EDGE, wide - EDGE);
    const atY = linear(rangeY, bottom - EDGE, EDGE);
    /** @type {Place[]} */
    const places = points.x.map((x, at) => [atX(x), atY(points.y[at])]);
    const names =
      places.length <= MOST_NAMES && places.flat().every(Number.isFinite)
        ? placeNames(places, points.labels, wide, bottom)
        : [];
    svg.setAttribute("width", String(wide));
    svg.setAttribute("height", String(high));
    svg.setAttribute("aria-label", options.label);
    svg.replaceChildren(
      ...frameParts(wide, bottom, isInside(rangeX) && atX(0), isInside(rangeY) && atY(0)),
      ...dotsOf(points, places),
      ...names.map(({ text, x, y }) =>
        svgElement("text", { class: "name", x: x.toFixed(1), y: y.toFixed(1) }, text),
      ),
      ...axisNames(options.axes, wide, high),
    );
  }

  return {
    root,
    goOn: width.goOn,
    stop: width.stop,
    show(next) {
      shown = next;
      lay();
    },
  };
}

/** @param {[number, number]} range */
function isInside([low, high]) {
  return low < 0 && high > 0;
}

/**
 * @param {number} right
 * @param {number} bottom
 * @param {number | false} zeroX  where zero is, if it is in sight
 * @param {number | false} zeroY
 */
function frameParts(right, bottom, zeroX, zeroY) {
  const lines = [
    zeroX === false ? "" : `M${zeroX.toFixed(1)} 1V${bottom - 1}`,
    zeroY === false ? "" : `M${MARGIN + 1} ${zeroY.toFixed(1)}H${right - 1}`,
  ];
  const size = { width: right - MARGIN - 1, height: bottom - 1 };
  return [
    svgElement("rect", { class: "frame", x: MARGIN + 0.5, y: 0.5, ...size, rx: 4 }),
    svgElement("path", { class: "zero", d: lines.join("") }),
  ];
}

/**
 * @param {Points} points
 * @param {Place[]} places
 */
function dotsOf({ labels }, places) {
  const r = places.length > 300 ? 2.5 : 4;
  return places.map(([x, y], at) => {
    const dot = svgElement("circle", { class: "dot", cx: x.toFixed(1), cy: y.toFixed(1), r });
    dot.append(svgElement("title", {}, labels[at]));
    return dot;
  });
}

/**
 * @param {[string, string]} names
 * @param {number} wide
 * @param {number} high
 */
function axisNames([across, up], wide, high) {
  const turned = `translate(12 ${(high - MARGIN) / 2}) rotate(-90)`;
  return [
    svgElement("text", { class: "axis", x: (MARGIN + wide) / 2, y: high - 4 }, across),
    svgElement("text", { class: "axis", transform: turned }, up),
  ];
}
