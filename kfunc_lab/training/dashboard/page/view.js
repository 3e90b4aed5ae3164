// The dashboard: progress, buttons, and a chart for each quantity. Numbers come as they are made.

import { element } from "../../../ui/page/dom.js";
import { defineView, listen } from "../../../ui/page/model.js";
import { makeCurves } from "./curves.js";
import { makeHead } from "./head.js";
import { makeLayers } from "./layers.js";
import { makeNotices } from "./notices.js";
import { makePredictions } from "./predictions.js";
import { isOver, makeProgress } from "./progress.js";

/** @import { DashboardModel, News, Progress, State, Words } from "./state.js" */

const GREETING = { interval: 400, most: 25 }; // milliseconds, and how many
const DEAF = 3000; // milliseconds without an answer, after which the kernel hears nothing

/** @param {{ model: DashboardModel, el: HTMLElement }} view */
function render({ model, el }) {
  const words = model.get("_words");
  const root = element("section", "kfunc-lab-view kfunc-lab-dashboard");
  root.setAttribute("aria-label", words.run);
  el.append(root);
  const status = element("p", "kfunc-lab-run-said");
  status.hidden = true;
  /** @param {string} text */
  const say = (text) => {
    status.textContent = text;
    status.hidden = !text;
  };
  /** @type {(type: string, more?: object) => void} */
  const send = (type, more = {}) => model.send?.({ type, ...more });
  const run = makeRun(words, send, root, status);

  function showState() {
    const { title = "", steerable = false, ended = false } = model.get("_state");
    run.head.show({ title, isSteered: !!model.send && !ended, isSteerable: steerable });
    if (steerable && status.textContent === words.deaf) say("");
  }

  const greeting = model.send ? greet(send) : null;
  /**
   * @param {News | { type: "problem", words: string }} message
   * @param {DataView<ArrayBuffer>[]} buffers
   */
  function onMessage(message, buffers) {
    greeting?.stop();
    if (message.type === "more") run.take(message, buffers);
    else if (message.type === "problem") say(message.words);
  }

  const stop = listen(model, {
    "msg:custom": onMessage,
    "change:_state": showState,
    "change:_final": () => run.showFinal(model.get("_final")),
  });
  showState();
  run.showFinal(model.get("_final"));
  // Where the kernel hears nothing while its cell runs, the buttons say so.
  const patience = setTimeout(() => {
    const { steerable, ended } = model.get("_state");
    if (model.send && !steerable && !ended) say(words.deaf);
  }, DEAF);
  return () => {
    clearTimeout(patience);
    greeting?.stop();
    stop();
  };
}

/**
 * Greets the kernel until it answers: the first messages may wait behind the cell, until JupyterLab
 * has another way to the kernel.
 *
 * @param {(type: string, more: object) => void} send
 */
function greet(send) {
  const page = `${Date.now()}-${Math.random()}`;
  let greetings = 0;
  const greetOnce = () => {
    greetings += 1;
    if (greetings > GREETING.most) clearInterval(timer);
    else send("hello", { page });
  };
  const timer = setInterval(greetOnce, GREETING.interval);
  send("hello", { page });
  return { stop: () => clearInterval(timer) };
}

/**
 * All that is shown of a run.
 *
 * @param {Words} words
 * @param {(type: string, more?: object) => void} send
 * @param {HTMLElement} root
 * @param {HTMLElement} status
 */
function makeRun(words, send, root, status) {
  const head = makeHead(words, send);
  const progress = makeProgress(words);
  const notices = makeNotices();
  const empty = element("p", "kfunc-lab-empty", words.empty);
  const curves = makeCurves(words);
  const predictions = makePredictions();
  const layers = makeLayers(words);
  root.append(head.root, ...progress.parts, status, notices.root, empty, ...curves.parts);
  root.append(predictions.root, layers.root);
  head.showProgress({ epoch: 1, epochs: 0, step: 0, steps: 0, state: "running", words: "" });
  progress.clear();

  /**
   * @param {Progress} now
   * @param {number} epochs
   */
  function show(now, epochs) {
    head.showProgress(now);
    progress.show(now);
    notices.show(now.notices ?? []);
    curves.show(epochs);
    empty.hidden ||= isOver(now) || !curves.isEmpty();
  }

  // What comes within one frame is drawn once.
  /** @type {Progress | null} */
  let due = null;
  /** @param {Progress} now */
  function showSoon(now) {
    if (!due) {
      requestAnimationFrame(() => {
        if (due) show(due, due.epochs);
        due = null;
      });
    }
    due = now;
  }

  return {
    head,
    /**
     * @param {News} news
     * @param {DataView<ArrayBuffer>[]} buffers
     */
    take(news, buffers) {
      for (const [at, line] of news.lines.entries()) curves.take(line, buffers[at]);
      if (news.layers) layers.take(news.layers, buffers[buffers.length - 1]);
      if (news.predictions) predictions.take(news.predictions);
      showSoon(news.progress);
    },
    /** @param {State["_final"]} final */
    showFinal(final) {
      if (!final.lines) return;
      if (final.layers) {
        layers.forget();
        layers.take(final.layers, final.layers.spreads);
      }
      predictions.show(final.predictions);
      curves.forget();
      for (const line of final.lines) curves.take(line, line.points);
      show(final.progress, 0);
    },
  };
}

export default defineView("dashboard", render);
