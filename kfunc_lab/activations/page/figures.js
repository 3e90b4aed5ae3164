// What all figures share: numbers, words, colours, a surface that is read cell by cell. What a
// figure means, and every word in it, is decided in Python. Drawn again on the same host, it
// changes in place: what has the focus keeps it, and nothing moves.

import { element } from "../../ui/page/dom.js";
import { bytesOf, significant } from "../../ui/page/numbers.js";

const FIGURES = new WeakMap(); // the figure that each host shows
const TABLES = new Map(); // the 256 colours of each scale
export const NOT_FINITE = "#d6336c"; // as in raster.py
const GREYS = ["#000000", "#ffffff"];
export const FOCUS_EDGE = 3; // pixels around a surface, for its outline
export const LETTER = 6.6; // pixels of a letter at 11 px, on the safe side
const WIDTH_SLACK = 24;

// -- numbers and words

export function valuesOf(values) {
  return Array.from(values, (value) => value ?? NaN); // JSON has neither NaN nor infinity
}

export function percentWords(value, words) {
  const share = 100 * value;
  const size = Math.abs(share);
  let number = significant(share, 3, true);
  // Of less than one percent, no more than three decimals.
  if (size > 0 && size < 0.001) number = "<0.001";
  else if (size > 0 && size < 1) number = share.toFixed(3).replace("-", "−");
  const template = typeof words.percent === "string" ? words.percent : "{n}%";
  return filledIn(Number.isFinite(share) ? template : "{n}", { n: number });
}

// One pass: a name that looks like a place holder is not filled in again. A part between dots of
// which nothing is left, as the label of the only tile, goes.
export function filledIn(template, values) {
  return (template ?? "")
    .split(" · ")
    .map((part) => part.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? ""))
    .map((part) => part.replace(/ +/g, " ").trim())
    .filter(Boolean)
    .join(" · ");
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setStyle(node, values) {
  for (const [name, value] of Object.entries(values)) {
    if (node.style[name] !== value) node.style[name] = value;
  }
}

// Places an element over a figure; hides it where there is no box.
export function setBox(node, box) {
  node.hidden = !box;
  if (!box) return;
  const sides = { left: box.x, top: box.y, width: box.width, height: box.height };
  for (const [side, value] of Object.entries(sides)) node.style[side] = `${value}px`;
}

// -- colours

