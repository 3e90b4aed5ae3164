// Writes what another view says of the items onto the picture that is there, so nothing moves.

import { parseSvg } from "../../../ui/page/dom.js";

/** @import { Drawn } from "./drawing.js" */

/**
 * What a view says of the graph that it shows; it is asked after every drawing.
 *
 * @typedef {object} Overlay
 * @property {Map<string, string>} [marks]  a class, by item
 * @property {Map<string, string>} [counts]  the number of parameters in words, by item
 * @property {Map<string, string>} [sizes]  a shape in words, by tensor
 * @property {Map<string, string>} [pins]  SVG, by item: these and no others
 * @property {(item: string) => boolean} [isSeen]
 */

/** @type {WeakMap<Element, string>} */
const WORN = new WeakMap(); // the mark that each node has

/**
 * @param {Drawn} drawn
 * @param {Overlay} overlay
 */
export function lay({ nodes, curves, labels }, { marks, counts, sizes, pins, isSeen }) {
  for (const [id, { node }] of nodes) {
    mark(node, marks?.get(id) ?? "");
    const count = node.querySelector(":scope > text.quiet[text-anchor]");
    if (count && counts) rewrite(count, counts.get(id));
    if (pins) {
      for (const pin of node.querySelectorAll(":scope > .pin")) pin.remove();
      node.append(...parseSvg(pins.get(id) ?? ""));
    }
    if (isSeen) show(node, isSeen(id));
  }
  for (const { line, node } of [...curves, ...labels]) {
    if (isSeen)
      show(
        node,
        [line.source, line.target].every((end) => !end || isSeen(end)),
      );
  }
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
 * @param {SVGElement} node
 * @param {boolean} isSeen
 */
function show(node, isSeen) {
  node.classList.toggle("unseen", !isSeen);
  node.toggleAttribute("inert", !isSeen);
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
