// Draws a composed picture into an <svg>, as svg.py does.

import { parseSvg, svgElement } from "../../../ui/page/dom.js";

/** @import { Curve, Frame, Label, Picture } from "./composition.js" */
/** @import { Emphasis, Item, Line } from "./state.js" */

const ARROW = 7;
const REGION_EDGE = 8;
const DASHED = ["lost", "mark-removed", "mark-ghost"];

/** @typedef {{ node: SVGElement, frame: SVGElement | null }} DrawnItem  open groups have a frame */

/**
 * What has been drawn.
 *
 * @typedef {object} Drawn
 * @property {Map<string, DrawnItem>} nodes  what can be selected
 * @property {Map<string, SVGElement>} ends  the marks of outputs
 * @property {(Curve & { node: SVGElement })[]} curves
 * @property {(Label & { node: SVGElement })[]} labels
 */

/**
 * Fills the drawing.
 *
 * @param {SVGSVGElement} drawing
 * @param {Picture} picture
 * @param {Map<string, Item>} items
 * @param {Emphasis} emphasis
 * @returns {Drawn}
 */
export function drawPicture(drawing, picture, items, emphasis) {
  /** @type {Drawn["nodes"]} */
  const nodes = new Map();
  /** @type {Drawn["ends"]} */
  const ends = new Map();
  const frames = picture.frames.map(({ id: _id, ...place }) =>
    svgElement("rect", { class: "frame", ...place, rx: 8 }),
  );
  const curves = picture.curves.map((curve) => ({ ...curve, node: drawCurve(curve) }));
  const boxes = drawBoxes(picture, items, emphasis);
  picture.boxes.forEach(({ id }, place) => {
    const node = boxes[place];
    if (items.get(id)?.order === undefined) ends.set(id, node);
    else nodes.set(id, { node, frame: null });
  });
  const labels = picture.labels.map((label) => ({ ...label, node: drawLabel(label) }));
  const titles = drawTitles(picture.frames, items);
  picture.frames.forEach(({ id }, place) => {
    nodes.set(id, { node: titles[place], frame: frames[place] });
  });
  drawing.setAttribute("viewBox", `0 0 ${picture.width} ${picture.height}`);
  drawing.replaceChildren(
    ...frames,
    ...drawRegions(picture, items, emphasis.regions),
    ...curves.map(({ node }) => node),
    ...boxes,
    ...labels.map(({ node }) => node),
    ...titles,
  );
  return { nodes, ends, curves, labels };
}

/** @param {number[]} points */
function curvePath(points) {
  const numbers = points.map((value) => value.toFixed(1));
  return `M${numbers[0]} ${numbers[1]}C${numbers.slice(2).join(" ")}`;
}

/**
 * @param {SVGElement} node
 * @param {Line} line
 */
function markEnds(node, { source, target }) {
  if (source !== null) node.dataset.source = source;
  if (target !== null) node.dataset.target = target;
}

/** @param {Curve} curve */
function drawCurve({ line, points, arrow }) {
  const group = svgElement("g", { class: `edge ${line.kind}`.trim() });
  const drawn = [...points];
  if (arrow) {
    const [beforeX, beforeY, x, y] = drawn.slice(-4);
    const length = Math.hypot(x - beforeX, y - beforeY) || 1;
    const base = [x - (ARROW * (x - beforeX)) / length, y - (ARROW * (y - beforeY)) / length];
    const half = [(y - base[1]) * 0.45, (base[0] - x) * 0.45];
    drawn.splice(-2, 2, ...base);
    const d =
      `M${x} ${y}L${base[0] + half[0]} ${base[1] + half[1]} ` +
      `${base[0] - half[0]} ${base[1] - half[1]}Z`;
    group.append(svgElement("path", { class: "arrow", d }));
  }
  markEnds(group, line);
  const path = svgElement("path", { class: "line", d: curvePath(drawn), fill: "none" });
  if (DASHED.includes(line.kind)) path.setAttribute("stroke-dasharray", "5 3");
  group.prepend(svgElement("title", {}, line.shape), path);
  return group;
}

/**
 * @param {Picture} picture
 * @param {Map<string, Item>} items
 * @param {Emphasis} emphasis
 */
function drawBoxes(picture, items, { values }) {
  const colours = new Map(values.map((it) => [it.id, it]));
  const nodes = parseSvg(
    picture.boxes.map(({ id }) => `<g>${items.get(id)?.svg}</g>`).join(""),
  );
  picture.boxes.forEach(({ id, x, y }, place) => {
    const node = nodes[place];
    node.setAttribute("class", items.get(id)?.classes ?? "");
    node.setAttribute("transform", `translate(${x} ${y})`);
    const value = colours.get(id);
    if (!value) return;
    node.classList.add("valued");
    node.style.setProperty("--value", value.colour);
    node.style.setProperty("--ink", value.ink);
  });
  return nodes;
}

/** @param {Label} label */
function drawLabel({ text, x, y, inside, line }) {
  const look = { class: inside ? "label inside" : "label", "font-size": 10 };
  const node = svgElement("text", { ...look, x, y: y + 3.5, "text-anchor": "middle" }, text);
  node.append(svgElement("title", {}, line.shape));
  markEnds(node, line);
  node.dataset.tensor = line.tensor;
  return node;
}

/**
 * @param {Frame[]} frames
 * @param {Map<string, Item>} items
 */
function drawTitles(frames, items) {
  const nodes = parseSvg(frames.map(({ id }) => `<g>${items.get(id)?.title}</g>`).join(""));
  frames.forEach(({ x, y, width }, place) => {
    const node = nodes[place];
    node.setAttribute("class", "title");
    node.setAttribute("transform", `translate(${x} ${y})`);
    const area = { class: "title-area", width, height: 34, rx: 8, fill: "none" };
    const name = svgElement("title", {}, items.get(frames[place].id)?.label ?? "");
    node.prepend(name, svgElement("rect", { ...area, "pointer-events": "all" }));
  });
  return nodes;
}

/**
 * @param {Picture} picture
 * @param {Map<string, Item>} items
 * @param {string[][]} regions
 */
function drawRegions(picture, items, regions) {
  const drawn = regions.map((members, number) =>
    drawRegion(picture, items, new Set(members), number),
  );
  return drawn.reverse().flat();
}

/**
 * The border first, a little larger; then the fill over it: one outline around the whole.
 *
 * @param {Picture} picture
 * @param {Map<string, Item>} items
 * @param {Set<string>} members
 * @param {number} number
 */
function drawRegion(picture, items, members, number) {
  const boxes = picture.boxes.filter(({ id }) => members.has(id));
  const bands = picture.curves.filter(
    ({ line }) =>
      line.target !== null &&
      members.has(line.from) &&
      line.takers.some((taker) => members.has(taker)),
  );
  const layers = { border: 1.5, fill: 0 };
  return Object.entries(layers).flatMap(([layer, extra]) => {
    const name = `region-${number % 4} region-${layer}`;
    const edge = REGION_EDGE + 4 * number + extra;
    const band = { class: `${name} band`, fill: "none", "stroke-width": 2 * edge };
    return [
      ...bands.map(({ points }) => svgElement("path", { ...band, d: curvePath(points) })),
      ...boxes.map(({ id, x, y }) => {
        const { width, height } = /** @type {Item} */ (items.get(id));
        return svgElement("rect", {
          class: name,
          x: x - width / 2 - edge,
          y: y - height / 2 - edge,
          width: width + 2 * edge,
          height: height + 2 * edge,
          rx: 8 + REGION_EDGE + 4 * number,
        });
      }),
    ];
  });
}
