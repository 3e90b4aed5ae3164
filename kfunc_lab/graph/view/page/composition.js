// Puts the layouts of the open groups together to one picture, as composition.py does, so that
// groups open and close without a kernel.

import { pointAt, straight } from "./curves.js";
import { beside, Obstacles } from "./labels.js";
import { alongBorders, Stretch, stretched } from "./stretching.js";

/** @import { Area, Point } from "./curves.js" */
/** @import { Content, Item, Level, Line } from "./state.js" */

const MARGIN = 10;
const EDGE = 6; // pixels from the corner of a box, where no line ends
const TITLE_HEIGHT = 34;

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
 * @property {boolean} right  whether the lines lead to the right instead of down
 */

/** @typedef {{ id: string, x: number, y: number, width: number, height: number }} Frame */
/** @typedef {{ line: Line, group: string, points: number[], arrow: boolean }} Curve */
/** @typedef {{ line: Line, text: string, x: number, y: number, inside: boolean }} Label */
/** @typedef {Picture & { entries: Map<string, number>, exits: Map<string, number> }} Inner */
/** @typedef {{ left: number, top: number, right: number, bottom: number }} Reach */

/**
 * A level with what is known of its open groups.
 *
 * @typedef {object} Composed
 * @property {Level} level
 * @property {Map<string, Item>} items
 * @property {Map<string, Inner>} inside  the pictures in its open groups
 * @property {Map<string, Reach>} reaches  how far their frames reach from the middle
 * @property {Map<string, Point>} before  the middles of its items as they were laid out
 * @property {Map<string, Point>} middles  and as they are
 * @property {[Stretch, Stretch]} stretch
 * @property {Obstacles} [frames]  the open groups, once they are placed
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
  const picture = {
    ...emptyPicture(inner.width + 2 * MARGIN, inner.height + 2 * MARGIN),
    right: inner.right,
  };
  placeInner(inner, picture, MARGIN, MARGIN);
  return picture;
}

/**
 * @param {number} width
 * @param {number} height
 * @returns {Picture}
 */
function emptyPicture(width, height) {
  return { width, height, boxes: [], frames: [], curves: [], labels: [], right: false };
}

/**
 * @param {Content} content
 * @param {Set<string>} open
 * @param {string} group
 * @returns {Inner}
 */
