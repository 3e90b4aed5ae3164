// Ink on a square canvas: strokes of a round brush, averaged down to a small picture.

import { element } from "../../ui/page/dom.js";
import { brushOf } from "./pixels.js";

const SIDE = 448; // dots along a side, about: twice what is shown
const BRUSH = 1 / 12; // of the side

/** @typedef {{ x: number, y: number }} Point  from 0 to 1 */

/**
 * Returns the mean ink of each cell.
 *
 * @param {Uint8ClampedArray} data  four bytes a dot, of which the last is the ink
 * @param {number} side  in cells
 * @param {number} dots  along a cell
 */
export function meanInk(data, side, dots) {
  const sums = new Uint32Array(side * side);
  for (let y = 0, at = 3; y < side * dots; y++) {
    const first = Math.floor(y / dots) * side;
    for (let column = 0; column < side; column++) {
      let sum = 0;
      for (let x = 0; x < dots; x++, at += 4) sum += data[at];
      sums[first + column] += sum;
    }
  }
  return Uint8Array.from(sums, (sum) => Math.round(sum / dots ** 2));
}

/**
 * Returns the points from one to another where the brush dabs, so close that they make a line.
 *
 * @param {Point} from
 * @param {Point} to
 */
export function pointsBetween(from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const steps = Math.ceil(Math.hypot(dx, dy) / (BRUSH / 6)) || 1;
  return Array.from({ length: steps }, (_, at) => {
    const share = (at + 1) / steps;
    return { x: from.x + dx * share, y: from.y + dy * share };
  });
}

/**
 * Ink as the opacity of white: how it is shown is the style's.
 *
 * @param {number} side  in cells
 */
export function makeInk(side) {
  const dots = Math.ceil(SIDE / side); // along a cell
  const size = side * dots;
  const canvas = element("canvas", "kfunc-lab-pad-ink");
  canvas.setAttribute("aria-hidden", "true");
  canvas.width = canvas.height = size;
  const context = brushOf(canvas, { willReadFrequently: true });
  const stamp = makeStamp(Math.round(size * BRUSH));

  /** @param {Point} point */
  function dab({ x, y }) {
    context.drawImage(stamp, x * size - stamp.width / 2, y * size - stamp.height / 2);
  }

  /**
   * @param {Point} from
   * @param {Point} to
   */
  function line(from, to) {
    for (const point of pointsBetween(from, to)) dab(point);
  }

  return {
    canvas,
    dab,
    line,
    clear: () => context.clearRect(0, 0, size, size),
    /** @param {Point[]} points */
    stroke(points) {
      dab(points[0]);
      for (let at = 1; at < points.length; at++) line(points[at - 1], points[at]);
    },
    pixels: () => meanInk(context.getImageData(0, 0, size, size).data, side, dots),
  };
}

/**
 * Makes a round brush with a soft rim.
 *
 * @param {number} size
 */
function makeStamp(size) {
  const stamp = element("canvas");
  stamp.width = stamp.height = size;
  const context = brushOf(stamp);
  context.scale(size / 2, size / 2);
  const ink = context.createRadialGradient(1, 1, 0.7, 1, 1, 1);
  ink.addColorStop(0, "rgba(255, 255, 255, 1)");
  ink.addColorStop(1, "rgba(255, 255, 255, 0)");
  context.fillStyle = ink;
  context.fillRect(0, 0, 2, 2);
  return stamp;
}
