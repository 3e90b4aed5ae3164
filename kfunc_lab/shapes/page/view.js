// A table of shapes and costs beside the graph, and below them where the numbers of the selected
// call come from and what if they changed. All that is reckoned is reckoned in Python.

import { renderGraph } from "../../graph/view/page/graph.js";
import { makeAsker } from "../../ui/page/ask.js";
import { textButton } from "../../ui/page/controls.js";
import { element, keepKeys, parseHtml } from "../../ui/page/dom.js";
import { defineView } from "../../ui/page/model.js";

function renderShapes({ model, el }) {
  const words = model.get("_words");
  const live = typeof model.send === "function";
  const root = element("div", "kfunc-lab-view kfunc-lab-shapes");
  el.append(root);
  const sums = element("div", "kfunc-lab-sums");
  const columns = element("div", "kfunc-lab-columns");
  const holder = element("div", "kfunc-lab-holder-of-graph");
  const box = element("div", "kfunc-lab-table");
  const panel = element("div", "kfunc-lab-panel");
  columns.append(box, holder);
  root.append(sums, columns, panel);

  function onMessage(message) {
    if (message.type === "answered") answered();
    else if (message.type === "code") copy(message.code);
  }

  // -- totals, batch, sizes that are not fixed

  const heading = element("strong", "kfunc-lab-model");
  const chips = element("dl", "kfunc-lab-totals");
  const fields = element("div", "kfunc-lab-fields");
  const said = element("span", "kfunc-lab-said-below");
  said.setAttribute("role", "status");
  const say = (text) => {
    said.textContent = text;
  };
  const { ask, answered, isWaiting } = makeAsker(model, said, words.waiting);
  sums.append(heading, fields, chips);

  function field(label, value, placeholder, onChange) {
    const made = element("label", "kfunc-lab-field");
    const input = element("input");
    input.type = "text";
    input.inputMode = "numeric";
    input.value = value;
    input.placeholder = placeholder;
    keepKeys(input);
    input.addEventListener("change", () => onChange(input));
    made.append(element("span", "", label), input);
    return made;
  }

  function showSums() {
    const { totals, before, sizes, changes, code } = model.get("_table");
    heading.textContent = model.get("_title");
    chips.replaceChildren();
    totals.forEach(([label, value], place) => {
      const group = element("div");
      const number = element("dd", "", value);
      const was = before[place]?.[1];
      const isChanged = was !== undefined && was !== value;
      number.classList.toggle("changed", isChanged);
      // The line is always there, so that nothing moves while a slider is dragged.
      number.append(element("small", "", isChanged ? words.was.replace("{value}", was) : " "));
      group.append(element("dt", "", label), number);
      chips.append(group);
    });
    if (!live) return;
    const inputsThere = () => [...fields.querySelectorAll("input")];
    const typing = inputsThere().indexOf(document.activeElement);
    const typed = inputsThere()[typing]?.value;
    fields.replaceChildren();
    fields.append(
      field(words.batch, String(model.get("batch_size")), "", (input) => {
        const count = Number(input.value);
        if (Number.isInteger(count) && count > 0) {
          model.set("batch_size", count);
          model.save_changes();
        } else input.value = model.get("batch_size");
      }),
      ...sizes.map(([item, axis, label, value]) =>
        field(label, value, words.not_fixed, (input) =>
          ask({ type: "change", item, name: axis, value: input.value }),
        ),
      ),
    );
    if (changes) {
      const count = changes === 1 ? words.changes_one : words.changes.replace("{n}", changes);
      fields.append(
        element("span", "kfunc-lab-count-of-changes", count),
        textButton(words.reset_all, () => ask({ type: "reset" })),
        ...(code ? [textButton(words.copy_code, () => ask({ type: "code" }))] : []),
      );
    }
    if (typing >= 0) {
      const input = inputsThere()[typing];
      input.value = typed;
      input.focus({ preventScroll: true });
    }
  }

  async function copy(code) {
    try {
      await navigator.clipboard.writeText(code);
    } catch {
      // Pages without the right to the clipboard still copy what is selected.
      const area = element("textarea");
      area.value = code;
      root.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    say(words.copied);
  }

  // -- the table

  const table = element("table");
  table.setAttribute("role", "grid");
  table.setAttribute("aria-label", words.table);
  const head = element("thead");
  const headRow = element("tr");
  for (const name of ["call", "output_shape", "parameters", "multiply_adds", "memory"]) {
    const cell = element("th", "", words[name]);
    cell.scope = "col";
    headRow.append(cell);
  }
  head.append(headRow);
  const body = element("tbody");
  table.append(head, body);
  box.append(table);
  let lines = new Map(); // the <tr> of each item that is seen

  function seenRows() {
    const open = new Set(model.get("opened"));
    const found = [];
    let hiddenBelow = Infinity;
    for (const row of model.get("_table").rows) {
      const [item, depth, , , , , , isGroup] = row;
      if (depth > hiddenBelow) continue;
      const isOpen = isGroup && open.has(item);
      hiddenBelow = isGroup && !isOpen ? depth : Infinity;
      found.push({ row, isOpen });
    }
    return found;
  }

  function showTable() {
    const rows = seenRows();
    const leaves = rows.filter(({ isOpen }) => !isOpen).map(({ row }) => row);
    const largest = [9, 11, 13].map((place) => Math.max(1, ...leaves.map((row) => row[place])));
    const kept = body.contains(document.activeElement)
      ? document.activeElement.closest("tr").dataset.row
      : undefined;
    lines = new Map();
    body.replaceChildren(
      ...rows.map(({ row, isOpen }) => {
        const line = tableLine(row, isOpen, largest);
        lines.set(row[0], line);
        return line;
      }),
    );
    showSelected(false);
    if (kept !== undefined) lines.get(kept)?.focus({ preventScroll: true });
  }

  function tableLine(row, isOpen, largest) {
    const [item, depth, name, kind, shape, state, changed, isGroup, ...amounts] = row;
    const line = element("tr", state);
    line.dataset.row = item;
    line.tabIndex = -1;
    const first = element("td", "kfunc-lab-name");
    first.style.paddingLeft = `${8 + 14 * depth}px`;
    if (isGroup) {
      const toggle = element("button", "kfunc-lab-toggle", isOpen ? "▾" : "▸");
      toggle.type = "button";
      toggle.tabIndex = -1;
      const label = (isOpen ? words.close_group : words.open_group).replace("{name}", name);
      toggle.setAttribute("aria-label", label);
      toggle.addEventListener("click", (event) => {
        event.stopPropagation();
        toggleGroup(item);
      });
      first.append(toggle);
      line.setAttribute("aria-expanded", String(isOpen));
    }
    first.append(element("strong", "", name), element("span", "", kind));
    const shapes = element("td", "kfunc-lab-shape", isOpen ? "" : shape);
    shapes.classList.toggle("changed", changed.includes("shape"));
    line.append(first, shapes);
    for (const place of [0, 1, 2]) {
      const [words_, value] = amounts.slice(2 * place, 2 * place + 2);
      const cell = element("td", "kfunc-lab-amount");
      cell.classList.toggle("changed", place === 0 && changed.includes("parameters"));
      if (value > 0 && !isOpen) {
        const drawn = element("span", "kfunc-lab-bar");
        drawn.style.width = `${(100 * value) / largest[place]}%`;
        cell.append(drawn);
      }
      cell.append(element("span", "", words_ === "0" || words_ === "0 B" ? "–" : words_));
      line.append(cell);
    }
    line.addEventListener("click", () => select(item));
    return line;
  }

  function select(item) {
    model.set("selected", item);
    model.save_changes();
  }

  function toggleGroup(item) {
    const open = new Set(model.get("opened"));
    if (!open.delete(item)) open.add(item);
    model.set("opened", [...open]);
    model.save_changes();
  }

  function showSelected(reveals = true) {
    const selected = model.get("selected");
    const seen = lines.has(selected) ? selected : lines.keys().next().value;
    for (const [item, line] of lines) {
      line.setAttribute("aria-selected", String(item === selected));
      line.tabIndex = item === seen ? 0 : -1;
    }
    const line = lines.get(selected);
    if (!line || !reveals) return;
    const top = line.offsetTop - head.offsetHeight;
    const below = line.offsetTop + line.offsetHeight;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (below > box.scrollTop + box.clientHeight) box.scrollTop = below - box.clientHeight;
  }

  body.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const items = [...lines.keys()];
    const item = event.target.closest("tr")?.dataset.row;
    const at = items.indexOf(item);
    const isOpen = new Set(model.get("opened")).has(item);
    const isGroup = lines.get(item)?.hasAttribute("aria-expanded");
    const to = {
      ArrowDown: items[at + 1],
      ArrowUp: items[at - 1],
      Home: items[0],
      End: items.at(-1),
    };
    if (event.key in to) {
      const chosen = to[event.key] ?? item;
      select(chosen);
      lines.get(chosen).focus({ preventScroll: true });
    } else if (event.key === "Enter" || event.key === " ") {
      if (isGroup) toggleGroup(item);
      select(item);
    } else if (event.key === "ArrowRight" && isGroup && !isOpen) toggleGroup(item);
    else if (event.key === "ArrowLeft" && isGroup && isOpen) toggleGroup(item);
    else if (event.key === "Escape") select("");
    else return;
    // JupyterLab has meanings of its own for these keys.
    event.preventDefault();
    event.stopPropagation();
  });

  // -- the panel

  panel.setAttribute("role", "region");
  panel.setAttribute("aria-label", words.where_from);
  panel.tabIndex = 0;
  const title = element("div", "kfunc-lab-heading");
  const reasons = element("div", "kfunc-lab-derivation");
  reasons.setAttribute("aria-live", "polite");
  const knobs = element("div", "kfunc-lab-knobs");
  const empty = element("p", "kfunc-lab-empty", words.empty_panel);
  panel.append(empty, title, reasons, knobs, said);
  let shown; // the call whose controls stand there

  function panelOf(item) {
    const found = model.get("_panel");
    if (live && (found.item === item || model.get("_table").changes)) return found;
    return new Map(model.get("_panels")).get(item) ?? found;
  }

  function showPanel() {
    const selected = model.get("selected");
    const found = panelOf(selected);
    // Until the kernel has answered, what was said before stays, so that nothing jumps.
    const isLate = live && selected !== "" && found.item !== selected;
    panel.classList.toggle("late", isLate);
    if (isLate) return;
    const known = found.name !== undefined;
    empty.hidden = known;
    for (const part of [title, reasons, knobs]) part.hidden = !known;
    const problem = model.get("_table").problem;
    if (!known) {
      shown = undefined;
      empty.replaceChildren(words.empty_panel);
      if (problem.length) empty.replaceChildren(problemLine(problem));
      return;
    }
    title.replaceChildren(element("strong", "", found.name), element("span", "", found.kind));
    reasons.replaceChildren(...parseHtml(found.html));
    if (found.problem) {
      const [reason, arithmetic, met] = found.problem;
      const line = element("div", "kfunc-lab-problem");
      line.append(element("strong", "", `✗ ${reason}`));
      if (arithmetic) line.append(element("span", "kfunc-lab-clash", arithmetic));
      line.append(element("span", "kfunc-lab-met", met));
      reasons.append(line);
    } else if (found.waits) {
      reasons.append(element("p", "", found.waits));
      if (problem.length) reasons.append(problemLine(problem));
    } else if (problem.length) reasons.prepend(problemLine(problem));
    if (found.figure) reasons.querySelector("section")?.after(...parseHtml(found.figure));
    knobs.hidden = !live;
    if (live) showKnobs(found);
  }

  // Says which call does not fit, and leads to it.
  function problemLine([item, name, reason]) {
    const line = element("p", "kfunc-lab-elsewhere");
    const link = textButton(name, () => select(item));
    line.append(link, ` ${words.wrong}: ${reason}`);
    return line;
  }

  // -- what if

  let inputs = new Map(); // for each setting what shows and changes it

  function showKnobs(found) {
    const names = found.controls.map(({ name, kind }) => `${name}:${kind}`).join();
    if (shown !== `${found.item}/${names}`) {
      shown = `${found.item}/${names}`;
      inputs = new Map();
      knobs.replaceChildren(element("h4", "", words.what_if));
      if (!found.controls.length) {
        knobs.append(element("p", "kfunc-lab-empty", words.nothing_to_change));
      }
      for (const control of found.controls) knobs.append(knob(found.item, control));
      if (found.controls.length) {
        knobs.append(element("p", "kfunc-lab-empty", words.model_unchanged));
      }
    }
    for (const control of found.controls) inputs.get(control.name)(control);
  }

  function knob(item, { name, label, kind, choices }) {
    const row = element("div", "kfunc-lab-knob");
    const caption = element("span", "kfunc-lab-setting", label);
    caption.title = label;
    const change = (value) => ask({ type: "change", item, name, value });
    const was = element("span", "kfunc-lab-was");
    const back = textButton("↺", () => ask({ type: "reset", item, name }));
    back.title = words.reset;
    back.setAttribute("aria-label", `${words.reset}: ${label}`);
    const makers = {
      number: numberInput,
      text: textInput,
      choice: choiceInput,
      switch: switchInput,
    };
    const { nodes, show } = makers[kind](label, change, choices);
    row.append(caption, ...nodes, was, back);
    inputs.set(name, (control) => {
      show(control);
      const changed = control.before !== null;
      row.classList.toggle("changed", changed);
      was.textContent = changed ? words.was.replace("{value}", control.before) : "";
      back.hidden = !changed;
    });
    return row;
  }

  function textInput(label, change) {
    const input = element("input", "kfunc-lab-typed");
    input.type = "text";
    input.setAttribute("aria-label", label);
    keepKeys(input);
    let isTyping = false;
    input.addEventListener("input", () => (isTyping = true));
    input.addEventListener("change", () => {
      isTyping = false;
      change(input.value);
    });
    return {
      nodes: [element("span"), input],
      show: ({ value }) => {
        if (!isTyping) input.value = value;
      },
    };
  }

  function numberInput(label, change) {
    const typed = textInput(label, change);
    const slider = element("input");
    slider.type = "range";
    slider.setAttribute("aria-label", label);
    keepKeys(slider);
    slider.addEventListener("input", () => {
      typed.nodes[1].value = slider.value;
      change(slider.value);
    });
    return {
      nodes: [slider, typed.nodes[1]],
      show: (control) => {
        slider.min = control.least;
        slider.max = control.most;
        const number = Number(control.value.split(",")[0]);
        // What is being dragged is ahead of what was answered.
        if (document.activeElement !== slider || !isWaiting())
          slider.value = number || control.least;
        typed.show(control);
      },
    };
  }

  function choiceInput(label, change, choices) {
    const input = element("select");
    input.setAttribute("aria-label", label);
    for (const choice of choices) input.append(element("option", "", choice));
    keepKeys(input);
    input.addEventListener("change", () => change(input.value));
    return { nodes: [input], show: ({ value }) => (input.value = value) };
  }

  function switchInput(label, change) {
    const input = element("input");
    input.type = "checkbox";
    input.setAttribute("aria-label", label);
    input.addEventListener("change", () => change(input.checked));
    return { nodes: [input], show: ({ value }) => (input.checked = value === "True") };
  }

  // -- the graph: what was changed is written into the picture that is there, so nothing moves

  const STATES = ["wrong", "unreached", "changed"];

  function markGraph() {
    const { states = [], sizes = [], parameters = [] } = model.get("_marks");
    const stateOf = new Map(states);
    const sizeOf = new Map(sizes);
    const parametersOf = new Map(parameters);
    for (const node of holder.querySelectorAll(".kfunc-lab-picture [data-item]")) {
      const state = stateOf.get(node.dataset.item);
      for (const name of STATES) node.classList.toggle(`now-${name}`, state === name);
      const count = node.querySelector(":scope > text.quiet[text-anchor]");
      if (count) rewrite(count, parametersOf.get(node.dataset.item));
    }
    for (const label of holder.querySelectorAll(".kfunc-lab-picture .label")) {
      rewrite(label, sizeOf.get(label.dataset.tensor));
    }
  }

  function rewrite(text, now) {
    text.dataset.own ??= text.textContent;
    const wanted = now ?? text.dataset.own;
    if (text.textContent !== wanted) text.textContent = wanted;
    text.classList.toggle("now-changed", now !== undefined);
  }

  const end = renderGraph({ model, el: holder, onProblem: say });
  const drawing = holder.querySelector(".kfunc-lab-picture .kfunc-lab-drawing");
  const redrawn = new MutationObserver(markGraph);
  if (drawing) redrawn.observe(drawing, { childList: true });

  const listeners = {
    "change:_table": () => {
      showSums();
      showTable();
      showPanel();
    },
    "change:_marks": markGraph,
    "change:_panel": showPanel,
    "change:_panels": showPanel,
    "change:opened": showTable,
    "change:selected": () => {
      showSelected();
      showPanel();
    },
    "msg:custom": onMessage,
  };
  for (const [event, listener] of Object.entries(listeners)) model.on(event, listener);
  showSums();
  showTable();
  showSelected();
  showPanel();
  markGraph();
  return () => {
    end?.();
    redrawn.disconnect();
    for (const [event, listener] of Object.entries(listeners)) model.off(event, listener);
  };
}

export default defineView("shapes", renderShapes);
