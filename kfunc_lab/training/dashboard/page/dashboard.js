// The dashboard: progress, buttons, and a chart for each quantity. Numbers come as they are made.

import { textButton } from "../../../ui/page/controls.js";
import { element, withCode } from "../../../ui/page/dom.js";
import { defineView } from "../../../ui/page/model.js";
import { numbersOf, significant } from "../../../ui/page/numbers.js";
import { makeChart } from "./chart.js";
import { makeLayers } from "./layers.js";

function renderDashboard({ model, el }) {
  const words = model.get("_words");
  const live = typeof model.send === "function";
  const root = element("section", "kfunc-lab-view kfunc-lab-dashboard");
  root.setAttribute("aria-label", words.run);
  el.append(root);

  const send = (type, more = {}) => live && model.send({ type, ...more });

  // -- head

  const head = element("div", "kfunc-lab-run-head");
  const title = element("strong", "kfunc-lab-model");
  const state = element("span", "kfunc-lab-run-state");
  state.setAttribute("role", "status");
  const buttons = element("div", "kfunc-lab-run-buttons");
  const pause = textButton(words.pause, () => send(isPaused ? "resume" : "pause"));
  const step = textButton(words.one_step, () => send("step"));
  const stop = textButton(words.stop, () => send("stop"));
  const rate = element("span", "kfunc-lab-rate");
  const slower = textButton("÷ 2", () => changeRate(0.5), words.slower);
  const rateValue = element("span");
  const faster = textButton("× 2", () => changeRate(2), words.faster);
  rate.append(
    element("span", "kfunc-lab-quiet", words.learning_rate),
    slower,
    rateValue,
    faster,
  );
  buttons.append(pause, step, stop, rate);
  head.append(title, state, buttons);

  const bar = element("progress");
  bar.setAttribute("aria-label", words.progress);
  const facts = element("div", "kfunc-lab-run-facts");
  const said = element("p", "kfunc-lab-run-said");
  said.hidden = true;
  const charts = element("div", "kfunc-lab-charts");
  const empty = element("p", "kfunc-lab-empty", words.empty);
  const legend = element("div", "kfunc-lab-run-legend");
  for (const kind of ["training", "validation", "batches"]) {
    const entry = element("span", `key ${kind === "batches" ? "batch" : kind}`, words[kind]);
    entry.dataset.kind = kind === "batches" ? "batch" : kind;
    legend.append(entry);
  }
  const notices = element("ul", "kfunc-lab-notices");
  notices.setAttribute("aria-live", "polite");
  notices.hidden = true;
  const layers = makeLayers(words);
  const predictions = element("div", "kfunc-lab-predictions");
  root.append(head, bar, facts, said, notices, empty, charts, legend, predictions, layers.root);

  let noticesShown = "[]";
  function showNotices(found = []) {
    const now = JSON.stringify(found);
    if (now === noticesShown) return;
    noticesShown = now;
    notices.hidden = !found.length;
    notices.replaceChildren(
      ...found.map((it) => {
        const entry = element("li");
        entry.dataset.kind = it.kind;
        entry.append(element("strong", "", it.said), " ", ...withCode(it.advice));
        return entry;
      }),
    );
  }

  // A large picture comes in parts.
  let picture = "";
  function takePicture({ part, first, more }) {
    picture = first ? part : picture + part;
    if (!more) showPredictions(picture);
  }

  // Drawn, and escaped, in Python.
  function showPredictions(picture) {
    predictions.hidden = !picture;
    if (picture) {
      const parsed = new DOMParser().parseFromString(picture, "image/svg+xml").documentElement;
      predictions.replaceChildren(document.importNode(parsed, true));
    }
  }

  let isPaused = false;
  let learningRate = null;
  function changeRate(times) {
    if (!learningRate) return;
    learningRate *= times;
    rateValue.textContent = significant(learningRate, 3);
    send("rate", { value: learningRate });
  }

  function showHead() {
    const { title: name = "", steerable = false, ended = false } = model.get("_state");
    title.textContent = name;
    buttons.hidden = !live || ended;
    for (const it of [pause, step, stop, slower, faster]) it.disabled = !steerable;
  }

  function clock(seconds) {
    const whole = Math.round(seconds);
    const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    return parts
      .slice(parts[0] ? 0 : 1)
      .map((it, at) => (at ? String(it).padStart(2, "0") : it))
      .join(":");
  }

  function showProgress(now) {
    if (!now) return;
    isPaused = now.state === "paused";
    state.textContent = now.words;
    state.dataset.state = now.state;
    pause.textContent = isPaused ? words.resume : words.pause;
    const steps = now.steps || 1;
    const whole = (now.epochs || now.epoch) * steps;
    bar.max = whole;
    bar.value = Math.min((now.epoch - 1) * steps + now.step, whole);
    const isOver = ["finished", "stopped", "interrupted", "failed"].includes(now.state);
    const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);
    const parts = [
      filled(now.epochs ? words.epoch : words.epoch_of_many, {
        n: now.epoch,
        total: now.epochs,
      }),
      now.step &&
        filled(now.steps ? words.step : words.step_of_many, { n: now.step, total: now.steps }),
      !isOver && now.rate && filled(words.rate, { n: significant(now.rate, 3) }),
      !isOver && !isPaused && now.left && filled(words.left, { time: clock(now.left) }),
      now.best,
    ];
    facts.textContent = parts.filter(Boolean).join(" · ");
    if (now.learningRate !== null && now.learningRate !== undefined) {
      learningRate = now.learningRate;
      rateValue.textContent = significant(learningRate, 3);
    }
    rate.hidden = learningRate === null;
    empty.hidden = empty.hidden || isOver;
    showNotices(now.notices);
  }

  // -- lines

  const lines = new Map(); // by name: { x, y }
  const panels = new Map(); // by quantity

  function take({ name, first }, points) {
    const numbers = numbersOf(points);
    const count = numbers.length / 2;
    const known = lines.get(name) ?? { x: [], y: [] };
    known.x.length = Math.min(known.x.length, first);
    known.y.length = Math.min(known.y.length, first);
    known.x.push(...numbers.subarray(0, count));
    known.y.push(...numbers.subarray(count));
    lines.set(name, known);
  }

  function showCharts(epochs) {
    const quantities = new Map();
    for (const [name, line] of lines) {
      const [from, ...rest] = name.split("/");
      const metric = rest.join("/");
      const isValidation = metric.startsWith("val_");
      const quantity = isValidation ? metric.slice(4) : metric;
      const kind = from === "batch" ? "batch" : isValidation ? "validation" : "training";
      if (!quantities.has(quantity)) quantities.set(quantity, []);
      quantities.get(quantity).push({ kind, ...line });
    }
    const lossFirst = [...quantities].sort(([a], [b]) => (b === "loss") - (a === "loss"));
    for (const [quantity, parts] of lossFirst) {
      if (!panels.has(quantity)) {
        panels.set(quantity, makeChart(quantity, words));
        charts.append(panels.get(quantity).root);
      }
      panels.get(quantity).show(parts, epochs);
    }
    empty.hidden = empty.hidden || quantities.size > 0;
    legend.hidden = !quantities.size;
    const kinds = new Set([...quantities.values()].flat().map((it) => it.kind));
    for (const entry of legend.children) entry.hidden = !kinds.has(entry.dataset.kind);
  }

  function showFinal() {
    const {
      lines: all,
      progress: now,
      layers: measured,
      predictions: picture,
    } = model.get("_final");
    if (!all) return;
    if (measured) {
      layers.forget();
      layers.take(measured, measured.spreads);
    }
    showPredictions(picture);
    lines.clear();
    for (const line of all) take(line, line.points);
    showProgress(now);
    showCharts(0);
  }

  // What comes within one frame is drawn once.
  let due = null;
  function drawSoon(now) {
    if (due === null) {
      requestAnimationFrame(() => {
        showProgress(due);
        showCharts(due.epochs);
        due = null;
      });
    }
    due = now;
  }

  let isHeard = false;
  function onMessage(message, buffers) {
    isHeard = true;
    if (message.type === "more") {
      message.lines.forEach((line, at) => take(line, buffers[at]));
      if (message.layers) layers.take(message.layers, buffers.at(-1));
      if (message.predictions) takePicture(message.predictions);
      drawSoon(message.progress);
    } else if (message.type === "said") say(message.words);
  }

  function say(text) {
    said.textContent = text;
    said.hidden = !text;
  }

  const listeners = {
    "msg:custom": onMessage,
    "change:_state": () => {
      showHead();
      if (model.get("_state").steerable && said.textContent === words.deaf) say("");
    },
    "change:_final": showFinal,
  };
  for (const [event, listener] of Object.entries(listeners)) model.on(event, listener);
  showHead();
  showProgress({ epoch: 1, epochs: 0, step: 0, steps: 0, state: "running", words: "" });
  facts.textContent = "";
  legend.hidden = true;
  predictions.hidden = true;
  showFinal();
  // The first messages may wait behind the cell, until JupyterLab has another way to the kernel.
  const page = `${Date.now()}-${Math.random()}`;
  let greetings = 0;
  const greet = setInterval(() => {
    greetings += 1;
    if (!live || isHeard || greetings > 25) clearInterval(greet);
    else send("hello", { page });
  }, 400);
  send("hello", { page });
  // Where the kernel hears nothing while its cell runs, the buttons say so.
  const patience = setTimeout(() => {
    const { steerable, ended } = model.get("_state");
    if (live && !steerable && !ended) say(words.deaf);
  }, 3000);
  return () => {
    clearTimeout(patience);
    clearInterval(greet);
    for (const [event, listener] of Object.entries(listeners)) model.off(event, listener);
  };
}

export default defineView("dashboard", renderDashboard);
