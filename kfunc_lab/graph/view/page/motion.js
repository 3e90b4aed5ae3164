// Shows by motion what has changed in a drawing, unless the reader wants things to stay still.

import { svgElement } from "../../../ui/page/dom.js";

/** @typedef {{ x: number, y: number }} Point */

/**
 * @param {Element | null} node
 * @param {Keyframe[]} frames
 * @param {number} duration  in milliseconds
 * @param {string} easing
 */
function animate(node, frames, duration, easing) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return undefined;
  return node?.animate(frames, { duration, easing });
}

/** @param {Element} node */
export function appear(node) {
  animate(node, [{ opacity: 0 }, {}], 200, "ease-out");
}

/**
 * Draws attention to a box.
 *
 * @param {Element} node
 */
export function ring(node) {
  const stressed = { stroke: "var(--accent)", strokeWidth: "5" };
  const frames = [stressed, { ...stressed, offset: 0.4 }, {}];
  animate(node.querySelector(":scope > .box"), frames, 2500, "ease-in");
}

/**
 * Moves a box from where it stood to where it stands.
 *
 * @param {Element} node
 * @param {Point} by
 */
export function slide(node, by) {
  if (Math.hypot(by.x, by.y) < 1) return;
  const [x, y] = (node.getAttribute("transform")?.match(/-?[\d.]+/g) ?? []).map(Number);
  const at = (/** @type {number} */ left, /** @type {number} */ top) => ({
    transform: `translate(${left}px, ${top}px)`,
  });
  animate(node, [at(x + by.x, y + by.y), at(x, y)], 200, "ease-out");
}

/**
 * Draws the way from one place to another, until it has faded.
 *
 * @param {SVGElement} drawing
 * @param {Point} from
 * @param {Point} to
 */
export function drawTrail(drawing, from, to) {
  const bow = Math.max(from.x, to.x) + 60;
  const d = `M${from.x} ${from.y}C${bow} ${from.y} ${bow} ${to.y} ${to.x} ${to.y}`;
  const path = svgElement("path", { class: "trail", d });
  drawing.append(path);
  const frames = [{ opacity: 1 }, { opacity: 1, offset: 0.4 }, { opacity: 0 }];
  const fading = animate(path, frames, 1500, "ease-in");
  if (fading) fading.onfinish = () => path.remove();
  else path.remove();
}