function composeLevel(content, open, group) {
  const composed = composeInside(content, open, group);
  const { level, inside, reaches, middles, stretch } = composed;
  const picture = emptyPicture(stretch[0].to(level.width), stretch[1].to(level.height));
  const own = content.items.get(group);
  if (level.right && own) {
    // The lines leave at the edge of the frame, which is never narrower than its title.
    const needed = Math.max(own.titleWidth ?? 0, own.width) - 2 * MARGIN;
    picture.width = Math.max(picture.width, needed);
  }
  const across = stretch[level.right ? 1 : 0];
  const ports = (/** @type {Level["entries"]} */ of) =>
    new Map(of.map(({ tensor, x }) => [tensor, across.to(x)]));
  const right = Boolean(level.right);
  const whole = { ...picture, right, entries: ports(level.entries), exits: ports(level.exits) };
  for (const [id, middle] of middles) {
    const inner = inside.get(id);
    const reach = reaches.get(id);
    if (!inner || !reach) {
      whole.boxes.push({ id, ...middle });
      continue;
    }
    const [x, y] = [middle.x - reach.left, middle.y - reach.top];
    const size = { width: reach.left + reach.right, height: reach.top + reach.bottom };
    whole.frames.push({ id, x, y, ...size });
    const top = level.right ? middle.y - inner.height / 2 : y + TITLE_HEIGHT;
    placeInner(inner, whole, middle.x - inner.width / 2, top);
  }
  const curves = level.lines.map((line) => route(line, composed, whole));
  placeLabels(curves, composed, whole);
  whole.curves.push(...curves);
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
function composeInside({ items, levels }, open, group) {
  const level = /** @type {Level} */ (levels.get(group));
  const inside = new Map();
  const reaches = new Map();
  /** @type {[[number, number, number][], [number, number, number][]]} */
  const growth = [[], []];
  for (const { id, x, y } of level.places) {
    if (!open.has(id) || !levels.has(id)) continue;
    const item = /** @type {Item} */ (items.get(id));
    const inner = composeLevel({ items, levels }, open, id);
    const reach = reachOf(inner, item, Boolean(level.right));
    inside.set(id, inner);
    reaches.set(id, reach);
    const [across, along] = [item.width / 2, item.height / 2];
    growth[0].push([x - across, x, reach.left - across], [x, x + across, reach.right - across]);
    growth[1].push([y - along, y, reach.top - along], [y, y + along, reach.bottom - along]);
  }
  const stretch = /** @type {[Stretch, Stretch]} */ (growth.map((it) => new Stretch(it)));
  const before = new Map(level.places.map(({ id, x, y }) => [id, { x, y }]));
  const middles = new Map(
    level.places.map(({ id, x, y }) => [id, { x: stretch[0].to(x), y: stretch[1].to(y) }]),
  );
  return { level, items, inside, reaches, before, middles, stretch };
}

/**
 * The room of an open group. Its content stays where the middle of its box was.
 *
 * @param {Inner} inner
 * @param {Item} item
 * @param {boolean} toRight
 * @returns {Reach}
 */
function reachOf(inner, item, toRight) {
  const [across, along] = [inner.width / 2, inner.height / 2];
  const [halfWidth, halfHeight] = [item.width / 2, item.height / 2];
  if (toRight) {
    const side = Math.max(across + MARGIN, halfWidth);
    const top = Math.max(along + TITLE_HEIGHT, halfHeight);
    const bottom = Math.max(along + MARGIN, halfHeight);
    return { left: side, top, right: side, bottom };
  }
  // The title stands at the left of all lines that enter.
  const title = item.titleWidth ?? 0;
  const first = inner.entries.size ? Math.min(...inner.entries.values()) : title;
  const left = Math.max(across + Math.max(MARGIN, title - first), halfWidth);
  const half = Math.max(along + (TITLE_HEIGHT + MARGIN) / 2, halfHeight);
  const right = Math.max(across + MARGIN, halfWidth, title - left);
  return { left, top: half, right, bottom: half };
}

/**
 * Draws a line. It runs through no open group that it does not enter.
 *
 * @param {Line} line
 * @param {Composed} composed
 * @param {Inner} picture
 * @returns {Curve}
 */
function route(line, composed, picture) {
  const { level, inside, stretch } = composed;
  /** @type {[Point, Point]} */
  const ends = [endOf(line, false, composed), endOf(line, true, composed)];
  let points = stretched(line.points, ends, stretch);
  if (inside.size) {
    composed.frames ??= new Obstacles([], frameAreas(composed, picture, 1));
    if (composed.frames.hitBy(points)) {
      points = alongBorders(line.points, ends, stretch, level.right ? "x" : "y");
    }
  }
  const arrow = line.target !== null && !inside.has(line.target);
  return { line, group: level.group, points: toBorders(points, line, level, picture), arrow };
}

/**
 * Leads a line straight through the edge of its group, where it enters or leaves.
 *
 * @param {number[]} points
 * @param {Line} line
 * @param {Level} level
 * @param {Inner} picture
 */
function toBorders(points, { source, target, tensor }, { right }, picture) {
  let whole = points;
  if (source === null) {
    const at = picture.entries.get(tensor) ?? 0;
    const border = right ? { x: -MARGIN, y: at } : { x: at, y: -TITLE_HEIGHT };
    const lead = straight(border, { x: points[0], y: points[1] });
    whole = [...lead.slice(0, 6), ...whole];
  }
  if (target === null) {
    const at = picture.exits.get(tensor) ?? 0;
    const border = right
      ? { x: picture.width + MARGIN, y: at }
      : { x: at, y: picture.height + MARGIN };
    const [x, y] = points.slice(-2);
    whole = [...whole, ...straight({ x, y }, border).slice(2)];
  }
  return whole;
}

/**
 * Places the shapes; where a line has no room beside it, its shape is left out.
 *
 * @param {Curve[]} curves
 * @param {Composed} composed
 * @param {Inner} picture
 */
function placeLabels(curves, composed, picture) {
  const { level, inside, stretch } = composed;
  if (!level.lines.some((line) => line.label)) return;
  const areas = [...boxAreas(composed, picture), ...frameAreas(composed, picture, 0)];
  const obstacles = new Obstacles(
    curves.map(({ points }) => points),
    areas,
  );
  level.lines.forEach((line, place) => {
    const { label } = line;
    if (!label) return;
    const at = pointAt(line.points, label.at);
    const given = { x: stretch[0].to(at.x + label.x), y: stretch[1].to(at.y + label.y) };
    const places = beside(label.width, curves[place].points, Boolean(level.right));
    // Where groups are open, the place in the layout may have moved away from the line.
    const tried = inside.size ? [...places, given] : [given, ...places];
    const free = obstacles.freePlace(label.width, tried);
    const isInside = level.group !== "";
    if (free) picture.labels.push({ line, text: label.text, ...free, inside: isInside });
  });
}

/**
 * @param {Composed} composed
 * @param {Picture} picture
 * @returns {Area[]}
 */
function boxAreas({ before, items }, picture) {
  return picture.boxes
    .filter(({ id }) => before.has(id))
    .map(({ id, x, y }) => {
      const { width, height } = /** @type {Item} */ (items.get(id));
      return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
    });
}

/**
 * The areas of the open groups of a level, without their edges.
 *
 * @param {Composed} composed
 * @param {Picture} picture
 * @param {number} edge
 * @returns {Area[]}
 */
function frameAreas({ inside }, picture, edge) {
  return picture.frames
    .filter(({ id }) => inside.has(id))
    .map(({ x, y, width, height }) => [
      x + edge,
      y + edge,
      x + width - edge,
      y + height - edge,
    ]);
}

/**
 * Where a line begins or ends in the stretched level.
 *
 * @param {Line} line
 * @param {boolean} atTarget
 * @param {Composed} composed
 * @returns {Point}
 */
function endOf(line, atTarget, { level, items, inside, reaches, before, middles, stretch }) {
  const id = atTarget ? line.target : line.source;
  const [x, y] = atTarget ? line.points.slice(-2) : line.points;
  if (id === null) return { x: stretch[0].to(x), y: stretch[1].to(y) };
  const middle = /** @type {Point} */ (middles.get(id));
  const inner = inside.get(id);
  const reach = reaches.get(id);
  if (inner && reach) {
    const ports = atTarget ? inner.entries : inner.exits;
    if (level.right) {
      const port = ports.get(line.tensor) ?? inner.height / 2;
      const side = atTarget ? -reach.left : reach.right;
      return { x: middle.x + side, y: middle.y - inner.height / 2 + port };
    }
    const port = ports.get(line.tensor) ?? inner.width / 2;
    const side = atTarget ? -reach.top : reach.bottom;
    return { x: middle.x - inner.width / 2 + port, y: middle.y + side };
  }
  const was = /** @type {Point} */ (before.get(id));
  const box = /** @type {Item} */ (items.get(id));
  const limit = Math.max(0, box.width / 2 - (box.margin ? box.margin + EDGE : 0));
  const across = Math.min(limit, Math.max(-limit, x - was.x));
  return { x: middle.x + across, y: y + middle.y - was.y };
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
