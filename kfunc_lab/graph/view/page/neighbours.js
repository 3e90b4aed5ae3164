// Where an arrow key leads: along the lines for up and down, across otherwise.

/** @import { Curve } from "./composition.js" */

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
 * @param {import("./drawing.js").Drawn} drawn
 * @param {string[]} ordered  the items that are seen, in graph order
 */
export function neighbour(key, from, { nodes, curves }, ordered) {
  const centre = (/** @type {string} */ id) => {
    const place = /** @type {{ node: Element }} */ (nodes.get(id)).node.getBoundingClientRect();
    return { x: place.x + place.width / 2, y: place.y + place.height / 2 };
  };
  const here = centre(from);
  const nearest = (/** @type {string[]} */ ids) => {
    const distance = (/** @type {string} */ id) => Math.abs(centre(id).x - here.x);
    return [...ids].sort((a, b) => distance(a) - distance(b))[0];
  };
  if (key === "ArrowDown" || key === "ArrowUp") {
    const step = key === "ArrowDown" ? 1 : -1;
    const linked = seenEnds(curves, from, step > 0).filter((id) => nodes.has(id));
    if (linked.length) return nearest(linked);
    // At the end of the lines, and where there are none: on in graph order.
    return ordered[ordered.indexOf(from) + step] ?? from;
  }
  const direction = key === "ArrowRight" ? 1 : -1;
  const beside = [...nodes.keys()].filter((id) => {
    const there = centre(id);
    return Math.abs(there.y - here.y) < 20 && (there.x - here.x) * direction > 1;
  });
  return beside.length ? nearest(beside) : from;
}
