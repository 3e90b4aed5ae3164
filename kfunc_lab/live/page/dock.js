// A panel at the side of a JupyterLab notebook, inside the notebook's own tab: it cannot outlive
// the notebook, and no saved workspace brings it back.

import { textButton } from "../../ui/page/controls.js";
import { element, hasModifier, takeKey } from "../../ui/page/dom.js";

const READABLE = 80; // characters of code that a cell keeps
const NARROWEST = 180; // pixels beside the notebook; where there are fewer, the panel lies below
const SHARE = { width: 0.4, height: 0.45 }; // of the notebook, at most, unless the reader wants more
const STEP = 24; // pixels that an arrow key moves the border
const TAKEN = "kfunc-lab-taken";
// A model's summary is as wide as the code: beside the panel it needs the margins around it.
const OUTPUT = ".jp-NotebookPanel:has(> .kfunc-lab-panel.beside) .jp-RenderedHTMLCommon";
const STYLE = `${OUTPUT}.jp-OutputArea-output { padding-right: 0 }
${OUTPUT}.jp-OutputArea-output > pre { margin-right: 0; margin-left: 0 }`;
const KEYS = { ArrowLeft: 1, ArrowUp: 1, ArrowRight: -1, ArrowDown: -1 };

/**
 * @typedef {object} Panel
 * @property {HTMLElement} notebook
 * @property {HTMLElement} content  what is shown in it
 * @property {() => void} end
 */

/**
 * The tab of the notebook at a path, if JupyterLab shows it.
 *
 * @param {string | undefined} path
 * @returns {HTMLElement | undefined}
 */
export function notebookAt(path) {
  if (path === undefined) return undefined;
  /** @type {HTMLElement[]} */
  const notebooks = [...document.querySelectorAll(".jp-NotebookPanel")].filter(
    (it) => it instanceof HTMLElement,
  );
  if (notebooks.length === 1) return notebooks[0]; // as in Jupyter Notebook, which has no tabs
  return notebooks.find(({ id }) => {
    const tab = document.querySelector(`[role="tab"][data-id="${CSS.escape(id)}"]`);
    const lines = tab?.getAttribute("title")?.split("\n") ?? [];
    return lines.some((line) => line === path || line.endsWith(` ${path}`));
  });
}

/**
 * Opens a panel, which takes the place of the one that the notebook has.
 *
 * @param {HTMLElement} notebook
 * @param {Record<string, string>} words
 * @param {() => void} onClose  when the reader closes it, or another one takes its place
 * @returns {Panel}
 */
export function openPanel(notebook, words, onClose) {
  notebook.querySelector(":scope > .kfunc-lab-panel")?.dispatchEvent(new Event(TAKEN));
  const root = element("aside", "kfunc-lab-live-view kfunc-lab-panel");
  root.setAttribute("aria-label", words.graph);
  const bar = element("div", "kfunc-lab-bar");
  bar.append(element("span", "", words.graph), textButton("×", onClose, words.undock));
  const border = makeBorder(words.resize);
  const content = element("div", "kfunc-lab-panel-content");
  root.append(border, bar, content, element("style", "", STYLE));
  notebook.append(root);
  root.addEventListener(TAKEN, onClose);
  const cells = /** @type {HTMLElement} */ (notebook.querySelector(":scope > .jp-Notebook"));
  const lay = () => layOut(notebook, cells, root);
  const watcher = new ResizeObserver(lay);
  watcher.observe(notebook);
  watcher.observe(cells.querySelector(".jp-WindowedPanel-outer") ?? cells); // less its scrollbar
  border.addEventListener("resize", lay);
  lay();
  return {
    notebook,
    content,
    end() {
      watcher.disconnect();
      root.remove();
      cells.style.maxWidth = "";
      cells.style.maxHeight = "";
    },
  };
}

/**
 * Gives the panel the room that the cells do not need.
 *
 * @param {HTMLElement} notebook
 * @param {HTMLElement} cells
 * @param {HTMLElement} root
 */
