// Attribution: which parts of the input speak for a class. Reckoned in Python when asked.

import { choiceOf, textButton } from "../../ui/page/controls.js";
import { element } from "../../ui/page/dom.js";
import { drawOverlay } from "./overlay.js";

const SLOW = 2000; // milliseconds

export function attributionTab({ model, words, colours, ask, live }) {
  const root = element("div", "kfunc-lab-attribution");
  const controls = element("div", "kfunc-lab-controls");
  const progress = element("progress");
  const empty = element("p", "kfunc-lab-empty");
  const host = element("div", "kfunc-lab-overlay-host");
  const said = element("div", "kfunc-lab-said");
  said.setAttribute("aria-live", "polite");
  progress.hidden = true;
  progress.setAttribute("aria-label", words.computing);

  const again = textButton(words.compute, compute);
  again.hidden = true;
  let begun = 0; // when the kernel was asked
  let took = 0; // milliseconds, the last time
  let last; // what was shown last

  const chosen = { method: undefined, target: "", layer: undefined };
  const method = choiceOf(words.method, (value) => change({ method: value }), 1);
  const layer = choiceOf(words.layer, (value) => change({ layer: value }), 1);
  const target = choiceOf(words.class, (value) => change({ target: value }), 1);
  controls.append(method, target, layer, again);
  const attributed = element("div", "kfunc-lab-attributed");
  attributed.append(host, said);
  root.append(controls, progress, empty, attributed);

  function change(changed) {
    Object.assign(chosen, changed);
    compute();
  }

  function compute() {
    const target = chosen.target === "" ? null : Number(chosen.target);
    begun = performance.now();
    again.hidden = true;
    attributed.classList.add("late");
    empty.textContent = words.computing;
    empty.hidden = !!model.get("_attribution").shown;
    ask({ type: "attribute", method: chosen.method, layer: chosen.layer, target });
  }

  function show() {
    const { reason, methods = [], layers = [], classes = 0, shown } = model.get("_attribution");
    controls.hidden = !live || !!reason;
    progress.hidden = true;
    if (reason) {
      empty.hidden = false;
      empty.textContent = reason;
      host.replaceChildren();
      said.replaceChildren();
      return;
    }
    if (shown)
      Object.assign(chosen, { method: shown.method, layer: shown.layer || chosen.layer });
    chosen.method ??= methods[0]?.[0];
    chosen.layer ??= layers.at(-1)?.[0];
    method.show(methods, chosen.method);
    layer.show(layers, chosen.layer);
    layer.hidden = chosen.method !== "grad_cam" || !layers.length;
    const numbers = [...Array(classes).keys()].map((n) => [String(n), String(n)]);
    target.show([["", words.given_class], ...numbers], chosen.target);
    target.hidden = classes < 2;
    empty.hidden = !!shown;
    empty.textContent = live ? words.computing : words.needs_kernel;
    if (!shown) return;
    if (shown !== last) {
      last = shown;
      took = begun ? performance.now() - begun : 0;
      attributed.classList.remove("late");
    }
    if (shown.image) {
      drawOverlay(host, {
        picture: shown.image,
        heat: shown,
        share: host.share ?? 0.6,
        words,
        colours,
      });
    }
    said.replaceChildren(...shown.words.map((line) => element("p", "", line)));
  }

  return {
    root,
    show,
    // It is computed when it is looked at, and anew for another sample.
    // What takes long is computed when it is asked for.
    open: () => {
      show();
      if (!live || model.get("_attribution").reason) return;
      again.hidden = took <= SLOW;
      if (took <= SLOW) compute();
      else attributed.classList.add("late");
    },
    refuse: (said) => {
      progress.hidden = true;
      attributed.classList.remove("late");
      empty.hidden = false;
      empty.textContent = said;
    },
    step: ({ done, total }) => {
      progress.hidden = done >= total;
      progress.max = total;
      progress.value = done;
    },
  };
}
