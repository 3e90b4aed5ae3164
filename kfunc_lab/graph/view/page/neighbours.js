// Where an arrow key leads: along the lines, or across them to what stands beside.

/** @import { Curve } from "./composition.js" */
/** @import { Place } from "./scene.js" */

const NEAR = 20; // pixels along the lines between items that stand beside one another

/**
 * The seen items that a line leads to (or comes from), through the borders of open groups.
 *
 * @param {Pick<Curve, "line" | "group">[]} curves
 * @param {string} id
 * @param {boolean} forward
 */
export function seenEnds(curves, id, forward) {
  /** @type {Set<string>} */
  const found = new Set();
  const begin = (/** @type {Pick<Curve, "line">} */ { line }) =>
    forward ? line.source : line.target;
  const follow = (/** @type {Pick<Curve, "line" | "group">} */ { line, group }) => {
    const next = forward ? line.target : line.source;
    const same = curves.filter((it) => it.line.tensor === line.tensor);
    // At the border the line goes on outside, as the tensor that it carries.
    if (next === null) same.filter((it) => begin(it) === (group || null)).forEach(follow);
    else {
      const inner = same.filter((it) => it.group === next && begin(it) === null);
      if (inner.length) inner.forEach(follow);
      else found.add(next);
    }
  };
  curves.filter((it) => begin(it) === id).forEach(follow);
  return [...found];
}

/**
 * @param {string} key
 * @param {string} from
 * @param {{ places: Map<string, Place>, curves: Curve[], isToRight: boolean }} picture
 * @param {string[]} ordered  the items that are seen, in graph order
 */
export function neighbour(key, from, { places, curves, isToRight }, ordered) {
  // Along the lines first, then across them.
  const centre = (/** @type {string} */ id) => {
    const { x, y, width, height } = /** @type {Place} */ (places.get(id));
    const middle = [x + width / 2, y + height / 2];
    return isToRight ? middle : middle.reverse();
  };
  const here = centre(from);
  const nearest = (/** @type {string[]} */ ids) => {
    const distance = (/** @type {string} */ id) => Math.abs(centre(id)[1] - here[1]);
    return [...ids].sort((a, b) => distance(a) - distance(b))[0];
  };
  const isAlong = ["ArrowLeft", "ArrowRight"].includes(key) === isToRight;
  const step = ["ArrowDown", "ArrowRight"].includes(key) ? 1 : -1;
  if (isAlong) {
    const linked = seenEnds(curves, from, step > 0).filter((id) => ordered.includes(id));
    if (linked.length) return nearest(linked);
    // At the end of the lines, and where there are none: on in graph order.
    return ordered[ordered.indexOf(from) + step] ?? from;
  }
  const beside = ordered.filter((id) => {
    const there = centre(id);
    return Math.abs(there[0] - here[0]) < NEAR && (there[1] - here[1]) * step > 1;
  });
  return beside.length ? nearest(beside) : from;
}
