// The steps of a cell: its lines on the left, the graph as it stood after each on the right.

import { renderGraph } from "../../graph/view/page/graph.js";
import { rangeInput, textButton } from "../../ui/page/controls.js";
import { element, hasModifier, takeKey } from "../../ui/page/dom.js";
import { defineView, listen, share } from "../../ui/page/model.js";
import { filled } from "../../ui/page/words.js";

/**
 * @typedef {object} Step
 * @property {number} first  its lines, from 1 on
 * @property {number} last
 * @property {string} code
 * @property {boolean} elsewhere  whether the code stands in another cell
 * @property {boolean} failed
 * @property {string} printed
 * @property {string[]} said  what it did
 * @property {string} title
 * @property {string[]} seen  the items of the graph after it
 * @property {[source: string | null, target: string | null, tensor: string][]} lines  and its lines
 * @property {(Partial<Item> & { id: string })[]} items  what it shows otherwise than the whole
 */

/** @import { Item, Line } from "../../graph/view/page/state.js" */

/** @typedef {{ step: number, _steps: Step[], _code: string[] }} OwnState */
/** @typedef {import("../../graph/view/page/state.js").GraphState & OwnState} StepsState */
/** @typedef {import("../../ui/page/model.js").Model<StepsState>} StepsModel */
/** @typedef {(number: number) => void} Go */

const KEYS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

/** @param {{ model: StepsModel, el: HTMLElement }} given */
function render({ model, el }) {
  const words = model.get("_words");
  const steps = model.get("_steps");
  const root = element("div", "kfunc-lab-steps");
  const side = element("div", "kfunc-lab-side");
  const holder = element("div", "kfunc-lab-holder-of-graph");
  const said = element("div", "kfunc-lab-said");
  said.setAttribute("aria-live", "polite");
  /** @type {Go} */
  const go = (number) => {
    share(model, "step", Math.max(0, Math.min(steps.length - 1, number)));
    show();
  };
  const code = makeCode(model, go);
  const controls = makeControls(model, go);
  side.append(code.root, controls.root, said);
  root.append(side, holder);
  el.append(root);
  side.addEventListener("keydown", (event) => {
    const to = leadsTo(event.key, model.get("step"), steps.length);
    if (to === undefined || hasModifier(event)) return;
    go(to);
    takeKey(event);
  });
  const graph = renderGraph({
    model: atStep(model),
    el: holder,
    fits: true,
    overlay: () => overlayOf(steps[model.get("step")]),
  });

  function show() {
    const number = model.get("step");
    const step = steps[number];
    code.show(step);
    controls.show(number);
    said.replaceChildren(...saidOf(step, words));
    graph.draw();
    graph.setTitle(step.title);
    const changed = changedBy(step, steps[number - 1]);
    changed.findLast((id) => graph.reveal(id));
  }

  const end = listen(model, { "change:step": show, "change:opened": show });
  show();
  return () => {
    graph.end();
    end();
  };
}

/**
 * @param {string} key
 * @param {number} step
 * @param {number} count
 */
function leadsTo(key, step, count) {
  if (key in KEYS) return step + KEYS[/** @type {keyof typeof KEYS} */ (key)];
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : undefined;
}

/**
 * The lines of the cell; a click on one goes to its step.
 *
 * @param {StepsModel} model
 * @param {Go} go
 */
function makeCode(model, go) {
  const root = element("ol", "kfunc-lab-code");
  root.setAttribute("aria-label", model.get("_words").code);
  root.tabIndex = 0;
  const isPart = (/** @type {Step} */ { first, last }, /** @type {number} */ place) =>
    first <= place + 1 && place + 1 <= last;
  const lines = model.get("_code").map((text, place) => {
    const line = element("li");
    line.append(element("code", "", text || " "));
    line.addEventListener("click", () => {
      const number = model.get("_steps").findIndex((step) => isPart(step, place));
      if (number >= 0) go(number);
    });
    return line;
  });
  root.append(...lines);
  return {
    root,
    /** @param {Step} step */
    show(step) {
      lines.forEach((line, place) => {
        line.classList.toggle("current", isPart(step, place));
        line.classList.toggle("failed", isPart(step, place) && step.failed);
      });
      const line = lines[step.first - 1];
      if (!line) return;
      const top = line.offsetTop - root.offsetTop;
      root.scrollTop += Math.min(0, top - root.scrollTop - 8);
      const below = top + line.offsetHeight + 8;
      root.scrollTop = Math.max(root.scrollTop, below - root.clientHeight);
    },
  };
}

/**
 * @param {StepsModel} model
 * @param {Go} go
 */
function makeControls(model, go) {
  const words = model.get("_words");
  const count = model.get("_steps").length;
  const root = element("div", "kfunc-lab-controls");
  const slider = rangeInput(words.steps, (value) => go(value - 1));
  slider.span(1, count);
  const previous = textButton("‹", () => go(model.get("step") - 1), words.previous);
  const next = textButton("›", () => go(model.get("step") + 1), words.next);
  const place = element("span", "kfunc-lab-count");
  root.append(previous, slider, next, place);
  return {
    root,
    /** @param {number} number */
    show(number) {
      slider.value = String(number + 1);
      previous.disabled = number === 0;
      next.disabled = number === count - 1;
      place.textContent = `${number + 1} / ${count}`;
      const spoken = filled(words.of_steps, { n: number + 1, all: count });
      slider.setAttribute("aria-valuetext", spoken);
    },
  };
}

/**
 * @param {Step} step
 * @param {Record<string, string>} words
 */
function saidOf(step, words) {
  const list = element("ul");
  list.append(...step.said.map((text) => element("li", "", text)));
  const parts = [list, ...(step.printed ? [element("pre", "", step.printed)] : [])];
  parts[1]?.setAttribute("aria-label", words.printed);
  if (!step.elsewhere) return parts;
  return [element("p", "", words.elsewhere), element("pre", "", step.code), ...parts];
}

/**
 * The model with the items as they are at its step.
 *
 * @param {StepsModel} model
 * @returns {import("../../graph/view/page/state.js").GraphModel}
 */
function atStep(model) {
  const items = () => {
    const step = model.get("_steps")[model.get("step")];
    const own = new Map(step.items.map((item) => [item.id, item]));
    return model.get("_items").map((item) => ({ ...item, ...own.get(item.id) }));
  };
  const get = (/** @type {keyof StepsState} */ name) =>
    name === "_items" ? items() : model.get(name);
  return { ...model, get: /** @type {any} */ (get) };
}

/** @param {Step} step */
function overlayOf({ seen, lines }) {
  const items = new Set(seen);
  const drawn = new Set(lines.map((line) => JSON.stringify(line)));
  return {
    isSeen: (/** @type {string} */ id) => items.has(id),
    isDrawn: (/** @type {Line} */ { source, target, tensor }) =>
      drawn.has(JSON.stringify([source, target, tensor])),
  };
}

/**
 * The items in which a step changed something.
 *
 * @param {Step} step
 * @param {Step} [before]
 */
export function changedBy(step, before) {
  const seen = new Set(before?.seen);
  const looks = (/** @type {Step | undefined} */ it) =>
    new Map(it?.items.map(({ id, svg }) => [id, svg]));
  const [was, is] = [looks(before), looks(step)];
  return [
    ...step.seen.filter((id) => seen.has(id) && is.get(id) !== was.get(id)),
    ...step.seen.filter((id) => !seen.has(id)),
  ];
}

export default defineView("steps", render);
