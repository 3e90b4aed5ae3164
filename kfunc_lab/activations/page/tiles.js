// Heat maps: tiles of cells in a mosaic, or a single one.

import { element } from "../../ui/page/dom.js";
import { numbersOf, significant } from "../../ui/page/numbers.js";
import { drawOn, FOCUS_EDGE, setBox, watchWidth } from "./figure.js";
import { makeReader } from "./reader.js";
import { placeWords, readout } from "./readouts.js";
import { boxOfCell, boxOfTile, cellAt, layTiles, stepInTiles } from "./tile_layout.js";
import { paintTiles, showTiles } from "./tile_painting.js";

/** @import { Figure } from "./figure.js" */
/** @import { Colours, Tiles, Words } from "./state.js" */
/** @import { Layout } from "./tile_layout.js" */
/** @import { Painted } from "./tile_painting.js" */

/**
 * @typedef {object} Options
 * @property {Colours} colours
 * @property {Words} words
 * @property {string} label
 * @property {number} [picked]  the place of a tile that stands out
 * @property {(index: number) => void} [onPick]
 *
 * @typedef {{ tiles: Tiles, options: Options }} Shown
 */

/**
 * @param {HTMLElement} host
 * @param {Tiles} tiles
 * @param {Options} options
 */
export function drawTiles(host, tiles, options) {
  return drawOn(host, makeTiles, { tiles, options });
}

/**
 * Where a vector is written in lines, the last of them need not be full.
 *
 * @param {Tiles} tiles
 */
function gridOf(tiles) {
  const size = tiles.rows * tiles.cols;
  return { ...tiles, filled: tiles.isVector ? Math.min(tiles.total || size, size) : size };
}

/** @returns {Figure<Shown>} */
function makeTiles() {
  /** @type {ReturnType<typeof gridOf>} */
  let tiles;
  /** @type {Options} */
  let options;
  /** @type {Float32Array} */
  let numbers;
  /** @type {Painted} */
  let painted;
  /** @type {Layout | null} */
  let layout = null;
  /** @param {number} cell */
  const tileOf = (cell) => Math.floor(cell / (tiles.rows * tiles.cols));

  const reader = makeReader({
    cellAt: (x, y) => layout && cellAt(tiles, layout, x, y),
    boxOf: (cell) => layout && boxOfCell(tiles, layout, cell),
    aroundOf: (cell) => (layout && tiles.count > 1 ? boxOfTile(layout, tileOf(cell)) : null),
    step: (cell, key, isFine) =>
      layout ? stepInTiles(tiles, layout, cell, key, isFine) : undefined,
    textOf: (cell) => cellWords(tiles, numbers, options.words, cell),
    first: () => Math.max(options.picked ?? 0, 0) * tiles.rows * tiles.cols,
    pick: (cell) => options.onPick?.(tileOf(cell)),
  });
  const canvas = element("canvas", "kfunc-lab-drawn-canvas");
  canvas.setAttribute("aria-hidden", "true");
  const ring = element("div", "kfunc-lab-drawn-picked");
  reader.stage.prepend(canvas, ring);
  const width = watchWidth(reader.root, lay);

  function lay() {
    const room = reader.root.clientWidth - 2 * FOCUS_EDGE;
    if (room <= 0) return; // not on the page yet
    layout = layTiles(tiles, room, window.devicePixelRatio || 1);
    width.took(layout.width + 2 * FOCUS_EDGE);
    reader.setStage(layout.width, layout.height);
    showTiles(canvas, painted, tiles, layout);
    const { picked = -1 } = options;
    setBox(ring, picked >= 0 && picked < tiles.count ? boxOfTile(layout, picked) : null);
    const { rowAxis, colAxis } = tiles;
    const axes = [rowAxis && `↓ ${rowAxis}`, colAxis && `→ ${colAxis}`].filter(Boolean);
    reader.refresh(options.label, tiles.count * tiles.rows * tiles.cols, axes.join("   "));
  }

  return {
    root: reader.root,
    goOn: width.goOn,
    stop: width.stop,
    show(shown) {
      tiles = gridOf(shown.tiles);
      options = shown.options;
      numbers = numbersOf(tiles.data);
      painted = paintTiles(tiles, numbers, options.colours);
      reader.showOdd(painted.odd);
      reader.surface.classList.toggle("pickable", Boolean(options.onPick));
      lay();
    },
  };
}

/**
 * @param {Tiles} tiles
 * @param {Float32Array} numbers
 * @param {Words} words
 * @param {number} cell
 */
function cellWords(tiles, numbers, words, cell) {
  const { rows, cols, factor, labels, isVector, rowAxis, colAxis } = tiles;
  const [down, over] = factor;
  const place = cell % (rows * cols);
  return readout(isVector ? words.unit_readout : words.readout, {
    label: labels[Math.floor(cell / (rows * cols))],
    row: placeWords(Math.floor(place / cols), down),
    column: placeWords(place % cols, over),
    unit: placeWords(place, over),
    rowAxis,
    colAxis,
    value: significant(numbers[cell], 4),
  });
}
