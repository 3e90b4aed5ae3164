// Puts the layouts of the open groups together to one picture, as composition.py does, so that
// groups open and close without a kernel.

/** @import { Content, Item, Level, Line } from "./state.js" */

const MARGIN = 10;
const EDGE = 6; // pixels from the corner of a box, where no line ends
const TITLE_HEIGHT = 26;

/**
 * What is drawn, and where.
 *
 * @typedef {object} Picture
 * @property {number} width
 * @property {number} height
 * @property {{ id: string, x: number, y: number }[]} boxes  their middles
 * @property {Frame[]} frames  of open groups
 * @property {Curve[]} curves
 * @property {Label[]} labels
 */

/** @typedef {{ id: string, x: number, y: number, width: number, height: number }} Frame */
/** @typedef {{ line: Line, group: string, points: number[], arrow: boolean }} Curve */
/** @typedef {{ line: Line, text: string, x: number, y: number, inside: boolean }} Label */
/** @typedef {Picture & { entries: Map<string, number>, exits: Map<string, number> }} Inner */
/** @typedef {{ x: number, y: number }} Point */
/** @typedef {(value: number) => number} Stretch */

/**
 * A level with what is known of its open groups.
 *
 * @typedef {object} Composed
 * @property {Level} level
 * @property {Map<string, Item>} items
 * @property {Map<string, Inner>} inside  the pictures in its open groups
 * @property {Map<string, { width: number, height: number }>} sizes  of their frames
 * @property {Map<string, Point>} before  the middles of its items as they were laid out
 * @property {Map<string, Point>} middles  and as they are
 * @property {[Stretch, Stretch]} stretch
 */

/**
 * Composes the picture of a graph in which some groups are open.
 *
 * @param {Content} content
 * @param {Set<string>} open
 * @returns {Picture}
 */
export function compose(content, open) {
  const inner = composeLevel(content, open, "");
  const picture = emptyPicture(inner.width + 2 * MARGIN, inner.height + 2 * MARGIN);
  placeInner(inner, picture, MARGIN, MARGIN);
  return picture;
}

/**
 * @param {number} width
 * @param {number} height
 * @returns {Picture}
 */
function emptyPicture(width, height) {
  return { width, height, boxes: [], frames: [], curves: [], labels: [] };
}

/**
 * A map of places that grows each span [low, high, lack] by what it lacks, and shrinks none.
 *
 * @param {[low: number, high: number, lack: number][]} growth
 * @returns {Stretch}
 */
export function makeStretch(growth) {
  const ends = growth.flatMap((span) => span.slice(0, 2));
  const marks = [...new Set(ends)].sort((a, b) => a - b);
  if (!marks.length) return (value) => value;
  /** @type {number[]} */
  const moved = [];
  /** @type {number[]} */
  const rates = [];
  let place = marks[0];
  marks.forEach((low, position) => {
    // Spans that lie over one another share the room.
    let rate = 0;
    if (position < marks.length - 1) {
      for (const [begin, end, lack] of growth) {
        if (begin <= low && low < end) rate = Math.max(rate, lack / (end - begin));
      }
    }
    moved.push(place);
    rates.push(1 + rate);
    if (position < marks.length - 1) place += (marks[position + 1] - low) * (1 + rate);
  });
  return (value) => {
    if (value <= marks[0]) return value;
    let low = 0;
    let high = marks.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (marks[middle] <= value) low = middle;
      else high = middle;
    }
    return moved[low] + (value - marks[low]) * rates[low];
  };
}

/**
 * @param {Content} content
 * @param {Set<string>} open
 * @param {string} group
 * @returns {Inner}
 */
function composeLevel(content, open, group) {
  const composed = stretched(content, open, group);
  const { level, inside, sizes, middles, stretch } = composed;
  const picture = emptyPicture(stretch[0](level.width), stretch[1](level.height));
  const ports = (/** @type {Level["entries"]} */ of) =>
    new Map(of.map(({ tensor, x }) => [tensor, stretch[0](x)]));
  const whole = { ...picture, entries: ports(level.entries), exits: ports(level.exits) };
  for (const [id, middle] of middles) {
    const inner = inside.get(id);
    const size = sizes.get(id);
    if (!inner || !size) {
      whole.boxes.push({ id, ...middle });
      continue;
    }
    const left = middle.x - size.width / 2;
    const top = middle.y - size.height / 2;
    whole.frames.push({ id, x: left, y: top, ...size });
    placeInner(inner, whole, left + (size.width - inner.width) / 2, top + TITLE_HEIGHT);
  }
  for (const line of level.lines) placeLine(line, composed, whole);
  return whole;
}

/**
 * Composes what is in the open groups of a level, and makes room for it.
 *
 * @param {Content} content
 * @param {Set<string>} open
 * @param {string} group
 * @returns {Composed}
 */
