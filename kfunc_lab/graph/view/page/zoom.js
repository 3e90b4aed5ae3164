// Pans and zooms: the drawing keeps its size and is scaled on a stage inside a box that scrolls, so
// that nothing is laid out again.

import { element } from "../../../ui/page/dom.js";

/** @typedef {{ x: number, y: number }} Point */

const LARGEST = 4;
const SMALLEST = 0.004;
export const FAR = 0.4; // below this scale no text can be read
const READABLE = 0.7; // a scale at which it can
const MOVING = 150; // milliseconds after the last step of a gesture
const LEGIBLE = 0.3; // below this scale, a graph that is shown as a whole scrolls
const PADDING = 8; // pixels, on each side of the picture
const DRAG_BEGINS = 4; // pixels: less is a click
export const ZOOM_STEP = 1.25;

/** The scale and place of a drawing in its box. */
export class Zoom {
  /**
   * @param {HTMLElement} holder  of the box and of the map, which comes and goes beside it
   * @param {HTMLElement} box
   * @param {SVGSVGElement} drawing
   * @param {boolean} fits  whether the whole drawing is shown, until the reader zooms or pans
   */
  constructor(holder, box, drawing, fits) {
    this.holder = holder;
    this.box = box;
    this.drawing = drawing;
    this.stage = element("div", "kfunc-lab-stage");
    this.stage.append(drawing);
    box.append(this.stage);
    this.onView = () => {}; // after each change of what is in sight
    this.moving = 0;
    this.isFitted = fits;
    this.fitsAgain = fits;
    this.size = { width: 1, height: 1 };
    this.scale = 1;
    box.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    box.addEventListener("scroll", () => this.onView(), { passive: true });
    this.followPinch();
    this.followSize();
  }

  /** Lets the drawing stay as the reader has placed it. */
  release() {
    this.isFitted = false;
  }

  /** Puts the drawing where it belongs until the reader moves it. */
  place() {
    if (!this.isFitted) this.centre();
    else if (this.box.clientWidth) this.show(LEGIBLE);
  }

  /** @param {{ width: number, height: number }} size */
  setSize({ width, height }) {
    this.size = { width, height };
    this.resize();
  }

  resize() {
    const { drawing, stage, size, scale } = this;
    drawing.style.width = `${size.width}px`;
    drawing.style.height = `${size.height}px`;
    drawing.style.transform = `scale(${scale})`;
    drawing.style.setProperty("--pixel", `${1 / scale}px`);
    stage.style.width = `${size.width * scale}px`;
    stage.style.height = `${size.height * scale}px`;
  }

  /** The size of the drawing with its padding, as it is seen. */
  wholeSize() {
    return {
      width: this.size.width * this.scale + 2 * PADDING,
      height: this.size.height * this.scale + 2 * PADDING,
    };
  }

  /** The part of the drawing that is in sight. */
  inSight() {
    const { box, scale } = this;
    const { x, y } = this.placeOf({ x: 0, y: 0 });
    return {
      left: -x / scale,
      top: -y / scale,
      right: (box.clientWidth - x) / scale,
      bottom: (box.clientHeight - y) / scale,
    };
  }

  /**
   * Scrolls until a point of the drawing is in the middle.
   *
   * @param {Point} point
   */
  showPoint(point) {
    this.release();
    const { x, y } = this.placeOf(point);
    this.box.scrollBy(x - this.box.clientWidth / 2, y - this.box.clientHeight / 2);
  }

  /**
   * Scrolls the box, and not the page, until a part of the drawing is in it.
   *
   * @param {{ x: number, y: number, width: number, height: number }} part
   * @param {boolean} [centred]  in its middle
   */
  reveal({ x, y, width, height }, centred = false) {
    const { box, scale } = this;
    const begin = this.placeOf({ x, y });
    const end = { x: begin.x + width * scale, y: begin.y + height * scale };
    if (centred) {
      box.scrollLeft += (begin.x + end.x - box.clientWidth) / 2;
      box.scrollTop += (begin.y + end.y - box.clientHeight) / 2;
    } else {
      box.scrollLeft += beyond(begin.x, end.x, 0, box.clientWidth);
      box.scrollTop += beyond(begin.y, end.y, 0, box.clientHeight);
    }
    this.onView();
  }

  /** Zooms in until text can be read. */
  makeReadable() {
    if (this.scale < READABLE) this.to(READABLE);
  }

  /** @param {number} factor */
  by(factor) {
    this.to(this.scale * factor);
  }

  fit() {
    this.isFitted = this.fitsAgain;
    this.show(SMALLEST);
    this.box.scrollTo(0, 0);
  }

  /**
   * Shows the whole drawing.
   *
   * @param {number} smallest  the scale at which it rather scrolls
   */
  show(smallest) {
    const width = this.holder.clientWidth - 2 * PADDING;
    const height = this.holder.clientHeight - 2 * PADDING;
    const scale = Math.min(1, width / this.size.width, height / this.size.height);
    this.scale = Math.max(smallest, scale);
    this.resize();
    this.centre();
    this.onView();
  }

  /** In the middle where there is room; at the top left where there is none. */
  centre() {
    const room = this.box.clientWidth - 2 * PADDING - this.size.width * this.scale;
    this.stage.style.margin = `0 0 0 ${Math.max(0, room / 2)}px`;
  }

