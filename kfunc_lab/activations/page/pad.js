// A pad to draw on, by mouse, pen, finger or keys, averaged down to a small picture.

import { textButton } from "../../ui/page/controls.js";
import { element } from "../../ui/page/dom.js";
import { bytesOf } from "../../ui/page/numbers.js";

const INK_SIDE = 448; // dots along a side, about: twice what is shown
const BRUSH = 1 / 12; // of the side

// Ink as the opacity of white: how it is shown is the style's.
function makeInk(rows, cols) {
  const [down, over] = [Math.ceil(INK_SIDE / rows), Math.ceil(INK_SIDE / cols)]; // dots of a cell
  const canvas = element("canvas", "kfunc-lab-pad-ink");
  const [width, height] = [cols * over, rows * down];
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const stamp = makeStamp(Math.round(width * BRUSH), Math.round(height * BRUSH));

  function dab({ x, y }) {
    context.drawImage(stamp, x * width - stamp.width / 2, y * height - stamp.height / 2);
  }

  function line(from, to) {
    const steps = Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / (BRUSH / 6)) || 1;
    for (let step = 1; step <= steps; step++) {
      const share = step / steps;
      dab({ x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share });
    }
  }

  // The ink of each cell: the mean of its dots.
  function pixels() {
    const { data } = context.getImageData(0, 0, width, height);
    const sums = new Uint32Array(rows * cols);
    for (let y = 0, at = 3; y < height; y++) {
      const first = Math.floor(y / down) * cols;
      for (let column = 0; column < cols; column++) {
        let sum = 0;
        for (let x = 0; x < over; x++, at += 4) sum += data[at];
        sums[first + column] += sum;
      }
    }
    return Uint8Array.from(sums, (sum) => Math.round(sum / (down * over)));
  }

  function put(values) {
    const image = context.createImageData(width, height);
    const dots = new Uint32Array(image.data.buffer);
    for (let y = 0, at = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at++) {
        const ink = values[Math.floor(y / down) * cols + Math.floor(x / over)];
        dots[at] = ((ink << 24) | 0xffffff) >>> 0;
      }
    }
    context.putImageData(image, 0, 0);
  }

  return {
    canvas,
    dab,
    line,
    pixels,
    put,
    clear: () => context.clearRect(0, 0, width, height),
  };
}

// A round brush with a soft rim.
function makeStamp(width, height) {
  const stamp = element("canvas");
  stamp.width = width;
  stamp.height = height;
  const context = stamp.getContext("2d");
  context.scale(width / 2, height / 2);
  const ink = context.createRadialGradient(1, 1, 0.7, 1, 1, 1);
  ink.addColorStop(0, "rgba(255, 255, 255, 1)");
  ink.addColorStop(1, "rgba(255, 255, 255, 0)");
  context.fillStyle = ink;
  context.fillRect(0, 0, 2, 2);
  return stamp;
}

// What was done to a pad, one after the other: strokes as points, or whole pictures.
function replay(ink, done) {
  ink.clear();
  const first = Math.max(
    done.findLastIndex(({ pixels }) => pixels !== undefined),
    0,
  );
  for (const { pixels, points = [] } of done.slice(first)) {
    if (pixels) ink.put(pixels);
    points.forEach((point, at) => (at ? ink.line(points[at - 1], point) : ink.dab(point)));
  }
}

// A button that is disabled would lose the focus.
function padButton(label, onClick) {
  const button = textButton(label, () => {
    if (button.getAttribute("aria-disabled") !== "true") onClick();
  });
  return button;
}

