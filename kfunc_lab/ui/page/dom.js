// Makes and reads elements.

const SVG = "http://www.w3.org/2000/svg";

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} [className]
 * @param {string} [text]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {string} [text]
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function svgElement(tag, attributes = {}, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes))
    made.setAttribute(name, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

/**
 * Reads SVG that Python wrote, and escaped.
 *
 * @param {string} source  what stands inside an `<svg>`
 */
export function parseSvg(source) {
  const whole = `<svg xmlns="${SVG}">${source}</svg>`;
  const parsed = new DOMParser().parseFromString(whole, "image/svg+xml").documentElement;
  return /** @type {SVGElement[]} */ ([...document.importNode(parsed, true).childNodes]);
}

/**
 * Reads HTML that Python wrote, and escaped.
 *
 * @param {string} source
 */
export function parseHtml(source) {
  return [...new DOMParser().parseFromString(source, "text/html").body.childNodes];
}

/**
 * The parts of a sentence: what stands between backticks is code, and keeps its stars. As in
 * Markdown, as many backticks end the code as began it.
 *
 * @param {string} text
 */
export function partsOf(text) {
  /** @type {{ text: string, isCode: boolean }[]} */
  const parts = [];
  const code = /(?<!`)(`+)(?!`)([\s\S]+?)(?<!`)\1(?!`)/g;
  let end = 0;
  for (const match of text.matchAll(code)) {
    if (match.index > end) parts.push({ text: text.slice(end, match.index), isCode: false });
    parts.push({ text: match[2], isCode: true });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), isCode: false });
  return parts;
}

/** @param {string} text */
export function withCode(text) {
  return partsOf(text).map((part) =>
    part.isCode ? element("code", "", part.text) : part.text,
  );
}

/**
 * JupyterLab has meanings of its own for keys: those that an element takes end there.
 *
 * @param {KeyboardEvent} event
 */
export function takeKey(event) {
  event.preventDefault();
  event.stopPropagation();
}

/** @param {HTMLElement} input */
export function keepKeys(input) {
  input.addEventListener("keydown", (event) => event.stopPropagation());
}

/** @param {KeyboardEvent} event */
export function hasModifier(event) {
  return event.ctrlKey || event.metaKey || event.altKey;
}

/**
 * Calls back once, when an element has got its place on the page.
 *
 * @param {HTMLElement} target
 * @param {() => void} callback
 */
export function whenShown(target, callback) {
  const observer = new ResizeObserver(() => {
    if (!target.clientWidth) return;
    observer.disconnect();
    callback();
  });
  observer.observe(target);
}
