// The picture as it stands on the page: what is drawn, where, and what is selected in it.

import { element, svgElement } from "../../../ui/page/dom.js";
import { compose } from "./composition.js";
import { drawPicture } from "./drawing.js";
import { drawMap, MiniMap } from "./map.js";
import { appear, drawTrail, ring, slide } from "./motion.js";
import { lay } from "./overlay.js";
import { partOf } from "./part.js";
import { pinned } from "./state.js";
import { enableDragging, FAR, Zoom } from "./zoom.js";

/** @import { Picture } from "./composition.js" */
/** @import { Drawn, DrawnItem } from "./drawing.js" */
/** @import { Area } from "./curves.js" */
/** @import { Overlay } from "./overlay.js" */
/** @import { Content, Emphasis, Item } from "./state.js" */

const TOGGLE_WIDTH = 26; // pixels of a box, from its left, that open it
const TITLE_HEIGHT = 34;
/** @type {Area} */
const EVERYTHING = [-Infinity, -Infinity, Infinity, Infinity];
/** @type {Area} */
const NOTHING = [0, 0, 0, 0];
const LARGE = 300; // boxes: above, only what is in sight is drawn

/** @typedef {{ x: number, y: number, width: number, height: number, isOpen: boolean }} Place */

/** The drawing in its box. */
export class Scene {
  /**
   * @param {string} label
   * @param {boolean} fits  whether the whole graph is shown, until the reader zooms or pans
   * @param {() => Overlay} overlay  what the view around says of the graph
   */
  constructor(label, fits, overlay) {
    this.root = element("div", "kfunc-lab-window");
    this.box = element("div", "kfunc-lab-picture");
    this.drawing = svgElement("svg", {
      class: "kfunc-lab-drawing",
      role: "group",
      "aria-label": label,
    });
    this.overlay = overlay;
    this.zoom = new Zoom(this.root, this.box, this.drawing, fits);
    this.map = new MiniMap(this.root, this.zoom);
    this.root.append(this.box, this.map.root);
    this.zoom.onView = () => this.look();
    this.wasDragged = enableDragging(this.box, () => this.zoom.release());
    /** @type {Map<string, Item>} */
    this.items = new Map();
    /** @type {Picture} */
    this.picture = {
      width: 1,
      height: 1,
      boxes: [],
      frames: [],
      curves: [],
      labels: [],
      right: false,
    };
    /** @type {Emphasis} */
    this.emphasis = { regions: [], values: [] };
    /** @type {Drawn} */
    this.drawn = { nodes: new Map(), ends: new Map(), curves: [], labels: [] };
    /** @type {Area | null} */
    this.covered = null; // the part in which everything is drawn; null: nothing is
    this.selected = "";
    /** @type {string[]} */
    this.ordered = []; // the items of the picture, in graph order
    /** @type {Map<string, Place>} */
    this.places = new Map(); // the top left and the size of each box and frame
  }

  /** The items that are drawn now. */
  get nodes() {
    return this.drawn.nodes;
  }

  get isToRight() {
    return this.picture.right;
  }

  get isLarge() {
    return this.places.size > LARGE;
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
    const known = this.places;
    const focused = this.itemAt(document.activeElement);
    this.items = content.items;
    this.picture = picture;
    this.emphasis = emphasis;
    this.selected = selected;
    this.places = placesIn(picture, this.items);
    const order = (/** @type {string} */ id) => this.items.get(id)?.order;
    this.ordered = [...this.places.keys()]
      .filter((id) => order(id) !== undefined)
      .sort((a, b) => Number(order(a)) - Number(order(b)));
    this.covered = null;
    this.zoom.setSize(picture);
    const now = kept === undefined ? undefined : this.places.get(kept);
    if (before && now && !this.zoom.isFitted) this.zoom.hold(now, before);
    else this.zoom.place();
    this.look();
    for (const [id, { node }] of this.nodes) if (known.size && !known.has(id)) appear(node);
    this.drawMaps();
    this.reveal(this.places.has(selected) ? selected : "");
    if (focused !== undefined) this.focus(focused);
  }