export function drawingPad({ rows, cols, words, onStroke, size = 224 }) {
  const root = element("div", "kfunc-lab-pad");
  const surface = element("div", "kfunc-lab-pad-surface");
  const hint = element("span", "kfunc-lab-pad-hint", words.hint ?? "");
  const cursor = element("span", "kfunc-lab-pad-cursor");
  const ink = makeInk(rows, cols);
  surface.style.width = surface.style.height = `${size}px`;
  surface.tabIndex = 0;
  surface.setAttribute("role", "application"); // the arrow keys are its own
  surface.setAttribute("aria-label", words.pad ?? words.hint ?? "");
  if (words.pad_keys) surface.setAttribute("aria-description", words.pad_keys);
  ink.canvas.setAttribute("aria-hidden", "true");
  surface.append(ink.canvas, hint, cursor);
  const undo = padButton(words.undo ?? "", undoLast);
  const wipe = padButton(words.clear ?? "", wipeAll);
  const buttons = element("div", "kfunc-lab-pad-buttons");
  buttons.append(undo, wipe);
  root.append(surface, buttons);

  const done = [];
  let stroke = null; // what is being drawn
  let frame = 0; // the next, before which nothing more is told
  let isDue = false; // whether something waits to be told

  // -- what was drawn, and telling of it

  function rest() {
    cancelAnimationFrame(frame);
    frame = 0;
    isDue = false;
  }

  function tell() {
    rest();
    onStroke?.(ink.pixels());
  }

  // At once, and then no more than once in a frame.
  function tellSoon() {
    isDue = true;
    if (frame) return;
    tell();
    frame = requestAnimationFrame(() => {
      frame = 0;
      if (isDue) tellSoon();
    });
  }

  const isEmpty = () => !done.length || done.at(-1).pixels === null;

  function showState() {
    hint.hidden = !isEmpty();
    undo.setAttribute("aria-disabled", String(!done.length));
    wipe.setAttribute("aria-disabled", String(isEmpty()));
  }

  function add(deed) {
    done.push(deed);
    showState();
  }

  function begin(point) {
    stroke = { points: [point] };
    add(stroke);
    ink.dab(point);
    tellSoon();
  }

  function goOn(point) {
    ink.line(stroke.points.at(-1), point);
    stroke.points.push(point);
    tellSoon();
  }

  function finish() {
    if (!stroke) return;
    stroke = null;
    tell();
  }

  function undoLast() {
    if (!done.length) return;
    stroke = null;
    done.pop();
    replay(ink, done);
    showState();
    tell();
  }

  function clear() {
    stroke = null;
    rest();
    ink.clear();
    // What was cleared can be had back.
    if (done.length && done.at(-1).pixels !== null) done.push({ pixels: null });
    showState();
  }

  function wipeAll() {
    clear();
    tell();
  }

  // -- by pointer

  function pointOf(event) {
    const box = surface.getBoundingClientRect();
    const edge = surface.clientLeft;
    return {
      x: (event.clientX - box.left - edge) / (box.width - 2 * edge),
      y: (event.clientY - box.top - edge) / (box.height - 2 * edge),
    };
  }

  let pointer = null;
  surface.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || pointer !== null) return; // a second finger draws nothing
    pointer = event.pointerId;
    surface.setPointerCapture(pointer);
    finish();
    begin(pointOf(event));
  });
  surface.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer || !stroke) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const it of events.length ? events : [event]) goOn(pointOf(it));
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    surface.addEventListener(end, (event) => {
      if (event.pointerId !== pointer) return;
      pointer = null;
      finish();
    });
  }

  // -- by keys: a cell is where the brush stands, and Space lets it down

  let cell = { row: Math.floor(rows / 2), column: Math.floor(cols / 2) };
  const middle = () => ({ x: (cell.column + 0.5) / cols, y: (cell.row + 0.5) / rows });

  function showCursor() {
    cursor.style.left = `${(100 * cell.column) / cols}%`;
    cursor.style.top = `${(100 * cell.row) / rows}%`;
  }
  cursor.style.width = `${100 / cols}%`;
  cursor.style.height = `${100 / rows}%`;

  function move(down, over) {
    const within = (value, count) => Math.min(Math.max(value, 0), count - 1);
    cell = { row: within(cell.row + down, rows), column: within(cell.column + over, cols) };
    showCursor();
    if (stroke && pointer === null) goOn(middle());
  }

  const deeds = {
    ArrowUp: () => move(-1, 0),
    ArrowDown: () => move(1, 0),
    ArrowLeft: () => move(0, -1),
    ArrowRight: () => move(0, 1),
    " ": () => stroke || begin(middle()),
    Delete: wipeAll,
    Backspace: wipeAll,
  };
  surface.addEventListener("keydown", (event) => {
    const isUndo = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey);
    if (isUndo) undoLast();
    else if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in deeds)) return;
    else deeds[event.key]();
    // JupyterLab has meanings of its own for these keys.
    event.preventDefault();
    event.stopPropagation();
  });
  surface.addEventListener("keyup", (event) => {
    if (event.key !== " ") return;
    if (pointer === null) finish();
    event.stopPropagation();
  });
  surface.addEventListener("blur", () => pointer === null && finish());

  showCursor();
  showState();
  return {
    element: root,
    clear,
    isEmpty,
    pixels: ink.pixels,
    set(pixels) {
      const values = bytesOf(pixels).slice();
      clear();
      if (!values.some(Boolean)) return;
      ink.put(values);
      add({ pixels: values });
    },
  };
}
