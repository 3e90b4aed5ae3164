// The graph that grows: in a panel beside the notebook or in the notebook itself.

import { renderGraph } from "../../graph/view/page/graph.js";
import { textButton } from "../../ui/page/controls.js";
import { element } from "../../ui/page/dom.js";
import { defineView, listen } from "../../ui/page/model.js";
import { notebookAt, openPanel } from "./dock.js";

/**
 * @typedef {object} OwnState
 * @property {boolean} follows  whether the kernel updates it
 * @property {Record<string, string[]>} _cells  the calls of each cell, by its number
 * @property {Place} _place  where it is shown; this the page alone knows
 */

/** @typedef {"panel" | "closed" | "cell"} Place  closed: the reader may open the panel again */

/** @typedef {import("../../graph/view/page/state.js").GraphState & OwnState} LiveState */
/** @typedef {import("../../ui/page/model.js").Model<LiveState>} LiveModel */

/**
 * What a page knows of a widget of JupyterLab.
 *
 * @typedef {object} Widget
 * @property {boolean} comm_live  whether the kernel that made it still has it
 * @property {{ context?: Notebook, kernel?: { id: string } | null }} widget_manager
 */

/** @typedef {{ path: string, sessionContext: { kernelChanged: Signal } }} Notebook */
/** @typedef {{ connect: (slot: () => void) => void, disconnect: (slot: () => void) => void }} Signal */

/**
 * Docks the graph as soon as it exists, whether or not its cell is in sight or was saved.
 *
 * @param {{ model: LiveModel }} given
 */
function initialize({ model }) {
  const widget = widgetOf(model);
  const manager = widget?.widget_manager;
  const kernel = manager?.kernel?.id;
  /** @type {(() => void) | undefined} */
  let close;
  const update = () => {
    const isAlive = widget?.comm_live && manager?.kernel?.id === kernel;
    const canDock = isAlive && model.get("follows");
    const isWanted = canDock && model.get("_place") !== "closed";
    if (isWanted && !close) close = showInPanel(model, widget);
    else if (!isWanted) {
      close?.();
      close = undefined;
    }
    if (!isWanted && canDock) return;
    model.set("_place", close ? "panel" : "cell");
  };
  const end = listen(model, {
    "change:follows": update,
    "change:_place": update,
    comm_live_update: update, // the kernel restarts
  });
  const changes = manager?.context?.sessionContext.kernelChanged; // or ends, or is another one
  changes?.connect(update);
  update();
  model.send?.({ type: "shown" });
  return () => {
    end();
    changes?.disconnect(update);
    close?.();
  };
}

/**
 * The widget behind the part of it that anywidget gives: each event brings it along.
 *
 * @param {LiveModel} model
 * @returns {Widget | undefined}
 */
function widgetOf(model) {
  let found;
  const end = listen(model, {
    "change:_place": (/** @type {Widget} */ widget) => {
      found = widget;
    },
  });
  model.set("_place", "panel");
  model.set("_place", "cell");
  end();
  return found;
}

/**
 * @param {LiveModel} model
 * @param {Widget} widget
 */
function showInPanel(model, widget) {
  const notebook = notebookAt(widget.widget_manager.context?.path);
  if (!notebook) return undefined;
  const close = () => model.set("_place", "closed");
  const panel = openPanel(notebook, model.get("_words"), close);
  const root = element("div", "kfunc-lab-live beside");
  panel.content.append(root);
  const graph = showGraph(model, root, notebook);
  return () => {
    graph.end();
    panel.end();
  };
}

/**
 * Shows the graph in the notebook, unless the panel shows it.
 *
 * @param {{ model: LiveModel, el: HTMLElement }} given
 */
function render({ model, el }) {
  const words = model.get("_words");
  const root = element("div", "kfunc-lab-live");
  const line = element("div", "kfunc-lab-docked");
  const said = element("span");
  const isDocked = () => model.get("_place") === "panel";
  const button = textButton("", () => model.set("_place", isDocked() ? "closed" : "panel"));
  const holder = element("div");
  line.append(said, button);
  root.append(line, holder);
  el.append(root);
  /** @type {{ end: () => void } | undefined} */
  let graph;
  const show = () => {
    line.hidden = (model.get("_place") ?? "cell") === "cell";
    said.textContent = isDocked() ? words.docked : "";
    button.textContent = isDocked() ? words.show_here : words.show_beside;
    if (!isDocked()) graph ??= showGraph(model, holder, root);
    else if (graph) {
      graph.end();
      graph = undefined;
    }
  };
  const end = listen(model, { "change:_place": show });
  show();
  return () => {
    graph?.end();
    end();
  };
}

/**
 * @param {LiveModel} model
 * @param {HTMLElement} holder
 * @param {HTMLElement} place  in the notebook whose cells it follows
 */
function showGraph(model, holder, place) {
  const cell = followCell(place, () => graph.lay());
  const graph = renderGraph({
    model,
    el: holder,
    fits: true,
    overlay() {
      const calls = model.get("_cells")[cell.number()] ?? [];
      return { marks: new Map(calls.map((id) => [id, "of-cell"])) };
    },
  });
  return {
    end() {
      graph.end();
      cell.end();
      holder.replaceChildren();
    },
  };
}

/**
 * Follows the cursor from cell to cell of a notebook.
 *
 * @param {HTMLElement} place  in the notebook
 * @param {() => void} onChange
 */
function followCell(place, onChange) {
  let number = "";
  const onFocus = (/** @type {Event} */ { target }) => {
    const cell = target instanceof Element ? target.closest(".jp-Notebook .jp-Cell") : null;
    const notebook = cell?.closest(".jp-NotebookPanel");
    if (!cell || notebook !== place.closest(".jp-NotebookPanel")) return;
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

export default defineView("live", render, initialize);
