// The head of the dashboard: which run it is, its state, and the buttons that steer it.

import { textButton } from "../../../ui/page/controls.js";
import { element } from "../../../ui/page/dom.js";
import { significant } from "../../../ui/page/numbers.js";

/** @import { Progress, Words } from "./state.js" */

/**
 * @param {Words} words
 * @param {(type: string, more?: object) => void} send  asks the kernel
 */
export function makeHead(words, send) {
  const root = element("div", "kfunc-lab-run-head");
  const title = element("strong", "kfunc-lab-model");
  const state = element("span", "kfunc-lab-run-state");
  state.setAttribute("role", "status");
  const buttons = element("div", "kfunc-lab-run-buttons");
  let isPaused = false;
  const pause = textButton(words.pause, () => send(isPaused ? "resume" : "pause"));
  const step = textButton(words.one_step, () => send("step"));
  const stop = textButton(words.stop, () => send("stop"));
  const rate = makeRate(words, (value) => send("rate", { value }));
  buttons.append(pause, step, stop, rate.root);
  root.append(title, state, buttons);

  return {
    root,
    /** @param {{ title: string, isSteered: boolean, isSteerable: boolean }} run */
    show(run) {
      title.textContent = run.title;
      buttons.hidden = !run.isSteered;
      for (const button of [pause, step, stop]) button.disabled = !run.isSteerable;
      rate.enable(run.isSteerable);
    },
    /** @param {Progress} now */
    showProgress(now) {
      isPaused = now.state === "paused";
      state.textContent = now.words;
      state.dataset.state = now.state;
      pause.textContent = isPaused ? words.resume : words.pause;
      rate.show(now.learningRate ?? null);
    },
  };
}

/**
 * The learning rate, to halve and to double; hidden until it is known.
 *
 * @param {Words} words
 * @param {(value: number) => void} onChange
 */
function makeRate(words, onChange) {
  const root = element("span", "kfunc-lab-rate");
  const shown = element("span");
  const slower = textButton("÷ 2", () => change(0.5), words.slower);
  const faster = textButton("× 2", () => change(2), words.faster);
  root.append(element("span", "kfunc-lab-quiet", words.learning_rate), slower, shown, faster);
  /** @type {number | null} */
  let rate = null;

  /** @param {number | null} value */
  function show(value) {
    rate = value ?? rate;
    root.hidden = rate === null;
    shown.textContent = rate === null ? "" : significant(rate, 3);
  }

  /** @param {number} times */
  function change(times) {
    if (!rate) return;
    show(rate * times);
    onChange(rate);
  }

  return {
    root,
    show,
    /** @param {boolean} isSteerable */
    enable(isSteerable) {
      for (const button of [slower, faster]) button.disabled = !isSteerable;
    },
  };
}
