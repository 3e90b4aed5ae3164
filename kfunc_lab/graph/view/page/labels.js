// Places the shapes beside their lines, as labels.py does.

import { crosses, hull, overlap, pieces, pointAt } from "./curves.js";

/** @import { Area, Point } from "./curves.js" */

const LABEL_HEIGHT = 8; // pixels of digits
const BESIDE = 4; // pixels between a line and a shape
const STRIP = 200; // pixels: obstacles are looked up by horizontal strips
// Places along a line, from its middle to its ends.
const STEPS = Array.from({ length: 15 }, (_it, step) => (step + 1) / 16).sort(
  (a, b) => Math.abs(a - 0.5) - Math.abs(b - 0.5),
);

/**
 * @param {Area} area
 */
function strips([, top, , bottom]) {
  const found = [];
  for (let at = Math.floor(top / STRIP); at <= Math.floor(bottom / STRIP); at += 1) {
    found.push(at);
  }
  return found;
}

/**
 * @template Thing
 * @param {Map<number, Thing[]>} by
 * @param {number} strip
 * @param {Thing} thing
 */
function put(by, strip, thing) {
  const there = by.get(strip);
  if (there) there.push(thing);
  else by.set(strip, [thing]);
}

/** What a shape must not touch, in strips from top to bottom. */
export class Obstacles {
  /**
   * @param {number[][]} lines
   * @param {Area[]} areas
   */
  constructor(lines, areas) {
    /** @type {Map<number, number[][]>} */
    this.curves = new Map();
    /** @type {Map<number, Area[]>} */
    this.areas = new Map();
    for (const curve of lines.flatMap(pieces)) {
      for (const strip of strips(hull(curve))) put(this.curves, strip, curve);
    }
    for (const area of areas) this.add(area);
  }

  /** @param {Area} area */
  add(area) {
    for (const strip of strips(area)) put(this.areas, strip, area);
  }

  /**
   * Whether one of them lies in an area.
   *
   * @param {Area} area
   */
  touch(area) {
    return strips(area).some(
      (strip) =>
        this.areas.get(strip)?.some((other) => overlap(area, other)) ||
        this.curves.get(strip)?.some((curve) => crosses(curve, area)),
    );
  }

  /**
   * Whether a line runs through one of the areas.
   *
   * @param {number[]} line
   */
  hitBy(line) {
    return pieces(line).some((curve) =>
      strips(hull(curve)).some((strip) =>
        this.areas.get(strip)?.some((area) => crosses(curve, area)),
      ),
    );
  }

  /**
   * The first place where a shape touches nothing; the shape is added there.
   *
   * @param {number} width  of the shape
   * @param {Point[]} places
   */
  freePlace(width, places) {
    const half = width / 2;
    for (const { x, y } of places) {
      /** @type {Area} */
      const area = [x - half, y - LABEL_HEIGHT / 2, x + half, y + LABEL_HEIGHT / 2];
      if (this.touch(area)) continue;
      this.add(area);
      return { x, y };
    }
    return undefined;
  }
}

/**
 * Places for a shape on both sides of a line, from the line's middle to its ends.
 *
 * @param {number} width
 * @param {number[]} points
 * @param {boolean} right  whether lines lead to the right
 */
export function beside(width, points, right) {
  const count = (points.length / 2 - 1) / 3;
  return [right, !right].flatMap((isAbove) => {
    const away = BESIDE + (isAbove ? LABEL_HEIGHT : width) / 2;
    return STEPS.flatMap((step) => {
      const { x, y } = pointAt(points, step * count);
      return [1, -1].map((side) =>
        isAbove ? { x, y: y - side * away } : { x: x + side * away, y },
      );
    });
  });
}
