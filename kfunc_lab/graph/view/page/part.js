// Chooses what of a large picture is drawn.

import { hull, overlap, pieces } from "./curves.js";

/** @import { Curve, Picture } from "./composition.js" */
/** @import { Area } from "./curves.js" */
/** @import { Place } from "./scene.js" */

/** @type {WeakMap<Curve, Area>} */
const AROUND = new WeakMap(); // the area of each curve

/**
 * The part of a picture that lies in an area.
 *
 * @param {Picture} picture
 * @param {Map<string, Place>} places
 * @param {Area} area
 * @param {string} kept  an item that is drawn wherever it stands
 * @returns {Picture}
 */
export function partOf(picture, places, area, kept) {
  const isIn = (/** @type {{ id: string }} */ { id }) => {
    const { x, y, width, height } = /** @type {Place} */ (places.get(id));
    return id === kept || overlap(area, [x, y, x + width, y + height]);
  };
  return {
    ...picture,
    boxes: picture.boxes.filter(isIn),
    frames: picture.frames.filter(isIn),
    curves: picture.curves.filter((curve) => overlap(area, areaOf(curve))),
    labels: picture.labels.filter(({ x, y }) => overlap(area, [x - 40, y - 6, x + 40, y + 6])),
  };
}

/** @param {Curve} curve */
function areaOf(curve) {
  const known = AROUND.get(curve);
  if (known) return known;
  const hulls = pieces(curve.points).map(hull);
  /** @type {Area} */
  const area = [
    Math.min(...hulls.map((it) => it[0])),
    Math.min(...hulls.map((it) => it[1])),
    Math.max(...hulls.map((it) => it[2])),
    Math.max(...hulls.map((it) => it[3])),
  ];
  AROUND.set(curve, area);
  return area;
}
