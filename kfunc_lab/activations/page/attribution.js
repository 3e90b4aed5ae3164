// Attribution: which parts of the input speak for a class. Computed in Python when asked.

import { choiceOf, textButton } from "../../ui/page/controls.js";
import { element } from "../../ui/page/dom.js";
import { drawOverlay } from "./overlay.js";

/** @import { Choices } from "../../ui/page/controls.js" */
/** @import { Attributed, Attribution, Context, Words } from "./state.js" */

const SLOW = 2000; // milliseconds: what takes longer is computed when it is asked for

/** @param {Context} context */
export function makeAttribution(context) {
  const { model, words, ask, live } = context;
  const root = element("div", "kfunc-lab-attribution");
  const progress = element("progress");
  progress.hidden = true;
  progress.setAttribute("aria-label", words.computing);
  const empty = element("p", "kfunc-lab-empty");
  const controls = makeControls(words, compute);
  const picture = makePicture(context);
  root.append(controls.root, progress, empty, picture.root);
  let begun = 0; // when the kernel was asked
  let took = 0; // milliseconds, the last time
  /** @type {Attributed | undefined}  what was shown last */
  let last;

  /** @param {string} words */
  function say(words) {
    empty.textContent = words;
    empty.hidden = !words;
  }

  function compute() {
    begun = performance.now();
    controls.offerAgain(false);
    picture.showLate(true);
    say(model.get("_attribution").shown ? "" : words.computing);
    ask({ type: "attribute", ...controls.chosen() });
  }

  function show() {
    const attribution = model.get("_attribution");
    const { reason, shown } = attribution;
    progress.hidden = true;
    controls.root.hidden = !live || !!reason;
    if (reason) {
      say(reason);
      picture.clear();
      return;
    }
    controls.show(attribution);
    say(shown ? "" : live ? words.computing : words.needs_kernel);
    if (!shown) return;
    if (shown !== last) {
      last = shown;
      took = begun ? performance.now() - begun : 0;
      picture.showLate(false);
    }
    picture.show(shown);
  }

  return {
    root,
    show,
    /** It is computed when it is looked at, and anew for another sample. */
    open() {
      show();
      if (!live || model.get("_attribution").reason) return;
      if (took <= SLOW) return compute();
      controls.offerAgain(true);
      picture.showLate(true);
    },
    /** @param {string} problem */
    refuse(problem) {
      progress.hidden = true;
      picture.showLate(false);
      say(problem);
    },
    /** @param {{ done: number, total: number }} message */
    step({ done, total }) {
      progress.hidden = done >= total;
      progress.max = total;
      progress.value = done;
    },
  };
}

/**
 * @param {Words} words
 * @param {() => void} onChange
 */
function makeControls(words, onChange) {
  const root = element("div", "kfunc-lab-controls");
  /** @type {{ method?: string, layer?: string, target: string }} */
  const chosen = { target: "" };
  /** @param {Partial<typeof chosen>} changed */
  const change = (changed) => {
    Object.assign(chosen, changed);
    onChange();
  };
  const method = choiceOf(words.method, (value) => change({ method: value }), 1);
  const layer = choiceOf(words.layer, (value) => change({ layer: value }), 1);
  const target = choiceOf(words.class, (value) => change({ target: value }), 2);
  const again = textButton(words.compute, onChange);
  again.hidden = true;
  root.append(method, target, layer, again);
  return {
    root,
    /** @param {boolean} isOffered */
    offerAgain(isOffered) {
      again.hidden = !isOffered;
    },
    chosen: () => ({ ...chosen, target: chosen.target === "" ? null : Number(chosen.target) }),
    /** @param {Attribution} attribution */
    show({ methods = [], layers = [], classes = 0, shown }) {
      if (shown) chosen.method = shown.method;
      if (shown?.layer) chosen.layer = shown.layer;
      chosen.method ??= methods[0]?.[0] ?? "";
      chosen.layer ??= layers[layers.length - 1]?.[0] ?? "";
      method.show(methods, chosen.method);
      layer.show(chosen.method === "grad_cam" ? layers : [], chosen.layer);
      target.show(classes < 2 ? [] : choicesOf(classes, words.given_class), chosen.target);
    },
  };
}

/**
 * @param {number} classes
 * @param {string} given  the words for the class that the model gives
 * @returns {Choices}
 */
function choicesOf(classes, given) {
  const numbers = Array.from({ length: classes }, (_, n) => String(n));
  return [["", given], ...numbers.map((n) => /** @type {[string, string]} */ ([n, n]))];
}

/** @param {Context} context */
function makePicture({ words, colours }) {
  const root = element("div", "kfunc-lab-attributed");
  const host = element("div", "kfunc-lab-overlay-host");
  const said = element("div", "kfunc-lab-said");
  said.setAttribute("aria-live", "polite");
  root.append(host, said);
  return {
    root,
    /** @param {boolean} isLate */
    showLate: (isLate) => root.classList.toggle("late", isLate),
    clear() {
      host.replaceChildren();
      said.replaceChildren();
    },
    /** @param {Attributed} shown */
    show(shown) {
      if (shown.image) {
        drawOverlay(host, {
          picture: shown.image,
          heat: shown,
          share: 0.6,
          label: words.blend,
          words,
          colours,
        });
      }
      said.replaceChildren(...shown.words.map((line) => element("p", "", line)));
    },
  };
}
