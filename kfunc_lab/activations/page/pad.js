// A pad to draw on, by mouse, pen, finger or keys.

import { textButton } from "../../ui/page/controls.js";
import { element, hasModifier, takeKey } from "../../ui/page/dom.js";
import { clamp } from "../../ui/page/scales.js";
import { setSize } from "./figure.js";
import { makeInk } from "./ink.js";

/** @import { Point } from "./ink.js" */
/** @import { Words } from "./state.js" */

/**
 * @typedef {Point[]} Stroke
 * @typedef {ReturnType<typeof makeStrokes>} Strokes
 */

/**
 * @param {object} pad
 * @param {number} pad.side  in cells
 * @param {number} pad.size  in pixels
 * @param {Words} pad.words
 * @param {(pixels: Uint8Array<ArrayBuffer>) => void} pad.onStroke
 */
export function drawingPad({ side, size, words, onStroke }) {
  const root = element("div", "kfunc-lab-pad");
  const surface = element("div", "kfunc-lab-pad-surface");
  const hint = element("span", "kfunc-lab-pad-hint", words.hint);
  const ink = makeInk(side);
  setSize(surface, size, size);
  surface.tabIndex = 0;
  surface.setAttribute("role", "application"); // the arrow keys are its own
  surface.setAttribute("aria-label", words.pad);
  surface.setAttribute("aria-description", words.pad_keys);
  const undo = steadyButton(words.undo, () => strokes.undo());
  const wipe = steadyButton(words.clear, () => strokes.wipe());
  const buttons = element("div", "kfunc-lab-pad-buttons");
  buttons.append(undo, wipe);
  const strokes = makeStrokes(ink, {
    onChange(canUndo, isEmpty) {
      hint.hidden = !isEmpty;
      undo.ariaDisabled = String(!canUndo);
      wipe.ariaDisabled = String(isEmpty);
    },
    onInk: tellOnceAFrame(() => onStroke(ink.pixels())),
  });
  surface.append(ink.canvas, hint, drawByKeys(surface, strokes, side));
  drawByPointer(surface, strokes);
  root.append(surface, buttons);
  return {
    root,
    isEmpty: strokes.isEmpty,
    pixels: ink.pixels,
    focus: () => surface.focus({ preventScroll: true }),
  };
}

/**
 * A button that is disabled only for readers of the page: else it would lose the focus.
 *
 * @param {string} label
 * @param {() => void} onClick
 */
function steadyButton(label, onClick) {
  const button = textButton(label, () => {
    if (button.ariaDisabled !== "true") onClick();
  });
  return button;
}

/**
 * Tells of a change at once, and then no more than once in a frame.
 *
 * @param {() => void} tell
 */
function tellOnceAFrame(tell) {
  let frame = 0; // before which nothing more is told
  let isDue = false; // whether something waits to be told

  function now() {
    cancelAnimationFrame(frame);
    frame = 0;
    isDue = false;
    tell();
  }

  function soon() {
    isDue = true;
    if (frame) return;
    now();
    frame = requestAnimationFrame(() => {
      frame = 0;
      if (isDue) soon();
    });
  }

  return { now, soon };
}

/**
 * What was drawn: strokes, one after the other, and null where all was wiped away.
 *
 * @param {ReturnType<typeof makeInk>} ink
 * @param {object} listeners
 * @param {(canUndo: boolean, isEmpty: boolean) => void} listeners.onChange
 * @param {{ now: () => void, soon: () => void }} listeners.onInk
 */
