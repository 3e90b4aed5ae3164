// Activations: above what goes in and what comes out, below the graph beside the call that is
// selected in it. All that is computed is computed in Python.

import { renderGraph } from "../../graph/view/page/graph.js";
import { makeAsker } from "../../ui/page/ask.js";
import { choiceOf, segmentsOf } from "../../ui/page/controls.js";
import { element } from "../../ui/page/dom.js";
import { defineView, listen, share } from "../../ui/page/model.js";
import { makeAttribution } from "./attribution.js";
import { makeBand } from "./band.js";
import { makeCall } from "./call.js";
import { makeCards } from "./cards.js";

/** @import { ActivationModel, Context } from "./state.js" */

/**
 * @typedef {{ type: "answered" }
 *   | { type: "progress", done: number, total: number }} Message
 */

/** @param {{ model: ActivationModel, el: HTMLElement }} view */
function render({ model, el }) {
  const words = model.get("_words");
  const status = element("span", "kfunc-lab-said-below");
  status.setAttribute("role", "status");
  const { ask, answered } = makeAsker(model, status, words.waiting);
  /** @type {Context} */
  const context = {
    model,
    words,
    colours: model.get("_colours"),
    live: model.send !== undefined,
    set: (name, value) => share(model, name, value),
    ask,
  };
  const head = makeHead(context, status);
  const band = makeBand(context);
  const main = makeMain(context, band.choose);
  const graph = element("div", "kfunc-lab-holder-of-graph");
  const columns = element("div", "kfunc-lab-flow-columns");
  const notes = element("div", "kfunc-lab-flow-notes");
  const root = element("div", "kfunc-lab-view kfunc-lab-activations");
  columns.append(graph, main.root);
  root.append(head.root, band.root, notes, columns);
  el.append(root);

  /** @param {string} problem */
  const onProblem = (problem) => {
    if (!main.refuse(problem)) status.textContent = problem;
  };
  const { end } = renderGraph({ model, el: graph, isCompact: true, notes, onProblem });
  const stop = listen(model, {
    "msg:custom": (/** @type {Message} */ message) => {
      if (message.type === "answered") answered();
      else if (message.type === "progress") main.step(message);
    },
    "change:_row": band.showRow,
    "change:_band": band.show,
    "change:sample": () => {
      band.showSample();
      main.showSample();
    },
    "change:_cards": main.showCards,
    "change:_panel": main.showPanel,
    "change:_attribution": main.showAttribution,
    "change:_quantity": head.show,
    "change:selected": main.showSelected,
  });
  head.show();
  band.showRow();
  band.show();
  main.showCards();
  main.showSelected();
  main.showAttribution();
  return () => {
    end();
    stop();
    main.stop();
  };
}

/**
 * The head: what is shown, and by what the graph is coloured.
 *
 * @param {Context} context
 * @param {HTMLElement} status
 */
function makeHead({ model, words, live, set }, status) {
  const root = element("div", "kfunc-lab-flow-head");
  const title = element("strong", "kfunc-lab-model", model.get("_title"));
  const quantity = choiceOf(words.colour_by, (value) => set("_quantity", value));
  root.append(title, status, quantity);
  return {
    root,
    show: () => quantity.show(live ? words.quantities : [], model.get("_quantity")),
  };
}

/**
 * The main part: all calls, or the one that is selected, or attributions.
 *
 * @param {Context} context
 * @param {(sample: number) => void} onSample
 */
function makeMain(context, onSample) {
  const { model, words, live, set } = context;
  const root = element("div", "kfunc-lab-main");
  let tab = "call";
  const tabs = segmentsOf(words.what_is_shown, (key) => {
    tab = key;
    showTab();
    if (tab === "attribution") attribution.open();
  });
  const cards = makeCards(context);
  const attribution = makeAttribution(context);
  const call = makeCall(context, {
    onSample,
    onBack() {
      set("selected", "");
      cards.root.focus({ preventScroll: true });
    },
  });
  root.append(tabs, cards.root, call.root, attribution.root);

  function showTab() {
    const isOne = model.get("selected") !== "";
    tabs.show(
      [
        ["call", words.activations],
        ["attribution", words.attribution],
      ],
      tab,
    );
    tabs.hidden = !live && !!model.get("_attribution").reason;
    attribution.root.hidden = tab !== "attribution";
    cards.root.hidden = tab !== "call" || isOne;
    call.root.hidden = tab !== "call" || !isOne;
  }

  return {
    root,
    stop: call.stop,
    step: attribution.step,
    showCards: cards.show,
    showPanel: call.show,
    showSample() {
      if (tab === "attribution") attribution.open();
    },
    showAttribution() {
      showTab();
      attribution.show();
    },
    showSelected() {
      if (model.get("selected")) tab = "call";
      showTab();
      call.show();
    },
    /**
     * Says a problem where it belongs; elsewhere it is not said.
     *
     * @param {string} problem
     */
    refuse(problem) {
      if (tab !== "attribution") return false;
      attribution.refuse(problem);
      return true;
    },
  };
}

export default defineView("activations", render);