function stretched({ items, levels }, open, group) {
  const level = /** @type {Level} */ (levels.get(group));
  const inside = new Map();
  const sizes = new Map();
  /** @type {[[number, number, number][], [number, number, number][]]} */
  const growth = [[], []];
  for (const { id, x, y } of level.places) {
    if (!open.has(id) || !levels.has(id)) continue;
    const inner = composeLevel({ items, levels }, open, id);
    const item = /** @type {Item} */ (items.get(id));
    const width = Math.max(inner.width + 2 * MARGIN, item.titleWidth ?? 0, item.width);
    const height = Math.max(inner.height + TITLE_HEIGHT + MARGIN, item.height);
    inside.set(id, inner);
    sizes.set(id, { width, height });
    growth[0].push([x - item.width / 2, x + item.width / 2, width - item.width]);
    growth[1].push([y - item.height / 2, y + item.height / 2, height - item.height]);
  }
  const stretch = /** @type {[Stretch, Stretch]} */ (growth.map(makeStretch));
  const before = new Map(level.places.map(({ id, x, y }) => [id, { x, y }]));
  const middles = new Map(
    level.places.map(({ id, x, y }) => [id, { x: stretch[0](x), y: stretch[1](y) }]),
  );
  return { level, items, inside, sizes, before, middles, stretch };
}

/**
 * @param {Line} line
 * @param {Composed} composed
 * @param {Inner} picture
 */
function placeLine(line, composed, picture) {
  const begin = endOf(line, false, composed, picture);
  const end = endOf(line, true, composed, picture);
  const points = bend(line.points, begin, end, composed.stretch);
  const arrow = line.target !== null && !composed.inside.has(line.target);
  const { group } = composed.level;
  picture.curves.push({ line, group, points, arrow });
  if (!line.label) return;
  const at = pointAt(points, line.label.at);
  picture.labels.push({
    line,
    text: line.label.text,
    x: at.x + line.label.x,
    y: at.y + line.label.y,
    inside: group !== "",
  });
}

/**
 * Where a line begins or ends in the stretched level.
 *
 * @param {Line} line
 * @param {boolean} atTarget
 * @param {Composed} composed
 * @param {Inner} picture
 * @returns {Point}
 */
function endOf(line, atTarget, { items, inside, sizes, before, middles }, picture) {
  const id = atTarget ? line.target : line.source;
  const [x, y] = atTarget ? line.points.slice(-2) : line.points;
  if (id === null) {
    return atTarget
      ? { x: picture.exits.get(line.tensor) ?? 0, y: picture.height + MARGIN }
      : { x: picture.entries.get(line.tensor) ?? 0, y: -TITLE_HEIGHT };
  }
  const middle = /** @type {Point} */ (middles.get(id));
  const inner = inside.get(id);
  const size = sizes.get(id);
  if (inner && size) {
    const left = middle.x - inner.width / 2;
    const port = (atTarget ? inner.entries : inner.exits).get(line.tensor) ?? inner.width / 2;
    const half = size.height / 2;
    return { x: left + port, y: middle.y + (atTarget ? -half : half) };
  }
  const was = /** @type {Point} */ (before.get(id));
  const box = /** @type {Item} */ (items.get(id));
  const reach = Math.max(0, box.width / 2 - (box.margin ? box.margin + EDGE : 0));
  const across = Math.min(reach, Math.max(-reach, x - was.x));
  return { x: middle.x + across, y: y + middle.y - was.y };
}

/**
 * Moves a line's points with the level, and its first and last two with its ends.
 *
 * @param {number[]} points
 * @param {Point} begin
 * @param {Point} end
 * @param {[Stretch, Stretch]} stretch
 */
export function bend(points, begin, end, stretch) {
  const count = points.length / 2;
  const bent = [];
  for (let number = 0; number < count; number += 1) {
    const [x, y] = [points[2 * number], points[2 * number + 1]];
    if (number < 2) bent.push(begin.x + x - points[0], begin.y + y - points[1]);
    else if (number >= count - 2) {
      bent.push(end.x + x - points[2 * count - 2], end.y + y - points[2 * count - 1]);
    } else bent.push(stretch[0](x), stretch[1](y));
  }
  return bent;
}

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
 * @param {Picture} inner
 * @param {Picture} outer
 * @param {number} x
 * @param {number} y
 */
function placeInner(inner, outer, x, y) {
  for (const it of inner.boxes) outer.boxes.push({ ...it, x: it.x + x, y: it.y + y });
  for (const it of inner.frames) outer.frames.push({ ...it, x: it.x + x, y: it.y + y });
  for (const it of inner.labels) outer.labels.push({ ...it, x: it.x + x, y: it.y + y });
  for (const it of inner.curves) {
    const points = it.points.map((value, place) => value + (place % 2 ? y : x));
    outer.curves.push({ ...it, points });
  }
}