function partsOf(colour) {
  const number = parseInt(colour.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

// The colour between others, evenly spaced, as a pixel is laid in memory: alpha, blue, green, red.
function colourBetween(colours, share) {
  const place = share * (colours.length - 1);
  const first = Math.min(Math.floor(place), colours.length - 2);
  const [from, to] = [partsOf(colours[first]), partsOf(colours[first + 1])];
  const [red, green, blue] = from.map((part, at) =>
    Math.round(part + (to[at] - part) * (place - first)),
  );
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

export function lookupTable(colours) {
  const key = colours.join();
  if (!TABLES.has(key)) {
    TABLES.set(
      key,
      Uint32Array.from({ length: 256 }, (_, at) => colourBetween(colours, at / 255)),
    );
  }
  return TABLES.get(key);
}

// The colours of a scale; a list of colours is taken as it is.
export function coloursOf(colours, scale) {
  if (Array.isArray(colours)) return colours;
  return (scale !== "grey" && colours?.[scale]) || GREYS;
}

// What the first and the last colour stand for: zero is the middle of what diverges.
export function endsOf(low, high, scale) {
  if (scale !== "diverging") return [low ?? 0, high ?? 0];
  const reach = Math.max(Math.abs(low ?? 0), Math.abs(high ?? 0));
  return [-reach, reach];
}

// Paints numbers, and returns the places of those that are not finite; those stay clear.
export function paintNumbers(pixels, numbers, table, [low, high], placeOf) {
  const rise = 255 / (high - low || 1);
  const odd = [];
  for (let at = 0; at < numbers.length; at++) {
    const value = numbers[at];
    if (value - value !== 0) odd.push(at);
    else {
      const colour = (value - low) * rise + 0.5;
      pixels[placeOf(at)] = table[colour < 0 ? 0 : colour > 255 ? 255 : colour | 0];
    }
  }
  return odd;
}

export function drawPixels(canvas, { rows, cols, channels, data }) {
  canvas.width = cols;
  canvas.height = rows;
  canvas.classList.add("kfunc-lab-pixels");
  const bytes = bytesOf(data);
  const image = new ImageData(cols, rows);
  for (let at = 0; at < rows * cols; at++) {
    for (let part = 0; part < 3; part++) {
      image.data[4 * at + part] = bytes[channels === 3 ? 3 * at + part : at];
    }
    image.data[4 * at + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// -- what all figures share

// The figure of this kind that a host shows; made where there is none.
export function figureOn(host, kind, make) {
  let figure = FIGURES.get(host);
  if (figure?.kind !== kind || figure.root.parentNode !== host) {
    figure?.stop();
    figure = { kind, stop() {}, ...make() };
    host.replaceChildren(figure.root);
    FIGURES.set(host, figure);
  }
  figure.goOn?.(); // it may have been stopped
  return figure;
}

// Calls back when there is another width to lay a figure out in. A little more room is let be: a
// scroll bar that comes and goes with the height would have it laid out without end.
export function watchWidth(root, lay) {
  let taken = 0;
  let last = 0;
  const observer = new ResizeObserver(() => {
    const width = root.clientWidth;
    if (!width || width === last) return;
    if (width < taken || Math.abs(width - last) > WIDTH_SLACK) lay();
  });
  return {
    took(width) {
      last = root.clientWidth;
      taken = width;
    },
    goOn: () => observer.observe(root),
    stop: () => observer.disconnect(),
  };
}

// A surface that is read cell by cell, by pointer and by arrow keys, with a line below it that
// says what was found. A cell is a number; the figure tells what it means:
// cellAt(x, y), boxOf(cell), textOf(cell), step(cell, key, isFine), first(), and of choice
// pick(cell), aroundOf(cell), the box of the tile that a cell is in.
export function makeReader(figure) {
  const root = element("div", "kfunc-lab-drawn");
  const surface = element("div", "kfunc-lab-drawn-surface");
  const stage = element("div", "kfunc-lab-drawn-stage");
  const cursor = element("div", "kfunc-lab-drawn-cell");
  const around = element("div", "kfunc-lab-drawn-around");
  const foot = element("div", "kfunc-lab-drawn-readout");
  const said = element("span");
  const odd = element("span", "kfunc-lab-drawn-odd");
  surface.tabIndex = 0;
  surface.setAttribute("role", "application"); // the arrow keys are its own
  odd.hidden = true;
  stage.append(around, cursor);
  surface.append(stage);
  foot.append(said, odd);
  root.append(surface, foot);
  let at = null;
  let keyed = null;
  let idle = "";

  function show(cell, isKeyed) {
    at = cell;
    // What the pointer meets on its way is not read out.
    said.setAttribute("aria-live", isKeyed ? "polite" : "off");
    setText(said, cell === null ? idle : figure.textOf(cell));
    setBox(cursor, cell === null ? null : figure.boxOf(cell));
    setBox(around, cell === null ? null : figure.aroundOf?.(cell));
  }
  const showKeyed = (cell) => {
    keyed = cell;
    show(cell, true);
  };
  const hasKeys = () => surface.matches(":focus-visible");
  const cellOf = (event) => {
    const frame = stage.getBoundingClientRect();
    return figure.cellAt(event.clientX - frame.left, event.clientY - frame.top);
  };
  surface.addEventListener("pointermove", (event) => show(cellOf(event), false));
  surface.addEventListener("pointerdown", (event) => {
    keyed = cellOf(event); // keys go on from there
    show(keyed, false);
  });
  surface.addEventListener("pointerleave", () => show(hasKeys() ? keyed : null, false));
  surface.addEventListener("focus", () => {
    if (hasKeys()) showKeyed(keyed ?? figure.first());
  });
  surface.addEventListener("blur", () => show(null, false));
  surface.addEventListener("click", (event) => {
    const cell = cellOf(event);
    if (cell !== null) figure.pick?.(cell);
  });
  surface.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const cell = keyed ?? at ?? figure.first();
    if (event.key === "Enter" || event.key === " ") figure.pick?.(cell);
    else {
      const next = figure.step(cell, event.key, event.shiftKey);
      if (next === undefined) return;
      showKeyed(next);
    }
    // JupyterLab has meanings of its own for these keys.
    event.preventDefault();
    event.stopPropagation();
  });
  return {
    root,
    surface,
    stage,
    // The figure has changed: what is read is read anew, as long as it is there.
    refresh(words, count, resting) {
      idle = words.idle ?? resting;
      surface.setAttribute("aria-label", words.label ?? "");
      if (words.read_keys) surface.setAttribute("aria-description", words.read_keys);
      if (keyed >= count) keyed = null;
      show(at < count ? at : null, false);
    },
    // The line below is as long as the figure, or as it takes to say what is read.
    showWidth: (width) => setStyle(foot, { maxWidth: `${Math.max(width, 320)}px` }),
    showOdd(names) {
      odd.hidden = !names.length;
      setText(odd, names.join(", "));
    },
  };
}

// Where an arrow key leads in a grid of cells.
export function stepInGrid(cell, key, rows, cols, filled = rows * cols) {
  const [row, column] = [Math.floor(cell / cols), cell % cols];
  const to = {
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    Home: [row, 0],
    End: [row, cols - 1],
  }[key];
  if (!to) return undefined;
  const [down, across] = to;
  const isInside = down >= 0 && down < rows && across >= 0 && across < cols;
  const next = down * cols + across;
  return isInside && next < filled ? next : cell;
}