  /**
   * @param {number} wanted
   * @param {Point} [at]  the pointer; by default the middle of the box
   */
  to(wanted, at) {
    const frame = this.box.getBoundingClientRect();
    const place = at
      ? { x: at.x - frame.left, y: at.y - frame.top }
      : { x: frame.width / 2, y: frame.height / 2 };
    const before = this.drawing.getBoundingClientRect();
    const point = {
      x: (frame.left + place.x - before.left) / this.scale,
      y: (frame.top + place.y - before.top) / this.scale,
    };
    this.release();
    this.scale = Math.min(LARGEST, Math.max(SMALLEST, wanted));
    this.resize();
    // What was under the pointer stays under it.
    const isLarger =
      this.size.width * this.scale > this.box.clientWidth ||
      this.size.height * this.scale > this.box.clientHeight;
    if (isLarger) this.hold(point, place);
    else this.centre();
    this.onView();
  }

  /**
   * Scrolls so that a point of the drawing lies at a point of the box; where there is nothing to
   * scroll, empty margins hold it there.
   *
   * @param {Point} point
   * @param {Point} place
   */
  hold(point, place) {
    const { box, stage, scale, size } = this;
    const along = (/** @type {number} */ begin, /** @type {number} */ length) => ({
      before: Math.max(0, begin),
      after: begin < 0 ? Math.max(0, length) : 0,
      scroll: Math.max(0, -begin),
    });
    const left = place.x - PADDING - point.x * scale;
    const top = place.y - PADDING - point.y * scale;
    const rest = { x: box.clientWidth - 2 * PADDING, y: box.clientHeight - 2 * PADDING };
    const x = along(left, rest.x - (left + size.width * scale));
    const y = along(top, rest.y - (top + size.height * scale));
    stage.style.margin = `${y.before}px ${x.after}px ${y.after}px ${x.before}px`;
    box.scrollLeft = x.scroll;
    box.scrollTop = y.scroll;
  }

  /**
   * Where a point of the drawing is seen in the box.
   *
   * @param {Point} point
   */
  placeOf({ x, y }) {
    const frame = this.box.getBoundingClientRect();
    const shown = this.drawing.getBoundingClientRect();
    return {
      x: shown.left - frame.left + x * this.scale,
      y: shown.top - frame.top + y * this.scale,
    };
  }

  /** @param {WheelEvent} event */
  onWheel(event) {
    // A plain wheel scrolls the box, then the page, as everywhere in a notebook.
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const at = { x: event.clientX, y: event.clientY };
    this.move(this.scale * Math.exp(-event.deltaY / 300), at);
  }

  /**
   * A step of a gesture: the picture that is there is scaled, and drawn anew after the last step.
   *
   * @param {number} wanted
   * @param {Point} at
   */
  move(wanted, at) {
    this.drawing.classList.add("moving");
    clearTimeout(this.moving);
    this.moving = window.setTimeout(() => this.drawing.classList.remove("moving"), MOVING);
    this.to(wanted, at);
  }

  /** Two fingers zoom the drawing, and not the page. */
  followPinch() {
    const { box } = this;
    let scale = 0; // per pixel between the fingers
    const read = (/** @type {TouchEvent} */ { touches: [one, other] }) => ({
      length: Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1,
      at: {
        x: (one.clientX + other.clientX) / 2,
        y: (one.clientY + other.clientY) / 2,
      },
    });
    const begin = (/** @type {TouchEvent} */ event) => {
      if (event.touches.length === 2) scale = this.scale / read(event).length;
    };
    const follow = (/** @type {TouchEvent} */ event) => {
      if (event.touches.length !== 2) return;
      event.preventDefault();
      const { length, at } = read(event);
      this.move(scale * length, at);
    };
    box.addEventListener("touchstart", begin, { passive: true });
    box.addEventListener("touchmove", follow, { passive: false });
  }

  followSize() {
    let known = "";
    new ResizeObserver(() => {
      const { offsetWidth: width, offsetHeight: height } = this.holder;
      const now = this.isFitted ? `${width} ${height}` : String(width);
      if (!width || now === known) return;
      if (known) this.place(); // what was drawn for another size
      known = now;
    }).observe(this.holder);
  }
}

/**
 * How far a span must move to lie in another.
 *
 * @param {number} from
 * @param {number} to
 * @param {number} low
 * @param {number} high
 */
export function beyond(from, to, low, high) {
  return Math.min(0, from - low - 2 * PADDING) || Math.max(0, to - high + 2 * PADDING);
}

/**
 * Lets the pointer drag what is in a box.
 *
 * @param {HTMLElement} box
 * @param {() => void} onDrag
 * @returns {() => boolean}  whether the last press of the button was a drag
 */
export function enableDragging(box, onDrag) {
  /** @type {{ x: number, y: number, left: number, top: number } | null} */
  let start = null;
  let dragged = false;
  box.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return; // touch scrolls by itself
    start = { x: event.clientX, y: event.clientY, left: box.scrollLeft, top: box.scrollTop };
    dragged = false;
  });
  box.addEventListener("pointermove", (event) => {
    if (!start) return;
    const moved = { x: event.clientX - start.x, y: event.clientY - start.y };
    if (!dragged && Math.hypot(moved.x, moved.y) > DRAG_BEGINS) {
      dragged = true;
      onDrag();
      box.setPointerCapture(event.pointerId);
      box.classList.add("dragging");
    }
    if (dragged) {
      box.scrollLeft = start.left - moved.x;
      box.scrollTop = start.top - moved.y;
    }
  });
  const stop = () => {
    start = null;
    box.classList.remove("dragging");
  };
  box.addEventListener("pointerup", stop);
  box.addEventListener("pointercancel", stop);
  return () => dragged;
}
