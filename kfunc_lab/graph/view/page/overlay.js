// Writes what another view says of the items onto the picture that is there, so nothing moves.

/** @import { Drawn } from "./drawing.js" */
/** @import { Line } from "./state.js" */

/**
 * What a view says of the graph that it shows; it is asked after every drawing.
 *
 * @typedef {object} Overlay
 * @property {Map<string, string>} [marks]  a class, by item
 * @property {Map<string, string>} [counts]  the number of parameters in words, by item
 * @property {Map<string, string>} [sizes]  a shape in words, by tensor
 * @property {(item: string) => boolean} [isSeen]
 * @property {(line: Line) => boolean} [isDrawn]
 */

/** @type {WeakMap<Element, string>} */
const WORN = new WeakMap(); // the mark that each node has

/**
 * @param {Drawn} drawn
 * @param {Overlay} overlay
 */
export function lay({ nodes, ends, curves, labels }, overlay) {
  const { marks, counts, sizes, isSeen, isDrawn } = overlay;
  for (const [id, { node, frame }] of nodes) {
    mark(node, marks?.get(id) ?? "");
    const count = node.querySelector(":scope > text.quiet[text-anchor]");
    if (count && counts) rewrite(count, counts.get(id));
    for (const drawn of isSeen ? [node, frame] : []) show(drawn, isSeen?.(id));
  }
  if (isSeen) for (const [id, node] of ends) show(node, isSeen(id));
  if (isDrawn) for (const { line, node } of [...curves, ...labels]) show(node, isDrawn(line));
  if (sizes) for (const { line, node } of labels) rewrite(node, sizes.get(line.tensor));
}

/**
 * @param {Element} node
 * @param {string} name
 */
function mark(node, name) {
  const worn = WORN.get(node);
  if (worn) node.classList.remove(worn);
  if (name) node.classList.add(name);
  WORN.set(node, name);
}

/**
 * @param {SVGElement | null} node
 * @param {boolean} [isSeen]
 */
function show(node, isSeen) {
  node?.classList.toggle("unseen", !isSeen);
  node?.toggleAttribute("inert", !isSeen);
}

/**
 * @param {Element} text
 * @param {string | undefined} now  by default what it said at first
 */
function rewrite(text, now) {
  const own = text.getAttribute("data-own") ?? text.textContent ?? "";
  text.setAttribute("data-own", own);
  if (text.textContent !== (now ?? own)) text.textContent = now ?? own;
  text.classList.toggle("now-changed", now !== undefined);
}
