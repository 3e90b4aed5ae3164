// Where heat maps stand: a mosaic of tiles, or a single matrix; and what cell a point lies in.

import { stepInGrid } from "./reader.js";

const GAP = 4;
const MOSAIC_HEIGHT = 260; // pixels: that much is seen at once, where maps of 32 pixels allow it
const MATRIX_HEIGHT = 320;

/**
 * @typedef {{ width: number, height: number }} Size
 *
 * @typedef {object} Grid  the cells of some tiles
 * @property {number} count  of tiles
 * @property {number} rows
 * @property {number} cols
 * @property {number} filled  how many cells of each tile hold a number
 *
 * @typedef {object} Layout  in pixels
 * @property {Size} tile
 * @property {Size} cell
 * @property {number} across  tiles beside one another
 * @property {number} width
 * @property {number} height
 * @property {number} ratio  dots a pixel
 */

/**
 * Returns the size of a cell in whole dots, so that all are equally large, unless that would cost
 * too much room.
 *
 * @param {number} size
 * @param {number} ratio
 */
export function wholeDots(size, ratio) {
  const dots = size * ratio;
  const whole = Math.floor(dots);
  return whole >= 0.85 * dots ? whole / ratio : size;
}

/**
 * @param {Grid} grid
 * @param {number} room
 * @param {number} ratio
 */
function layMosaic({ count, rows, cols }, room, ratio) {
  const longest = Math.max(rows, cols);
  /** @param {number} side  of a tile, at most */
  const lay = (side) => {
    const whole = Math.floor((side * ratio) / longest) / ratio;
    const cell = whole * longest >= 32 ? whole : side / longest;
    // Lines of few cells are thickened, else nothing would be seen of them.
    const tile = { width: Math.max(cell * cols, 8), height: Math.max(cell * rows, 8) };
    const across = Math.max(1, Math.floor((room + GAP) / (tile.width + GAP)));
    const lines = Math.ceil(count / across);
    // As many lines as it takes, and in each as many tiles.
    const height = lines * (tile.height + GAP) - GAP;
    return { tile, across: Math.ceil(count / lines), height };
  };
  let side = Math.min(count <= 4 ? 220 : 96, Math.max(32, room));
  // A few stand in one line, if that does not make them small.
  const inLine = Math.floor((room + GAP) / count) - GAP;
  if (count <= 4 && inLine >= 120) side = Math.min(side, inLine);
  while (side > 32 && lay(side).height > MOSAIC_HEIGHT) side--;
  return lay(side);
}

/**
 * @param {Grid} grid
 * @param {number} room
 * @param {number} ratio
 */
function layMatrix({ rows, cols }, room, ratio) {
  const cell = Math.min(room / cols, MATRIX_HEIGHT / rows, 64);
  // Of few rows, or columns, each is thickened: what is 1 to 50 would be a thread.
  const wide = Math.max(cell, Math.min(room, 240, 24 * cols) / cols);
  const high = Math.max(cell, Math.min(160, 24 * rows) / rows);
  const width = wholeDots(wide, ratio) * cols;
  const height = wholeDots(high, ratio) * rows;
  return { tile: { width, height }, across: 1, height };
}

/**
 * @param {Grid} grid
 * @param {number} room  pixels across
 * @param {number} ratio  dots a pixel
 * @returns {Layout}
 */
export function layTiles(grid, room, ratio) {
  const inner = Math.max(room, 8);
  const laid = (grid.count === 1 ? layMatrix : layMosaic)(grid, inner, ratio);
  const { tile } = laid;
  const across = Math.min(laid.across, Math.max(grid.count, 1));
  return {
    tile,
    across,
    width: across * (tile.width + GAP) - GAP,
    height: Math.max(laid.height, 0),
    cell: { width: tile.width / grid.cols, height: tile.height / grid.rows },
    ratio,
  };
}

/**
 * @param {Layout} layout
 * @param {number} index
 */
export function boxOfTile({ across, tile }, index) {
  return {
    x: (index % across) * (tile.width + GAP),
    y: Math.floor(index / across) * (tile.height + GAP),
    ...tile,
  };
}

/**
 * @param {Grid} grid
 * @param {Layout} layout
 * @param {number} cell
 */
export function boxOfCell({ rows, cols }, layout, cell) {
  const corner = boxOfTile(layout, Math.floor(cell / (rows * cols)));
  const place = cell % (rows * cols);
  return {
    x: corner.x + (place % cols) * layout.cell.width,
    y: corner.y + Math.floor(place / cols) * layout.cell.height,
    ...layout.cell,
  };
}

/**
 * Returns the cell at a point; null in the gaps, outside, and where no number is.
 *
 * @param {Grid} grid
 * @param {Layout} layout
 * @param {number} x
 * @param {number} y
 */
export function cellAt({ count, rows, cols, filled }, layout, x, y) {
  const { tile, cell, across } = layout;
  const column = Math.floor(x / (tile.width + GAP));
  const index = Math.floor(y / (tile.height + GAP)) * across + column;
  if (x < 0 || y < 0 || column >= across || index >= count) return null;
  const corner = boxOfTile(layout, index);
  const inColumn = Math.floor((x - corner.x) / cell.width);
  const inRow = Math.floor((y - corner.y) / cell.height);
  const place = inRow * cols + inColumn;
  const isInside = inColumn < cols && inRow < rows && place < filled;
  return isInside ? index * rows * cols + place : null;
}

/**
 * Returns where an arrow key leads: from tile to tile, at the same place of each; with Shift, or in
 * the only tile, from cell to cell.
 *
 * @param {Grid} grid
 * @param {Layout} layout
 * @param {number} cell
 * @param {string} key
 * @param {boolean} isFine
 */
export function stepInTiles({ count, rows, cols, filled }, { across }, cell, key, isFine) {
  const size = rows * cols;
  const [index, place] = [Math.floor(cell / size), cell % size];
  if (count === 1 || isFine) {
    const next = stepInGrid(place, key, rows, cols, filled);
    return next === undefined ? undefined : index * size + next;
  }
  const last = count - 1;
  if (key === "Home") return place;
  if (key === "End") return last * size + place;
  /** @type {Record<string, number>} */
  const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across };
  if (!(key in moves)) return undefined;
  const next = index + moves[key];
  return (next < 0 || next > last ? index : next) * size + place;
}
