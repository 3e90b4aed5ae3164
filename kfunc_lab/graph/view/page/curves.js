// Consecutive Bézier curves, as curves.py has them: x, y, x, y, …

/** @typedef {{ x: number, y: number }} Point */
/** @typedef {[left: number, top: number, right: number, bottom: number]} Area */

const FINE = 2; // pixels: a curve this short is its end points

/**
 * A point of Bézier curves that follow one another: 1.5 is amid the second.
 *
 * @param {number[]} points
 * @param {number} at
 * @returns {Point}
 */
export function pointAt(points, at) {
  const first = Math.min(Math.floor(at), Math.floor((points.length / 2 - 2) / 3));
  const t = at - first;
  const weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t ** 2 * (1 - t), t ** 3];
  const point = { x: 0, y: 0 };
  weights.forEach((weight, place) => {
    point.x += weight * points[6 * first + 2 * place];
    point.y += weight * points[6 * first + 2 * place + 1];
  });
  return point;
}

/**
 * A straight line as one curve.
 *
 * @param {Point} begin
 * @param {Point} end
 */
export function straight(begin, end) {
  return [0, 1 / 3, 2 / 3, 1].flatMap((share) => [
    begin.x + (end.x - begin.x) * share,
    begin.y + (end.y - begin.y) * share,
  ]);
}

/**
 * The single curves, with four points each.
 *
 * @param {number[]} points
 */
export function pieces(points) {
  const curves = [];
  for (let at = 0; at + 8 <= points.length; at += 6) curves.push(points.slice(at, at + 8));
  return curves;
}

/**
 * Splits one curve (de Casteljau).
 *
 * @param {number[]} curve
 * @param {number} [at]  by default the middle
 */
export function halves(curve, at = 0.5) {
  /** @type {number[]} */
  const first = [];
  /** @type {number[]} */
  const second = [];
  let points = curve;
  while (points.length) {
    first.push(points[0], points[1]);
    second.unshift(...points.slice(-2));
    points = points
      .slice(0, -2)
      .map((value, place) => value + (points[place + 2] - value) * at);
  }
  return [first, second];
}

/**
 * The area around the points of a curve, which holds the curve.
 *
 * @param {number[]} curve
 * @returns {Area}
 */
export function hull([x0, y0, x1, y1, x2, y2, x3, y3]) {
  return [
    Math.min(x0, x1, x2, x3),
    Math.min(y0, y1, y2, y3),
    Math.max(x0, x1, x2, x3),
    Math.max(y0, y1, y2, y3),
  ];
}

/**
 * @param {Area} one
 * @param {Area} other
 */
export function overlap(one, other) {
  return one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
}

/**
 * Whether one curve runs through an area.
 *
 * @param {number[]} curve
 * @param {Area} area
 * @returns {boolean}
 */
export function crosses(curve, area) {
  const [left, top, right, bottom] = hull(curve);
  if (left > area[2] || area[0] > right || top > area[3] || area[1] > bottom) return false;
  if (right - left < FINE && bottom - top < FINE) return true;
  return halves(curve).some((half) => crosses(half, area));
}
