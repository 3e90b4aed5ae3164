// What all figures share. What a figure means, and every word in it, is decided in Python. Drawn
// again on the same host, it changes in place: what has the focus keeps it, and nothing moves.

export const FOCUS_EDGE = 3; // pixels around a surface, for its outline
export const LETTER = 6.6; // pixels of a letter at 11 px, on the safe side
const WIDTH_SLACK = 24;

/** @typedef {{ x: number, y: number, width: number, height: number }} Box */

/**
 * @template Shown
 * @typedef {object} Figure
 * @property {HTMLElement} root
 * @property {(shown: Shown) => void} show
 * @property {() => void} [goOn]  after a stop
 * @property {() => void} [stop]
 */

/** @type {WeakMap<HTMLElement, { make: Function, figure: Figure<any> }>} */
const FIGURES = new WeakMap();

/**
 * Shows something in the figure of its kind; makes one where the host shows none.
 *
 * @template Shown
 * @param {HTMLElement} host
 * @param {(host: HTMLElement) => Figure<Shown>} make
 * @param {Shown} shown
 * @returns {() => void}  stops it
 */
export function drawOn(host, make, shown) {
  let known = FIGURES.get(host);
  if (known?.make !== make || known.figure.root.parentNode !== host) {
    known?.figure.stop?.();
    known = { make, figure: make(host) };
    host.replaceChildren(known.figure.root);
    FIGURES.set(host, known);
  }
  const { figure } = known;
  figure.goOn?.(); // it may have been stopped
  figure.show(shown);
  return () => figure.stop?.();
}

/**
 * Calls back when there is another width to lay a figure out in. A little more room is let be: a
 * scroll bar that comes and goes with the height would have it laid out without end.
 *
 * @param {HTMLElement} root
 * @param {() => void} lay
 */
export function watchWidth(root, lay) {
  let taken = 0;
  let last = 0;
  const observer = new ResizeObserver(() => {
    const width = root.clientWidth;
    if (!width || width === last) return;
    if (width < taken || Math.abs(width - last) > WIDTH_SLACK) lay();
  });
  return {
    /** @param {number} width  that the figure takes */
    took(width) {
      last = root.clientWidth;
      taken = width;
    },
    goOn: () => observer.observe(root),
    stop: () => observer.disconnect(),
  };
}

/** @param {(number | null)[]} values  JSON has neither NaN nor infinity */
export function valuesOf(values) {
  return Array.from(values, (value) => value ?? Number.NaN);
}

/**
 * @param {Element} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * @param {HTMLElement | SVGElement} node
 * @param {Record<string, string>} values  of CSS properties
 */
export function setStyle(node, values) {
  for (const [name, value] of Object.entries(values)) {
    if (node.style.getPropertyValue(name) !== value) node.style.setProperty(name, value);
  }
}

/**
 * @param {HTMLElement | SVGElement} node
 * @param {number} width  in pixels
 * @param {number} height
 */
export function setSize(node, width, height) {
  setStyle(node, { width: `${width}px`, height: `${height}px` });
}

/**
 * Places an element over a figure; hides it where there is no box.
 *
 * @param {HTMLElement} node
 * @param {Box | null} box
 */
export function setBox(node, box) {
  node.hidden = !box;
  if (!box) return;
  setStyle(node, { left: `${box.x}px`, top: `${box.y}px` });
  setSize(node, box.width, box.height);
}
