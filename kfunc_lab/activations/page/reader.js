// A surface that is read cell by cell, by pointer and by arrow keys, with a line below it that says
// what is there.

import { element, hasModifier, takeKey } from "../../ui/page/dom.js";
import { FOCUS_EDGE, setBox, setSize, setStyle, setText } from "./figure.js";

/** @import { Box } from "./figure.js" */

/**
 * What the cells of a figure are. A cell is a number.
 *
 * @typedef {object} Cells
 * @property {(x: number, y: number) => number | null} cellAt
 * @property {(cell: number) => Box | null} boxOf
 * @property {(cell: number) => Box | null} [aroundOf]  the tile it is in
 * @property {(cell: number) => string} textOf
 * @property {(cell: number, key: string, isFine: boolean) => number | undefined} step
 * @property {() => number} first
 * @property {(cell: number) => void} [pick]
 */

/** @param {Cells} cells */
export function makeReader(cells) {
  const parts = makeParts();
  const { surface, stage } = parts;
  /** @type {number | null}  the cell that is read, and the one where the keys are */
  let at = null;
  /** @type {number | null} */
  let keyed = null;
  let idle = "";

  /**
   * @param {number | null} cell
   * @param {boolean} isKeyed
   */
  function show(cell, isKeyed) {
    at = cell;
    // What the pointer meets on its way is not read out.
    parts.said.setAttribute("aria-live", isKeyed ? "polite" : "off");
    setText(parts.said, cell === null ? idle : cells.textOf(cell));
    setBox(parts.cursor, cell === null ? null : cells.boxOf(cell));
    setBox(parts.around, cell === null ? null : (cells.aroundOf?.(cell) ?? null));
  }
  /** @param {number} cell */
  const showKeyed = (cell) => {
    keyed = cell;
    show(cell, true);
  };
  const hasKeys = () => surface.matches(":focus-visible");
  /** @param {MouseEvent} event */
  const cellOf = (event) => {
    const frame = stage.getBoundingClientRect();
    return cells.cellAt(event.clientX - frame.left, event.clientY - frame.top);
  };
  surface.addEventListener("pointermove", (event) => show(cellOf(event), false));
  surface.addEventListener("pointerdown", (event) => {
    keyed = cellOf(event); // keys go on from there
    show(keyed, false);
  });
  surface.addEventListener("pointerleave", () => show(hasKeys() ? keyed : null, false));
  surface.addEventListener("focus", () => {
    if (hasKeys()) showKeyed(keyed ?? cells.first());
  });
  surface.addEventListener("blur", () => show(null, false));
  surface.addEventListener("click", (event) => {
    const cell = cellOf(event);
    if (cell !== null) cells.pick?.(cell);
  });
  surface.addEventListener("keydown", (event) => {
    if (hasModifier(event)) return;
    const cell = keyed ?? at ?? cells.first();
    if (event.key === "Enter" || event.key === " ") cells.pick?.(cell);
    else {
      const next = cells.step(cell, event.key, event.shiftKey);
      if (next === undefined) return;
      showKeyed(next);
    }
    takeKey(event);
  });

  return {
    ...parts,
    /**
     * The figure has changed: what is read is read anew, as long as it is there.
     *
     * @param {string} label
     * @param {number} count  of cells
     * @param {string} [resting]  what is said while nothing is read
     */
    refresh(label, count, resting = "") {
      idle = resting;
      surface.setAttribute("aria-label", label);
      if (keyed !== null && keyed >= count) keyed = null;
      show(at !== null && at < count ? at : null, false);
    },
  };
}

function makeParts() {
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
  return {
    root,
    surface,
    stage,
    cursor,
    around,
    said,
    /**
     * The line below is as long as the figure, or as it takes to say what is read.
     *
     * @param {number} width
     * @param {number} height
     */
    setStage(width, height) {
      setSize(stage, width, height);
      setStyle(foot, { "max-width": `${Math.max(width + 2 * FOCUS_EDGE, 320)}px` });
    },
    /** @param {string[]} names  of what is not finite */
    showOdd(names) {
      odd.hidden = !names.length;
      setText(odd, names.join(", "));
    },
  };
}

/**
 * Returns where an arrow key leads in a grid of cells, of which the last need not be filled.
 *
 * @param {number} cell
 * @param {string} key
 * @param {number} rows
 * @param {number} cols
 * @param {number} [filled]
 */
export function stepInGrid(cell, key, rows, cols, filled = rows * cols) {
  const [row, column] = [Math.floor(cell / cols), cell % cols];
  /** @type {Record<string, [number, number]>} */
  const moves = {
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    Home: [row, 0],
    End: [row, cols - 1],
  };
  if (!(key in moves)) return undefined;
  const [down, across] = moves[key];
  const isInside = down >= 0 && down < rows && across >= 0 && across < cols;
  const next = down * cols + across;
  return isInside && next < filled ? next : cell;
}
