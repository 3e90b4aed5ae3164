// The picture as it stands on the page: what is drawn, where, and what is selected in it.

import { element, svgElement } from "../../../ui/page/dom.js";
import { compose } from "./composition.js";
import { drawPicture } from "./drawing.js";
import { appear, drawTrail, ring, slide } from "./motion.js";
import { pinned } from "./state.js";
import { enableDragging, reveal, Zoom } from "./zoom.js";

/** @import { Picture } from "./composition.js" */
/** @import { Drawn, DrawnItem } from "./drawing.js" */
/** @import { Content, Emphasis, Item } from "./state.js" */

const TOGGLE_WIDTH = 26; // pixels of a box, from its left, that open it

/** The drawing in its box. */
export class Scene {
  /**
   * @param {string} label
   * @param {boolean} fits  whether the whole graph is shown, until the reader zooms or pans
   */
  constructor(label, fits) {
    this.box = element("div", "kfunc-lab-picture");
    this.drawing = svgElement("svg", {
      class: "kfunc-lab-drawing",
      role: "group",
      "aria-label": label,
    });
    this.box.append(this.drawing);
    this.zoom = new Zoom(this.box, this.drawing, fits);
    this.wasDragged = enableDragging(this.box, () => this.zoom.release());
    /** @type {Map<string, Item>} */
    this.items = new Map();
    /** @type {Drawn} */
    this.drawn = { nodes: new Map(), ends: new Map(), curves: [], labels: [] };
    /** @type {string[]} */
    this.ordered = []; // what is seen, in graph order
    /** @type {Map<string, { x: number, y: number }>} */
    this.places = new Map(); // the top left of each box and frame
  }

  get nodes() {
    return this.drawn.nodes;
  }

  /**
   * Draws a graph.
   *
   * @param {Content} content
   * @param {Set<string>} open  its open groups
   * @param {Emphasis} emphasis
   * @param {string} selected
   * @param {string} [kept]  the item that stays in its place
   */
  show(content, open, emphasis, selected, kept) {
    const picture = compose(content, open);
    const place = kept === undefined ? undefined : this.places.get(kept);
    const before = place && this.zoom.placeOf(place);
    const known = new Set(this.nodes.keys());
    const focused = this.itemAt(document.activeElement);
    this.items = content.items;
    this.drawn = drawPicture(this.drawing, picture, this.items, emphasis);
    const order = (/** @type {string} */ id) => this.items.get(id)?.order ?? 0;
    this.ordered = [...this.nodes.keys()].sort((a, b) => order(a) - order(b));
    this.places = placesIn(picture, this.items);
    this.zoom.setSize(picture);
    for (const [id, drawn] of this.nodes) {
      describe(id, drawn, this.items.get(id));
      if (known.size && !known.has(id)) appear(drawn.node);
    }
    const now = kept === undefined ? undefined : this.places.get(kept);
    if (before && now && !this.zoom.isFitted) this.zoom.hold(now, before);
    else this.zoom.place();
    this.select(selected);
    if (focused !== undefined) this.focus(focused);
  }

  /**
   * Marks the selected item, the other calls of its layer, and the lines that it is part of.
   *
   * @param {string} id
   */
  select(id) {
    const seen = this.nodes.has(id) ? id : "";
    this.drawing.classList.toggle("has-selection", Boolean(seen));
    const shared = this.items.get(id)?.shared;
    for (const [other, { node, frame }] of this.nodes) {
      const isRelative = Boolean(shared) && this.items.get(other)?.shared === shared;
      node.classList.toggle("selected", other === id);
      frame?.classList.toggle("selected", other === id);
      node.classList.toggle("relative", isRelative);
      node.setAttribute("aria-pressed", String(other === id));
      node.setAttribute("tabindex", other === (seen || this.ordered[0]) ? "0" : "-1");
    }
    for (const { line, node } of this.drawn.curves) {
      const ends = [line.source, line.target, line.from, ...line.takers];
      node.classList.toggle("joined", ends.includes(id));
    }
    this.reveal(seen);
  }

  /**
   * @param {string} id
   * @param {boolean} [centred]
   */
  reveal(id, centred = false) {
    const node = this.nodes.get(id)?.node;
    if (node) reveal(this.box, node, centred);
  }

  /** @param {string} id */
  focus(id) {
    this.nodes.get(id)?.node.focus({ preventScroll: true });
  }

  /**
   * The item that an element of this drawing stands for.
   *
   * @param {EventTarget | null} target
   */
  itemAt(target) {
    if (!(target instanceof Element) || !this.box.contains(target)) return undefined;
    const node = /** @type {SVGElement | null} */ (target.closest("[data-item]"));
    return node?.dataset.item;
  }

  /**
   * Whether a click is on the sign that opens and closes a group.
   *
   * @param {MouseEvent} event
   * @param {string} id
   */
  isOnSign(event, id) {
    const item = this.items.get(id);
    const drawn = this.nodes.get(id);
    const box = drawn?.frame ?? drawn?.node.querySelector(".box");
    if (!item?.group || !box) return false;
    const place = box.getBoundingClientRect();
    const width = Number(drawn?.frame?.getAttribute("width") ?? item.width - 2 * item.margin);
    return event.clientX - place.left < (TOGGLE_WIDTH * place.width) / width;
  }

  /**
   * Shows how the drawing differs from an earlier one, and brings what is new into sight.
   *
   * @param {Scene["places"]} before  where its items stood
   * @param {Map<string, string>} pins  the item of each of its variables
   */
  showMoves(before, pins) {
    const isKnown = before.size > 0;
    for (const [id, { x, y }] of this.places) {
      const { node, frame } = this.nodes.get(id) ?? {};
      const old = before.get(id);
      if (!node || frame) continue;
      if (old) slide(node, { x: old.x - x, y: old.y - y });
      else if (isKnown) {
        node.classList.add("fresh");
        ring(node);
      }
    }
    if (isKnown) for (const { node } of this.drawn.curves) appear(node);
    for (const [name, id] of pinned(this.items)) {
      const left = pins.get(name);
      const from = left !== undefined && left !== id && this.sideOf(left);
      const to = this.sideOf(id);
      if (from && to) drawTrail(this.drawing, from, to);
    }
    const fresh = this.ordered.filter((id) => !before.has(id));
    if (fresh.length) this.reveal(fresh[fresh.length - 1]);
  }

  /**
   * The middle of an item's right side, where its pins stand.
   *
   * @param {string} id
   */
  sideOf(id) {
    const place = this.places.get(id);
    const item = this.items.get(id);
    if (!place || !item) return undefined;
    return { x: place.x + item.width - item.margin, y: place.y + item.height / 2 };
  }
}

/**
 * @param {string} id
 * @param {DrawnItem} drawn
 * @param {Item | undefined} item
 */
function describe(id, { node, frame }, item) {
  node.dataset.item = id;
  node.setAttribute("role", "button");
  node.setAttribute("aria-label", item?.label ?? "");
  if (item?.group) node.setAttribute("aria-expanded", String(frame !== null));
}

/**
 * @param {Picture} picture
 * @param {Map<string, Item>} items
 */
function placesIn(picture, items) {
  /** @type {Scene["places"]} */
  const places = new Map();
  for (const { id, x, y } of picture.boxes) {
    const { width, height } = /** @type {Item} */ (items.get(id));
    places.set(id, { x: x - width / 2, y: y - height / 2 });
  }
  for (const { id, x, y } of picture.frames) places.set(id, { x, y });
  return places;
}
