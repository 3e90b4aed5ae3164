// Activations: above what goes in and what comes out, below the graph beside the call that is
// selected in it. All that is reckoned is reckoned in Python.

import { renderGraph } from "../../graph/view/page/graph.js";
import { makeAsker } from "../../ui/page/ask.js";
import {
  checkOf,
  choiceOf,
  pagerOf,
  segmentsOf,
  sliderOf,
  textButton,
} from "../../ui/page/controls.js";
import { element } from "../../ui/page/dom.js";
import { defineView } from "../../ui/page/model.js";
import { bytesOf, numbersOf } from "../../ui/page/numbers.js";
import { attributionTab } from "./attribution.js";
import { drawBars } from "./bars.js";
import { drawHistogram, drawPoints } from "./charts.js";
import { drawPixels, lookupTable } from "./figures.js";
import { drawOverlay } from "./overlay.js";
import { drawingPad } from "./pad.js";
import { drawScale, drawTiles } from "./tiles.js";

function renderActivations({ model, el }) {
  const words = model.get("_words");
  const colours = model.get("_colours");
  const live = typeof model.send === "function";
  const root = element("div", "kfunc-lab-view kfunc-lab-activations");
  const head = element("div", "kfunc-lab-flow-head");
  const band = element("div", "kfunc-lab-band");
  const columns = element("div", "kfunc-lab-flow-columns");
  const holder = element("div", "kfunc-lab-holder-of-graph");
  const main = element("div", "kfunc-lab-main");
  const notes = element("div", "kfunc-lab-flow-notes");
  columns.append(holder, main);
  root.append(head, band, notes, columns);
  el.append(root);

  const set = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };

  function onProblem(said) {
    if (tab === "attribution") attribution.refuse(said);
    else status.textContent = said;
  }

  function onMessage(message) {
    if (message.type === "answered") answered();
    else if (message.type === "progress") attribution.step(message);
  }

  // -- the head: what is shown, and by what the graph is coloured

  const title = element("strong", "kfunc-lab-model", model.get("_title"));
  const status = element("span", "kfunc-lab-said-below");
  status.setAttribute("role", "status");
  const { ask, answered } = makeAsker(model, status, words.waiting);
  const quantity = choiceOf(words.colour_by, (value) => set("_quantity", value));
  head.append(title, status, quantity);
  function showHead() {
    quantity.show(live ? words.quantities : [], model.get("_quantity") ?? "");
    notes.replaceChildren(...model.get("_notes").map((line) => element("p", "", line)));
    notes.hidden = !notes.childElementCount;
  }

  // -- the band: samples to choose from, the one that is shown, and what the model answers

  const chooser = element("div", "kfunc-lab-samples");
  const ways = element("div", "kfunc-lab-ways");
  const goesIn = element("div", "kfunc-lab-goes-in");
  const comesOut = element("div", "kfunc-lab-comes-out");
  const arrow = element("span", "kfunc-lab-arrow", "→");
  arrow.setAttribute("aria-hidden", "true");
  ways.append(goesIn, arrow, comesOut);
  band.append(chooser, ways);

  const row = element("div", "kfunc-lab-sample-row");
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", words.samples);
  const samplePager = pagerOf((step) => {
    const { first, last, samples } = model.get("_row");
    const to = step < 0 ? Math.max(first - 1, 0) : Math.min(last, samples - 1);
    set("sample", to);
  });
  const drawButton = textButton(words.draw, () => openPad(!isDrawing));
  chooser.append(row, samplePager, drawButton);
  let isDrawing = false;

  function showRow() {
    const { samples, first, last, images } = model.get("_row");
    row.replaceChildren(
      ...images.map((image, place) => {
        const button = element("button", "kfunc-lab-sample");
        button.type = "button";
        button.dataset.sample = first + place;
        button.setAttribute("aria-label", words.sample.replace("{n}", first + place));
        if (image) {
          const canvas = element("canvas");
          drawPixels(canvas, { ...image, data: bytesOf(image.data) });
          button.append(canvas);
        } else button.append(String(first + place));
        button.addEventListener("click", () => {
          openPad(false);
          set("sample", first + place);
        });
        return button;
      }),
    );
    samplePager.show({
      first,
      shown: last - first,
      total: samples,
      label: words.samples,
      before: words.earlier_samples,
      after: words.later_samples,
    });
    chooser.hidden = !live;
    showSample();
  }

  function showSample() {
    const sample = model.get("sample");
    for (const button of row.children) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.sample) === sample));
    }
    drawButton.setAttribute("aria-pressed", String(isDrawing));
  }

  const seen = element("canvas", "kfunc-lab-input");
  const seenWords = element("span", "kfunc-lab-caption");
  const seenFigure = element("div", "kfunc-lab-figure");
  seenFigure.append(seen, seenWords);
  let pad;
  function openPad(isOpen) {
    isDrawing = isOpen;
    if (isOpen && !pad) {
      const side = model.get("_band").pad;
      pad = drawingPad({ rows: side, cols: side, words, onStroke: sendDrawing, size: 168 });
    }
    if (isOpen && pad.isEmpty?.() === false) sendDrawing(pad.pixels());
    showBand();
    showSample();
    if (isOpen) pad.element.querySelector("[tabindex]")?.focus({ preventScroll: true });
  }
  function sendDrawing(pixels) {
    if (pixels.some((ink) => ink > 0))
      ask({ type: "draw", side: model.get("_band").pad }, [pixels]);
    else ask({ type: "erase" });
  }

  function showBand() {
    const { image, inputs, outputs, pad: side } = model.get("_band");
    drawButton.hidden = !live || !side;
    const parts = isDrawing ? [pad.element] : [];
    if (image) {
      drawPixels(seen, { ...image, data: bytesOf(image.data) });
      const longest = Math.max(image.rows, image.cols);
      const shown = isDrawing ? 84 : 112;
      seen.style.width = `${(shown * image.cols) / longest}px`;
      seen.style.height = `${(shown * image.rows) / longest}px`;
      seen.setAttribute("role", "img");
      seen.setAttribute("aria-label", words.input);
      seenWords.textContent = isDrawing
        ? words.as_the_model_sees
        : words.sample.replace("{n}", model.get("sample"));
      parts.push(seenFigure);
    }
    for (const [name, small] of inputs) parts.push(inputFigure(name, small));
    // The pad must not be taken out and put back: the stroke that is being drawn would end.
    if (!parts.every((part, at) => goesIn.children[at] === part))
      goesIn.replaceChildren(...parts);
    while (goesIn.childElementCount > parts.length) goesIn.lastChild.remove();
    arrow.hidden = !outputs.length;
    while (comesOut.childElementCount > outputs.length) comesOut.lastChild.remove();
    outputs.forEach(([name, bars], place) => {
      const box =
        comesOut.children[place] ?? comesOut.appendChild(element("div", "kfunc-lab-answer"));
      if (box.dataset.name !== name) {
        box.dataset.name = name;
        box.replaceChildren(element("span", "kfunc-lab-caption", name), element("div"));
      }
      showBars(box.lastChild, bars, name, undefined);
    });
  }

  function inputFigure(name, small) {
    const figure = element("div", "kfunc-lab-figure");
    if (small) figure.append(thumbnailCanvas(small, 96));
    figure.append(element("span", "kfunc-lab-caption", name));
    return figure;
  }

  function showBars(host, bars, name, onPick) {
    drawBars(host, {
      labels: bars.labels,
      values: bars.values.map((it) => it ?? NaN),
      marked: bars.marked,
      low: bars.percent ? 0 : undefined,
      high: bars.percent ? 1 : undefined,
      words: { ...words, percent: bars.percent && words.percent, label: name },
      picked: model.get("unit"),
      onPick,
    });
  }

  function thumbnailCanvas({ rows, cols, scale, data }, longest) {
    const canvas = element("canvas", "kfunc-lab-thumbnail");
    canvas.width = cols;
    canvas.height = rows;
    const context = canvas.getContext("2d");
    const image = context.createImageData(cols, rows);
    const pixels = new Uint32Array(image.data.buffer);
    const table = lookupTable(colours[scale]);
    bytesOf(data).forEach((level, at) => {
      if (level < 255) pixels[at] = table[Math.round((level * 255) / 254)]; // 255 is no number
    });
    context.putImageData(image, 0, 0);
    const side = longest / Math.max(rows, cols);
    canvas.style.width = `${Math.max(cols * side, 10)}px`;
    canvas.style.height = `${Math.max(rows * side, 10)}px`;
    canvas.setAttribute("aria-hidden", "true");
    return canvas;
  }

  // -- the main part: all calls, or the one that is selected, or attributions

  const tabs = segmentsOf(words.what_is_shown, (key) => {
    tab = key;
    showMain();
    if (tab === "attribution") attribution.open();
  });
  let tab = "call";
  const cards = element("div", "kfunc-lab-cards");
  cards.setAttribute("role", "group");
  cards.setAttribute("aria-label", words.all_calls);
  cards.tabIndex = 0;
  const panel = element("div", "kfunc-lab-call");
  panel.setAttribute("role", "region");
  panel.setAttribute("aria-label", words.selected_call);
  panel.tabIndex = 0;
  const attribution = attributionTab({ model, words, colours, ask, live });
  main.append(tabs, cards, panel, attribution.root);

  function showMain() {
    const selected = model.get("selected");
    const isImage = !model.get("_attribution").reason;
    tabs.show(
      [
        ["call", words.activations],
        ["attribution", words.attribution],
      ],
      tab,
    );
    tabs.hidden = !live && !isImage;
    attribution.root.hidden = tab !== "attribution";
    cards.hidden = tab !== "call" || selected !== "";
    panel.hidden = tab !== "call" || selected === "";
  }

  function showCards() {
    const list = model.get("_cards");
    const focused = document.activeElement?.closest?.(".kfunc-lab-card")?.dataset.card;
    cards.replaceChildren(
      ...list.map(({ item, name, path, kind, shape, picture }) => {
        const card = element("button", "kfunc-lab-card");
        card.type = "button";
        card.dataset.card = item;
        card.title = `${path} (${kind})`;
        const frame = element("span", "kfunc-lab-card-picture");
        if (picture) frame.append(thumbnailCanvas(picture, 76));
        card.append(
          frame,
          element("strong", "", name),
          element("span", "", kind),
          element("span", "", shape),
        );
        card.addEventListener("click", () => set("selected", item));
        return card;
      }),
    );
    if (focused !== undefined) {
      [...cards.children].find((card) => card.dataset.card === focused)?.focus();
    }
  }

  // -- the call that is selected

  const heading = element("div", "kfunc-lab-heading");
  const back = textButton(`‹ ${words.all_calls}`, () => {
    set("selected", "");
    cards.focus({ preventScroll: true });
  });
  const name = element("strong");
  const kind = element("span");
  heading.append(back, name, kind);
  const controls = element("div", "kfunc-lab-controls");
  const place = choiceOf(words.show, (value) => set("_place", value));
  const result = choiceOf(words.result, (value) => set("_tensor", Number(value)));
  const step = sliderOf(words.step, (value) => set("_step", value));
  const picture = segmentsOf(words.picture_kind, (value) => set("picture", value));
  const side = segmentsOf(words.before_or_now, (value) => set("_side", value));
  const shared = checkOf(words.one_scale, (value) => set("_shared", value));
  const pager = pagerOf((by) => set("_first", Math.max(model.get("_first") + by * 128, 0)));
  controls.append(place, result, step, picture, side, shared, pager);
  const state = element("p", "kfunc-lab-state");
  const host = element("div", "kfunc-lab-shown");
  const scale = element("div", "kfunc-lab-scale-host");
  const close = element("div", "kfunc-lab-unit");
  const facts = element("div", "kfunc-lab-facts");
  const nothing = element("p", "kfunc-lab-empty");
  panel.append(heading, controls, state, nothing, host, scale, close, facts);
  let stop = () => {};
  let shownKind = "";

  function panelOf(item) {
    const found = model.get("_panel");
    if (live && found.item === item) return found;
    return new Map(model.get("_panels")).get(item) ?? found;
  }

  function showPanel() {
    const selected = model.get("selected");
    const found = panelOf(selected);
    // Until the kernel has answered, what was said before stays, so that nothing jumps.
    panel.classList.toggle("late", live && selected !== "" && found.item !== selected);
    if (selected === "" || found.item !== selected) return;
    const hasValues = found.shown !== undefined;
    name.textContent = found.path ?? "";
    kind.textContent = [found.kind, found.shape].filter(Boolean).join(" · ");
    nothing.hidden = hasValues;
    nothing.textContent = found.empty ?? "";
    for (const part of [controls, host, scale, close, facts]) part.hidden = !hasValues;
    state.textContent = [found.state, found.change].filter(Boolean).join(" ");
    state.hidden = !state.textContent;
    if (!hasValues) return;
    showControls(found);
    showPicture(found);
    showUnit(found);
    showFacts(found);
  }

  function showControls(found) {
    const { shown } = found;
    const isStack = shown.type === "tiles" && !shown.isVector && shown.total > 1;
    place.show(found.places, found.place);
    result.show(
      found.tensors.map((words_, at) => [String(at), words_]),
      found.tensor,
    );
    step.show(found.steps, found.step);
    picture.show(found.pictures, found.picture);
    side.show(found.sides, found.side);
    shared.show(isStack, found.shared);
    pager.show({
      first: shown.first ?? 0,
      shown: isStack ? shown.count : 1,
      total: isStack ? shown.total : 1,
      label: words.maps,
      before: words.earlier_maps,
      after: words.later_maps,
    });
    controls.hidden = !live || [...controls.children].every((part) => part.hidden);
  }

  const pick = live ? (unit) => set("unit", unit === model.get("unit") ? -1 : unit) : undefined;

  function showPicture(found) {
    const { shown } = found;
    const now = `${found.item}/${found.place}/${shown.type}/${shown.labels?.length}`;
    if (now !== shownKind) {
      stop();
      stop = () => {};
      host.replaceChildren();
      shownKind = now;
    }
    scale.hidden = shown.type !== "tiles";
    if (shown.type === "tiles") {
      stop();
      const isStack = !shown.isVector && shown.total > 1;
      const picked = model.get("unit") - (shown.first ?? 0);
      stop = drawTiles(
        host,
        { ...shown, data: numbersOf(shown.data) },
        {
          colours,
          picked: isStack ? picked : -1,
          onPick: isStack && pick ? (at) => pick(at + shown.first) : undefined,
          words: tileWords(found),
        },
      );
      drawScale(scale, {
        ...scaleOf(shown, found.shared),
        colours: colours[shown.scale],
        words,
      });
    } else if (shown.type === "bars") showBars(host, shown, found.path, pick && barPick(shown));
    else if (shown.type === "points") {
      const [x, y] = shown.shares.map((share) => `${(100 * share).toFixed(0)} %`);
      const axes = { x: `${words.component} 1 (${x})`, y: `${words.component} 2 (${y})` };
      drawPoints(host, {
        ...shown,
        colours: null,
        words: { ...words, ...axes, label: found.path },
      });
    } else if (shown.type === "image") {
      const canvas = element("canvas", "kfunc-lab-big-image");
      drawPixels(canvas, { ...shown, data: bytesOf(shown.data) });
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", found.path);
      host.replaceChildren(canvas);
    } else {
      host.replaceChildren(
        ...shown.lines.map((line) => element("p", "kfunc-lab-number", line)),
      );
    }
  }

  function barPick(shown) {
    return (at) => pick(Number(shown.labels[at]));
  }

  function tileWords(found) {
    return { ...words, label: `${found.path}: ${found.shape}` };
  }

  function scaleOf(shown, isShared) {
    if (isShared || shown.count === 1) return { low: shown.lows[0], high: shown.highs[0] };
    return { low: words.least_of_map, high: words.greatest_of_map };
  }

  // -- one map, head or unit

  const unitTitle = element("strong");
  const unitClose = textButton("×", () => set("unit", -1), words.close_unit);
  const unitHead = element("div", "kfunc-lab-unit-head");
  const unitHost = element("div", "kfunc-lab-unit-host");
  const exciting = element("div", "kfunc-lab-exciting");
  unitHead.append(unitTitle, unitClose);
  close.append(unitHead, unitHost, exciting);
  let unitShown = "";
  let stopUnit = () => {};

  function showUnit(found) {
    const { unit } = found;
    const isNew = close.hidden && unit;
    close.hidden = !unit;
    if (!unit) return;
    unitTitle.textContent = unit.title;
    const now = `${found.item}/${found.place}/${unit.map ? "map" : ""}/${unit.image ? "image" : ""}`;
    if (now !== unitShown) {
      stopUnit();
      stopUnit = () => {};
      unitHost.replaceChildren();
      unitShown = now;
    }
    if (unit.map && unit.image) {
      const { rows, cols, scale: unitScale } = unit.map;
      const heat = {
        rows,
        cols,
        data: unit.map.data,
        low: unit.map.lows[0],
        high: unit.map.highs[0],
        scale: unitScale,
      };
      drawOverlay(unitHost, {
        picture: unit.image,
        heat,
        share: unitHost.share ?? 0.7,
        words: { ...words, label: unit.title },
        colours,
      });
    } else if (unit.map) {
      stopUnit();
      const tiles = { ...unit.map, data: numbersOf(unit.map.data) };
      stopUnit = drawTiles(unitHost, tiles, {
        colours,
        words: tileWords({ ...found, shown: unit.map }),
      });
    }
    exciting.replaceChildren();
    if (unit.exciting?.length) {
      exciting.append(element("span", "", words.excites));
      for (const [sample, value] of unit.exciting) {
        const button = textButton(`${words.sample.replace("{n}", sample)}: ${value}`, () => {
          openPad(false);
          set("sample", sample);
        });
        exciting.append(button);
      }
    }
    if (isNew) close.scrollIntoView({ block: "nearest" });
  }

  // -- statistics of the whole batch

  const list = element("dl");
  const histogram = element("div", "kfunc-lab-histogram-host");
  const dead = element("p", "kfunc-lab-empty");
  facts.append(element("h4", "", words.over_the_batch), list, histogram, dead);
  let factsShown = "";

  function showFacts(found) {
    const { rows = [], histogram: bins, dead: deadWords = "" } = found.statistics;
    facts.hidden = !rows.length;
    const now = JSON.stringify(found.statistics);
    if (now === factsShown || !rows.length) return;
    factsShown = now;
    list.replaceChildren(
      ...rows.map(([label, value]) => {
        const pair = element("div");
        pair.append(element("dt", "", label), element("dd", "", value));
        return pair;
      }),
    );
    drawHistogram(histogram, { ...bins, words: { ...words, label: words.distribution } });
    dead.textContent = deadWords;
    dead.hidden = !deadWords;
  }

  // -- the graph

  const graph = renderGraph({ model, el: holder, onProblem });

  const listeners = {
    "change:_row": showRow,
    "change:sample": () => {
      if (model.get("sample") >= 0 && isDrawing) openPad(false);
      showSample();
      if (tab === "attribution") attribution.open();
    },
    "change:_band": showBand,
    "change:_cards": showCards,
    "change:_panel": showPanel,
    "change:_attribution": () => {
      showMain();
      attribution.show();
    },
    "change:_quantity": showHead,
    "change:_notes": showHead,
    "change:selected": () => {
      if (tab !== "call" && model.get("selected")) tab = "call";
      showMain();
      showPanel();
    },
    "msg:custom": onMessage,
  };
  for (const [event, listener] of Object.entries(listeners)) model.on(event, listener);
  showHead();
  showRow();
  showBand();
  showCards();
  showMain();
  showPanel();
  attribution.show();
  return () => {
    graph.end();
    stop();
    stopUnit();
    for (const [event, listener] of Object.entries(listeners)) model.off(event, listener);
  };
}

export default defineView("activations", renderActivations);