function layOut(notebook, cells, root) {
  const { clientWidth: width, clientHeight: height } = notebook;
  if (!width) return; // another tab is in front
  const room = width - readableWidth(cells);
  const isBeside = room >= NARROWEST;
  const side = isBeside ? "width" : "height";
  const whole = isBeside ? width : height;
  const most = whole - NARROWEST;
  const usual = Math.min(isBeside ? room : most, Math.round(SHARE[side] * whole));
  const wanted = Number(notebook.dataset[wantedName(side)]) || Math.max(usual, NARROWEST);
  const size = Math.max(Math.min(wanted, most), 0);
  root.classList.toggle("beside", isBeside);
  root.style.width = isBeside ? `${size}px` : "";
  root.style.height = isBeside ? "" : `${size}px`;
  root.style.top = isBeside ? `${cells.offsetTop}px` : "";
  // JupyterLab sets the size of the cells itself; a length that is computed bounds it.
  cells.style.maxWidth = isBeside ? `calc(100% - ${size}px)` : "";
  cells.style.maxHeight = isBeside ? "" : `calc(100% - ${size + cells.offsetTop}px)`;
  const border = /** @type {HTMLElement} */ (root.firstElementChild);
  border.setAttribute("aria-orientation", isBeside ? "vertical" : "horizontal");
  border.setAttribute("aria-valuenow", String(Math.round((100 * size) / whole)));
}

/** @param {string} side */
function wantedName(side) {
  return `kfuncLab${side}`;
}

/**
 * The width in which a code cell shows a line of code without scrolling.
 *
 * @param {HTMLElement} cells
 */
function readableWidth(cells) {
  const code = [...cells.querySelectorAll(".jp-CodeCell .cm-content")].find(
    (it) => it.getClientRects().length,
  );
  const frame = code?.closest(".cm-scroller");
  if (!code || !frame) return READABLE * 8 + 112;
  const probe = element("span", "", "m".repeat(READABLE));
  probe.style.cssText = "position: absolute; visibility: hidden; white-space: pre";
  const line = code.querySelector(".cm-line") ?? code;
  const { font, paddingLeft, paddingRight } = getComputedStyle(line);
  probe.style.font = font;
  cells.append(probe);
  const text = probe.getBoundingClientRect().width;
  probe.remove();
  const around = cells.clientWidth - frame.clientWidth;
  const numbers = frame.querySelector(".cm-gutters")?.getBoundingClientRect().width ?? 0;
  const padding = Number.parseFloat(paddingLeft) + Number.parseFloat(paddingRight);
  return Math.ceil(text + padding + numbers + around);
}

/**
 * The border that the pointer drags and the arrow keys move.
 *
 * @param {string} label
 */
function makeBorder(label) {
  const border = element("div", "kfunc-lab-border");
  border.tabIndex = 0;
  border.setAttribute("role", "separator");
  border.setAttribute("aria-label", label);
  const isBeside = () => border.parentElement?.classList.contains("beside");
  const resize = (/** @type {number} */ size) => {
    const notebook = border.closest(".jp-NotebookPanel");
    if (!(notebook instanceof HTMLElement)) return;
    const name = wantedName(isBeside() ? "width" : "height");
    notebook.dataset[name] = String(Math.max(NARROWEST, Math.round(size)));
    border.dispatchEvent(new Event("resize"));
  };
  const frame = () => /** @type {HTMLElement} */ (border.parentElement).getBoundingClientRect();
  border.addEventListener("pointerdown", (event) => {
    border.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  border.addEventListener("pointermove", (event) => {
    if (!border.hasPointerCapture(event.pointerId)) return;
    const { right, bottom } = frame();
    resize(isBeside() ? right - event.clientX : bottom - event.clientY);
  });
  border.addEventListener("keydown", (event) => {
    if (!(event.key in KEYS) || hasModifier(event)) return;
    const by = STEP * KEYS[/** @type {keyof typeof KEYS} */ (event.key)];
    resize((isBeside() ? frame().width : frame().height) + by);
    takeKey(event);
  });
  return border;
}
