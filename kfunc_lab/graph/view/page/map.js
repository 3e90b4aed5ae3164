// A graph as a few paths: what is seen of it when it is small, in its box and in the map beside.

import { element, svgElement } from "../../../ui/page/dom.js";

/** @import { Picture } from "./composition.js" */
/** @import { Overlay } from "./overlay.js" */
/** @import { Emphasis, Item } from "./state.js" */
/** @import { Zoom } from "./zoom.js" */

const NARROWEST = 28; // pixels of the map across
const WIDEST = 84;
const MUCH = 1.25; // of the room: below that, scrolling a little shows the rest
const SMALLEST = 6; // pixels of the frame that shows what is in sight

/**
 * Draws a graph without texts: one path for all boxes of a look, one for all lines.
 *
 * @param {Picture} picture
 * @param {Map<string, Item>} items
 * @param {Emphasis} emphasis
 * @param {Overlay} overlay
 */
export function drawMap(picture, items, { values }, { marks, isSeen }) {
  const colours = new Map(values.map((it) => [it.id, it.colour]));
  /** @type {Map<string, { classes: string, colour: string, d: string[] }>} */
  const looks = new Map();
  for (const { id, x, y } of picture.boxes) {
    const item = items.get(id);
    if (!item || (isSeen && !isSeen(id))) continue;
    const colour = colours.get(id) ?? "";
    const classes = [item.classes, marks?.get(id), colour && "valued"]
      .filter(Boolean)
      .join(" ");
    const look = looks.get(classes + colour) ?? { classes, colour, d: [] };
    looks.set(classes + colour, look);
    const [width, height] = [item.width - 2 * item.margin, item.height];
    look.d.push(`M${x - width / 2} ${y - height / 2}h${width}v${height}h${-width}z`);
  }
  const root = svgElement("g", { class: "map", "aria-hidden": "true" });
  const frames = picture.frames.map(
    ({ x, y, width, height }) => `M${x} ${y}h${width}v${height}h${-width}z`,
  );
  root.append(svgElement("path", { class: "frame", d: frames.join("") }));
  const lines = picture.curves.map(({ points }) => linePath(points)).join("");
  root.append(svgElement("path", { class: "line", d: lines, fill: "none" }));
  for (const { classes, colour, d } of looks.values()) {
    const group = svgElement("g", { class: classes });
    if (colour) group.style.setProperty("--value", colour);
    group.append(svgElement("path", { class: "box", d: d.join("") }));
    root.append(group);
  }
  return root;
}

/**
 * A line through the ends of its curves.
 *
 * @param {number[]} points
 */
function linePath(points) {
  let d = `M${Math.round(points[0])} ${Math.round(points[1])}`;
  for (let at = 6; at < points.length; at += 6) {
    d += `L${Math.round(points[at])} ${Math.round(points[at + 1])}`;
  }
  return d;
}

/** A small map of the whole graph beside its box, with a frame around what is in sight. */
export class MiniMap {
  /**
   * @param {HTMLElement} holder  of the box and the map
   * @param {Zoom} zoom
   */
  constructor(holder, zoom) {
    this.holder = holder;
    this.zoom = zoom;
    this.root = element("div", "kfunc-lab-map");
    // The keyboard moves through the graph itself.
    this.root.setAttribute("aria-hidden", "true");
    this.drawing = svgElement("svg", {
      class: "kfunc-lab-drawing far",
      preserveAspectRatio: "none",
    });
    this.sight = element("div", "kfunc-lab-sight");
    this.root.append(this.drawing, this.sight);
    this.root.hidden = true;
    /** @type {() => SVGElement} */
    this.draw = () => svgElement("g");
    this.isDrawn = false;
    this.scale = { x: 1, y: 1 };
    this.listen();
  }

  /**
   * @param {() => SVGElement} draw  called when the map is to be seen
   * @param {{ width: number, height: number }} size
   */
  show(draw, { width, height }) {
    this.drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.drawing.replaceChildren();
    this.draw = draw;
    this.isDrawn = false;
    this.follow();
  }

  /** Shows what is in sight now; the map is hidden when that is all, or nearly. */
  follow() {
    const { holder, zoom, root } = this;
    const all = zoom.wholeSize();
    const room = { width: holder.clientWidth, height: holder.clientHeight };
    const overflow = [all.width / room.width, all.height / room.height];
    root.hidden = !room.width || Math.max(...overflow) <= MUCH;
    if (root.hidden) return;
    if (!this.isDrawn) this.drawing.replaceChildren(this.draw());
    this.isDrawn = true;
    const isWide = overflow[0] > overflow[1];
    holder.classList.toggle("with-wide-map", isWide);
    const { width, height } = zoom.size;
    // A very long graph is widened, so that its colours are seen.
    const along = isWide ? holder.clientWidth : holder.clientHeight;
    const uniform = isWide ? (along * height) / width : (along * width) / height;
    const across = Math.min(WIDEST, Math.max(NARROWEST, uniform));
    const shown = isWide ? { width: along, height: across } : { width: across, height: along };
    root.style.flexBasis = `${across + 1}px`;
    this.drawing.style.width = `${shown.width}px`;
    this.drawing.style.height = `${shown.height}px`;
    this.scale = { x: shown.width / width, y: shown.height / height };
    const seen = zoom.inSight();
    const place = (
      /** @type {number} */ from,
      /** @type {number} */ to,
      /** @type {number} */ end,
    ) => {
      const length = Math.max(SMALLEST, Math.min(end, to) - Math.max(0, from));
      return [Math.min(Math.max(0, from), end - length), length];
    };
    const [left, wide] = place(
      seen.left * this.scale.x,
      seen.right * this.scale.x,
      shown.width,
    );
    const [top, high] = place(
      seen.top * this.scale.y,
      seen.bottom * this.scale.y,
      shown.height,
    );
    this.sight.style.transform = `translate(${left}px, ${top}px)`;
    this.sight.style.width = `${wide}px`;
    this.sight.style.height = `${high}px`;
  }

  /** A press goes to that place, and a drag follows the pointer. */
  listen() {
    const { root, zoom } = this;
    const go = (/** @type {PointerEvent} */ event) => {
      const frame = this.drawing.getBoundingClientRect();
      zoom.showPoint({
        x: (event.clientX - frame.left) / this.scale.x,
        y: (event.clientY - frame.top) / this.scale.y,
      });
    };
    root.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      root.setPointerCapture(event.pointerId);
      go(event);
    });
    root.addEventListener("pointermove", (event) => {
      if (root.hasPointerCapture(event.pointerId)) go(event);
    });
  }
}
