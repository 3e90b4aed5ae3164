// The graph that grows: docked beside the notebook or in it, following the cell with the cursor.

import { renderGraph } from "../../graph/view/page/graph.js";
import { textButton } from "../../ui/page/controls.js";
import { element, whenShown } from "../../ui/page/dom.js";
import { defineView, listen, share } from "../../ui/page/model.js";

/**
 * @typedef {object} OwnState
 * @property {boolean} docked  whether it is shown beside the notebook
 * @property {Record<string, string[]>} _cells  the calls of each cell, by its number
 */

/** @typedef {import("../../graph/view/page/state.js").GraphState & OwnState} LiveState */
/** @typedef {import("../../ui/page/model.js").Model<LiveState>} LiveModel */

/** @param {{ model: LiveModel, el: HTMLElement }} given */
function render({ model, el }) {
  const root = element("div", "kfunc-lab-live");
  const holder = element("div");
  root.append(holder);
  el.append(root);
  const cell = followCell(() => graph.lay());
  const graph = renderGraph({
    model,
    el: holder,
    overlay() {
      const calls = model.get("_cells")[cell.number()] ?? [];
      return { marks: new Map(calls.map((id) => [id, "of-cell"])) };
    },
  });
  const undock = dock(model, root, holder);
  model.send?.({ type: "shown" });
  return () => {
    graph.end();
    cell.end();
    undock();
  };
}

/**
 * Shows the graph beside the notebook alone, until it is wanted in it too.
 *
 * @param {LiveModel} model
 * @param {HTMLElement} root
 * @param {HTMLElement} holder  of the graph
 */
function dock(model, root, holder) {
  const words = model.get("_words");
  let isDocked = false;
  let isWanted = false;
  const line = element("div", "kfunc-lab-docked");
  const place = () => {
    holder.hidden = model.get("docked") && !isDocked && !isWanted;
    line.hidden = !holder.hidden;
  };
  const button = textButton(words.show_here, () => {
    isWanted = true;
    place();
  });
  line.append(element("span", "", words.docked), button);
  root.append(line);
  whenShown(root, () => {
    isDocked = document.querySelector(".jp-Notebook") !== null && !root.closest(".jp-Notebook");
    root.classList.toggle("beside", isDocked);
    if (isDocked) share(model, "docked", true);
  });
  const end = listen(model, { "change:docked": place });
  place();
  return () => {
    end();
    if (isDocked) share(model, "docked", false);
  };
}

/**
 * Follows the cursor from cell to cell.
 *
 * @param {() => void} onChange
 */
function followCell(onChange) {
  let number = "";
  const onFocus = (/** @type {Event} */ { target }) => {
    const cell = target instanceof Element ? target.closest(".jp-Notebook .jp-Cell") : null;
    if (!cell) return;
    number = cell.querySelector(".jp-InputPrompt")?.textContent?.match(/\d+/)?.[0] ?? "";
    onChange();
  };
  document.addEventListener("focusin", onFocus);
  document.addEventListener("click", onFocus);
  return {
    number: () => number,
    end() {
      document.removeEventListener("focusin", onFocus);
      document.removeEventListener("click", onFocus);
    },
  };
}

export default defineView("live", render);
