// Pans and zooms: the drawing is an image of some size inside a box that scrolls.

/** @typedef {{ x: number, y: number }} Point */

const LARGEST = 4;
const SMALLEST = 0.02;
const LEGIBLE = 0.3; // below this scale, a graph that is shown as a whole scrolls
const PADDING = 8; // pixels, on each side of the picture
const DRAG_BEGINS = 4; // pixels: less is a click
export const ZOOM_STEP = 1.25;

/** The scale and place of a drawing in its box. */
export class Zoom {
  /**
   * @param {HTMLElement} box
   * @param {SVGSVGElement} drawing
   * @param {boolean} fits  whether the whole drawing is shown, until the reader zooms or pans
   */
  constructor(box, drawing, fits) {
    this.box = box;
    this.drawing = drawing;
    this.isFitted = fits;
    this.fitsAgain = fits;
    this.size = { width: 1, height: 1 };
    this.scale = 1;
    box.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
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
    this.drawing.style.width = `${this.size.width * this.scale}px`;
    this.drawing.style.height = `${this.size.height * this.scale}px`;
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
    const width = this.box.clientWidth - 2 * PADDING;
    const height = this.box.clientHeight - 2 * PADDING;
    const scale = Math.min(1, width / this.size.width, height / this.size.height);
    this.scale = Math.max(smallest, scale);
    this.resize();
    this.centre();
  }

  /** In the middle where there is room; at the top left where there is none. */
  centre() {
    const room = this.box.clientWidth - 2 * PADDING - this.size.width * this.scale;
    this.drawing.style.margin = `0 0 0 ${Math.max(0, room / 2)}px`;
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
  }

  /**
   * Scrolls so that a point of the drawing lies at a point of the box; where there is nothing to
   * scroll, empty margins hold it there.
   *
   * @param {Point} point
   * @param {Point} place
   */
  hold(point, place) {
    const { box, drawing, scale, size } = this;
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
    drawing.style.margin = `${y.before}px ${x.after}px ${y.after}px ${x.before}px`;
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
    this.to(this.scale * Math.exp(-event.deltaY / 300), at);
  }

  followSize() {
    let known = "";
    new ResizeObserver(() => {
      const { offsetWidth: width, offsetHeight: height } = this.box;
      const now = this.isFitted ? `${width} ${height}` : String(width);
      if (!width || now === known) return;
      if (known) this.place(); // what was drawn for another size
      known = now;
    }).observe(this.box);
  }
}

/**
 * Scrolls the box, and not the page, until a node is in it.
 *
 * @param {HTMLElement} box
 * @param {Element} node
 * @param {boolean} [centred]  in its middle
 */
export function reveal(box, node, centred = false) {
  const frame = box.getBoundingClientRect();
  const place = node.getBoundingClientRect();
  if (centred) {
    box.scrollLeft += (place.left + place.right - frame.left - frame.right) / 2;
    return;
  }
  box.scrollLeft += beyond(place.left, place.right, frame.left, frame.right);
  box.scrollTop += beyond(place.top, place.bottom, frame.top, frame.bottom);
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