function makeStrokes(ink, { onChange, onInk }) {
  /** @type {(Stroke | null)[]} */
  const done = [];
  /** @type {Stroke | null}  what is being drawn */
  let stroke = null;
  const isEmpty = () => !done[done.length - 1];
  const showState = () => onChange(done.length > 0, isEmpty());
  showState();

  function redraw() {
    ink.clear();
    const wiped = done.lastIndexOf(null);
    for (const points of done.slice(wiped + 1)) if (points) ink.stroke(points);
  }

  return {
    isEmpty,
    isDrawing: () => stroke !== null,
    /**
     * @param {Point} point
     * @returns  the stroke, to go on with
     */
    begin(point) {
      stroke = [point];
      done.push(stroke);
      showState();
      ink.dab(point);
      onInk.soon();
      return stroke;
    },
    /**
     * @param {Stroke | null} own
     * @param {Point} point
     */
    goOn(own, point) {
      if (!own || own !== stroke) return;
      ink.line(own[own.length - 1], point);
      own.push(point);
      onInk.soon();
    },
    /** @param {Stroke | null} own */
    finish(own) {
      if (!own || own !== stroke) return;
      stroke = null;
      onInk.now();
    },
    undo() {
      if (!done.length) return;
      stroke = null;
      done.pop();
      redraw();
      showState();
      onInk.now();
    },
    wipe() {
      stroke = null;
      if (!isEmpty()) done.push(null); // it can be had back
      redraw();
      showState();
      onInk.now();
    },
  };
}

/**
 * @param {HTMLElement} surface
 * @param {Strokes} strokes
 */
function drawByPointer(surface, strokes) {
  /** @type {number | null} */
  let pointer = null;
  /** @type {Stroke | null} */
  let stroke = null;

  /** @param {PointerEvent} event */
  function pointOf(event) {
    const box = surface.getBoundingClientRect();
    const edge = surface.clientLeft;
    return {
      x: (event.clientX - box.left - edge) / (box.width - 2 * edge),
      y: (event.clientY - box.top - edge) / (box.height - 2 * edge),
    };
  }

  surface.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || pointer !== null) return; // a second finger draws nothing
    pointer = event.pointerId;
    surface.setPointerCapture(pointer);
    stroke = strokes.begin(pointOf(event));
  });
  surface.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const it of events.length ? events : [event]) strokes.goOn(stroke, pointOf(it));
  });
  /** @param {PointerEvent} event */
  const end = (event) => {
    if (event.pointerId !== pointer) return;
    pointer = null;
    strokes.finish(stroke);
  };
  surface.addEventListener("pointerup", end);
  surface.addEventListener("pointercancel", end);
  surface.addEventListener("lostpointercapture", end);
}

/**
 * By keys: a cell is where the brush stands, and Space lets it down.
 *
 * @param {HTMLElement} surface
 * @param {Strokes} strokes
 * @param {number} side
 * @returns  what shows the cell
 */
function drawByKeys(surface, strokes, side) {
  const cursor = element("span", "kfunc-lab-pad-cursor");
  cursor.style.width = cursor.style.height = `${100 / side}%`;
  let row = Math.floor(side / 2);
  let column = row;
  /** @type {Stroke | null} */
  let stroke = null;
  const middle = () => ({ x: (column + 0.5) / side, y: (row + 0.5) / side });

  /**
   * @param {number} down
   * @param {number} over
   */
  function move(down, over) {
    row = clamp(row + down, 0, side - 1);
    column = clamp(column + over, 0, side - 1);
    cursor.style.left = `${(100 * column) / side}%`;
    cursor.style.top = `${(100 * row) / side}%`;
    strokes.goOn(stroke, middle());
  }
  move(0, 0);

  const lift = () => strokes.finish(stroke);

  /** @type {Record<string, () => void>} */
  const deeds = {
    ArrowUp: () => move(-1, 0),
    ArrowDown: () => move(1, 0),
    ArrowLeft: () => move(0, -1),
    ArrowRight: () => move(0, 1),
    " ": () => {
      if (!strokes.isDrawing()) stroke = strokes.begin(middle());
    },
    Delete: strokes.wipe,
    Backspace: strokes.wipe,
  };
  surface.addEventListener("keydown", (event) => {
    const isUndo = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey);
    if (isUndo) strokes.undo();
    else if (hasModifier(event) || !(event.key in deeds)) return;
    else deeds[event.key]();
    takeKey(event);
  });
  surface.addEventListener("keyup", (event) => {
    if (event.key !== " ") return;
    lift();
    event.stopPropagation();
  });
  surface.addEventListener("blur", lift);
  return cursor;
}