  /** Draws the map again, and lays over the picture what the view around says of it now. */
  drawMaps() {
    const draw = () => drawMap(this.picture, this.items, this.emphasis, this.overlay());
    this.map.show(draw, this.picture);
    this.drawing.querySelector(":scope > .map")?.remove();
    if (this.isLarge) this.drawing.prepend(draw());
    lay(this.drawn, this.overlay());
  }

  /** Draws what has come into sight. */
  look() {
    const { zoom, drawing } = this;
    const isFar = zoom.scale < FAR;
    drawing.classList.toggle("far", isFar);
    drawing.classList.toggle("large", this.isLarge);
    this.map.follow();
    const seen = zoom.inSight();
    const [across, along] = [(seen.right - seen.left) / 2, (seen.bottom - seen.top) / 2];
    if (this.covered && holds(this.covered, seen)) return;
    if (!this.isLarge) this.covered = EVERYTHING;
    else if (isFar) this.covered = NOTHING;
    else {
      const { left, top, right, bottom } = seen;
      this.covered = [left - across, top - along, right + across, bottom + along];
    }
    this.draw(this.covered);
  }

  /** @param {Area} area */
  draw(area) {
    const focused = this.itemAt(document.activeElement);
    const map = this.drawing.querySelector(":scope > .map");
    const kept = this.places.has(this.selected) ? this.selected : this.ordered[0];
    const part =
      area === EVERYTHING ? this.picture : partOf(this.picture, this.places, area, kept);
    this.drawn = drawPicture(this.drawing, part, this.items, this.emphasis);
    this.drawing.setAttribute("viewBox", `0 0 ${this.picture.width} ${this.picture.height}`);
    if (map) this.drawing.prepend(map);
    for (const [id, drawn] of this.nodes) describe(id, drawn, this.items.get(id));
    this.mark(this.selected);
    lay(this.drawn, this.overlay());
    if (focused !== undefined) this.nodes.get(focused)?.node.focus({ preventScroll: true });
  }

  /**
   * Marks the selected item, the other calls of its layer, and the lines that it is part of, and
   * brings it into sight.
   *
   * @param {string} id
   */
  select(id) {
    this.selected = id;
    if (this.places.has(id) && !this.nodes.has(id)) {
      this.covered = null;
      this.look();
    } else this.mark(id);
    this.reveal(id);
  }

  /** @param {string} id */
  mark(id) {
    const seen = this.places.has(id) ? id : "";
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
  }

  /**
   * @param {string} id
   * @param {boolean} [centred]
   */
  reveal(id, centred = false) {
    const place = this.places.get(id);
    if (!place) return;
    const height = place.isOpen ? TITLE_HEIGHT : place.height;
    this.zoom.reveal({ ...place, height }, centred);
  }

  /** @param {string} id */
  focus(id) {
    this.nodes.get(id)?.node.focus({ preventScroll: true });
  }

  /**
   * The item under a pointer, also where only the map is drawn.
   *
   * @param {MouseEvent} event
   */
  itemUnder(event) {
    const id = this.itemAt(event.target);
    if (id !== undefined || !this.drawing.matches(".far.large")) return id;
    const frame = this.drawing.getBoundingClientRect();
    const x = (event.clientX - frame.left) / this.zoom.scale;
    const y = (event.clientY - frame.top) / this.zoom.scale;
    const found = [...this.places].filter(
      ([, it]) => x > it.x && x < it.x + it.width && y > it.y && y < it.y + it.height,
    );
    // Open groups come last, the inner ones behind the outer ones.
    return (found.find(([, { isOpen }]) => !isOpen) ?? found[found.length - 1])?.[0];
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
 * @param {Area} area
 * @param {{ left: number, top: number, right: number, bottom: number }} seen
 */
function holds([left, top, right, bottom], seen) {
  return left <= seen.left && top <= seen.top && right >= seen.right && bottom >= seen.bottom;
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
    places.set(id, { x: x - width / 2, y: y - height / 2, width, height, isOpen: false });
  }
  for (const { id, ...place } of picture.frames) places.set(id, { ...place, isOpen: true });
  return places;
}
