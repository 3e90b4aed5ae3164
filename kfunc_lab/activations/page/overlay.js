// A heat map over a picture, and how much of each is seen.

import { element } from "../../ui/page/dom.js";
import { bytesOf, numbersOf, significant } from "../../ui/page/numbers.js";
import {
  coloursOf,
  drawPixels,
  endsOf,
  FOCUS_EDGE,
  figureOn,
  filledIn,
  lookupTable,
  makeReader,
  NOT_FINITE,
  paintNumbers,
  setStyle,
  setText,
  stepInGrid,
} from "./figures.js";

const OVERLAY_SIDE = 280;

// Numbers between the cells of a heat map, at the middles of so many pixels.
function enlarged(heat, numbers, rows, cols) {
  const found = new Float32Array(rows * cols);
  const sides = (count, most) =>
    Array.from({ length: count }, (_, at) => {
      const place = Math.min(Math.max(((at + 0.5) * most) / count - 0.5, 0), most - 1);
      const first = Math.min(Math.floor(place), Math.max(most - 2, 0));
      return [first, Math.min(first + 1, most - 1), place - first];
    });
  const across = sides(cols, heat.cols);
  sides(rows, heat.rows).forEach(([above, below, down], row) => {
    for (let column = 0; column < cols; column++) {
      const [left, right, over] = across[column];
      const mix = (line) =>
        numbers[line * heat.cols + left] * (1 - over) +
        numbers[line * heat.cols + right] * over;
      found[row * cols + column] = mix(above) * (1 - down) + mix(below) * down;
    }
  });
  return found;
}

function greyOf({ rows, cols, channels, data }) {
  const bytes = bytesOf(data);
  if (channels !== 3) return bytes;
  // Luma of ITU-R BT.601.
  return Uint8Array.from({ length: rows * cols }, (_, at) =>
    Math.round(0.299 * bytes[3 * at] + 0.587 * bytes[3 * at + 1] + 0.114 * bytes[3 * at + 2]),
  );
}

export function drawOverlay(host, overlay) {
  const figure = figureOn(host, "overlay", makeOverlay);
  figure.show(overlay);
  return figure.stop;
}

function makeOverlay() {
  let overlay;
  let numbers;
  let bytes;
  let shown = { width: OVERLAY_SIDE, height: OVERLAY_SIDE };
  let isMoved = false; // what the learner has chosen stays
  const sizes = () => [overlay.picture.rows, overlay.picture.cols];

  const reader = makeReader({
    cellAt(x, y) {
      const [rows, cols] = sizes();
      const row = Math.floor((y / shown.height) * rows);
      const column = Math.floor((x / shown.width) * cols);
      const isInside = row >= 0 && row < rows && column >= 0 && column < cols;
      return isInside ? row * cols + column : null;
    },
    boxOf(cell) {
      const [rows, cols] = sizes();
      const [width, height] = [shown.width / cols, shown.height / rows];
      return { x: (cell % cols) * width, y: Math.floor(cell / cols) * height, width, height };
    },
    step: (cell, key) => stepInGrid(cell, key, ...sizes()),
    textOf(cell) {
      const { picture, heat, words } = overlay;
      const [row, column] = [Math.floor(cell / picture.cols), cell % picture.cols];
      const line = Math.floor((row * heat.rows) / picture.rows);
      const place = Math.floor((column * heat.cols) / picture.cols);
      const parts = picture.channels === 3 ? 3 : 1;
      const said = filledIn(words.readout, {
        row,
        column,
        rowAxis: heat.rowAxis ?? words.row,
        colAxis: heat.colAxis ?? words.column,
        value: significant(numbers[line * heat.cols + place], 4),
      });
      const pixel = [...bytes.subarray(parts * cell, parts * (cell + 1))].join(", ");
      return [said, filledIn(words.pixel, { value: pixel })].filter(Boolean).join(" · ");
    },
    first: () => Math.floor(sizes()[0] / 2) * sizes()[1] + Math.floor(sizes()[1] / 2),
  });
  const picture = element("canvas", "kfunc-lab-drawn-canvas");
  const heat = element("canvas", "kfunc-lab-drawn-canvas");
  for (const layer of [picture, heat]) layer.setAttribute("aria-hidden", "true");
  reader.stage.prepend(picture, heat);
  const blend = element("label", "kfunc-lab-drawn-blend");
  const caption = element("span");
  const slider = element("input");
  slider.type = "range";
  slider.max = 100;
  blend.append(caption, slider);
  reader.root.classList.add("overlay");
  reader.root.append(blend);
  slider.addEventListener("keydown", (event) => event.stopPropagation());
  slider.addEventListener("input", () => {
    isMoved = true;
    heat.style.opacity = slider.value / 100;
    reader.root.parentNode.share = slider.value / 100; // for whoever draws the next one there
  });

  function paintHeat(colours) {
    const ratio = window.devicePixelRatio || 1;
    heat.width = Math.round(shown.width * ratio);
    heat.height = Math.round(shown.height * ratio);
    const { low, high, scale } = overlay.heat;
    const image = new ImageData(heat.width, heat.height);
    const pixels = new Uint32Array(image.data.buffer);
    // Numbers are enlarged, and not colours: between two colours of a scale lies a third that
    // the scale may not have.
    const large = enlarged(overlay.heat, numbers, heat.height, heat.width);
    const table = lookupTable(coloursOf(colours, scale));
    const odd = paintNumbers(pixels, large, table, endsOf(low, high, scale), (at) => at);
    const [colour] = lookupTable([NOT_FINITE, NOT_FINITE]);
    for (const at of odd) pixels[at] = colour;
    heat.getContext("2d").putImageData(image, 0, 0);
  }

  return {
    root: reader.root,
    show(next) {
      overlay = { ...next, words: { ...next.words } };
      overlay.words.label ??= overlay.words.blend;
      numbers = numbersOf(next.heat.data);
      bytes = bytesOf(next.picture.data);
      const [rows, cols] = sizes();
      const cell = OVERLAY_SIDE / Math.max(rows, cols);
      shown = { width: Math.round(cell * cols), height: Math.round(cell * rows) };
      reader.showWidth(shown.width + 2 * FOCUS_EDGE);
      const size = { width: `${shown.width}px`, height: `${shown.height}px` };
      for (const part of [reader.stage, picture, heat]) setStyle(part, size);
      drawPixels(picture, { rows, cols, channels: 1, data: greyOf(next.picture) });
      paintHeat(next.colours);
      setText(caption, overlay.words.blend ?? "");
      if (!isMoved) slider.value = Math.round(100 * (next.share ?? 0.5));
      heat.style.opacity = slider.value / 100;
      const isOdd = numbers.some((it) => !Number.isFinite(it));
      reader.showOdd(isOdd ? ["NaN"] : []);
      reader.refresh(overlay.words, rows * cols, "");
    },
  };
}
