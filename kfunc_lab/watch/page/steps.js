// The steps of a cell: its lines on the left, the graph as it stood after each on the right.

import { renderGraph, reveal } from "../../graph/view/page/graph.js";
import { textButton } from "../../ui/page/controls.js";
import { element, parseSvg } from "../../ui/page/dom.js";
import { defineView } from "../../ui/page/model.js";

function renderSteps({ model, el }) {
  const words = model.get("_words");
  const steps = model.get("_steps");
  const root = element("div", "kfunc-lab-steps");
  const side = element("div", "kfunc-lab-side");
  const holder = element("div", "kfunc-lab-holder-of-graph");
  root.append(side, holder);
  el.append(root);

  // -- the code

  const code = element("ol", "kfunc-lab-code");
  code.setAttribute("aria-label", words.code);
  code.tabIndex = 0;
  const lines = model.get("_code").map((text) => {
    const line = element("li");
    line.append(element("code", "", text || " "));
    code.append(line);
    return line;
  });
  lines.forEach((line, place) => {
    line.addEventListener("click", () => {
      const found = steps.findIndex(
        ({ first, last }) => first <= place + 1 && place + 1 <= last,
      );
      if (found >= 0) go(found);
    });
  });

  // -- the controls

  const controls = element("div", "kfunc-lab-controls");
  const button = (sign, label, by) => textButton(sign, () => go(model.get("step") + by), label);
  const slider = element("input");
  slider.type = "range";
  slider.min = 1;
  slider.max = steps.length;
  slider.setAttribute("aria-label", words.steps);
  slider.addEventListener("input", () => go(Number(slider.value) - 1));
  const previous = button("‹", words.previous, -1);
  const next = button("›", words.next, 1);
  const count = element("span", "kfunc-lab-count");
  controls.append(previous, slider, next, count);
  const said = element("div", "kfunc-lab-said");
  said.setAttribute("aria-live", "polite");
  side.append(code, controls, said);

  function go(number) {
    model.set("step", Math.max(0, Math.min(steps.length - 1, number)));
    model.save_changes();
    show();
  }

  const moves = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };
  side.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const to =
      event.key in moves
        ? model.get("step") + moves[event.key]
        : event.key === "Home"
          ? 0
          : event.key === "End"
            ? steps.length - 1
            : undefined;
    if (to === undefined) return;
    go(to);
    event.preventDefault();
    event.stopPropagation();
  });

  // -- the step

  function show() {
    const number = model.get("step");
    const step = steps[number];
    slider.value = number + 1;
    previous.disabled = number === 0;
    next.disabled = number === steps.length - 1;
    const place = words.of_steps.replace("{n}", number + 1).replace("{all}", steps.length);
    count.textContent = `${number + 1} / ${steps.length}`;
    slider.setAttribute("aria-valuetext", place);
    lines.forEach((line, at) => {
      const on = step.first <= at + 1 && at + 1 <= step.last;
      line.classList.toggle("current", on);
      line.classList.toggle("failed", on && step.failed);
      if (on && at + 1 === step.first) {
        code.scrollTop += Math.min(0, line.offsetTop - code.offsetTop - code.scrollTop - 8);
        const below = line.offsetTop - code.offsetTop + line.offsetHeight + 8;
        code.scrollTop = Math.max(code.scrollTop, below - code.clientHeight);
      }
    });
    said.replaceChildren();
    if (step.elsewhere) {
      said.append(element("p", "", words.elsewhere), element("pre", "", step.code));
    }
    const list = element("ul");
    list.append(...step.said.map((text) => element("li", "", text)));
    said.append(list);
    if (step.printed) {
      const printed = element("pre", "kfunc-lab-printed", step.printed);
      printed.setAttribute("aria-label", words.printed);
      said.append(printed);
    }
    showGraph(step);
    revealChange(step, steps[number - 1] ?? { seen: [], pins: [] });
  }

  function showGraph(step) {
    const items = new Map(model.get("_items"));
    const seen = new Set(step.seen);
    const isSeen = (id) => {
      for (let at = id; at; at = items.get(at)?.parent) if (seen.has(at)) return true;
      return id?.startsWith("//output/") ?? true;
    };
    const pins = new Map(step.pins);
    const lost = new Set(step.lost);
    for (const node of holder.querySelectorAll(".kfunc-lab-picture [data-item]")) {
      const id = node.dataset.item;
      const hidden = !isSeen(id);
      node.classList.toggle("unseen", hidden);
      node.toggleAttribute("inert", hidden);
      if (!hidden) node.classList.toggle("lost-now", lost.has(id));
      node.querySelectorAll(":scope > .pin").forEach((pin) => pin.remove());
      if (pins.has(id)) node.append(...parseSvg(pins.get(id)));
    }
    for (const node of holder.querySelectorAll("[data-source], [data-target]")) {
      const ends = [node.dataset.source, node.dataset.target].filter(Boolean);
      node.classList.toggle("unseen", !ends.every(isSeen));
    }
    const heading = holder.querySelector(".kfunc-lab-title");
    if (heading) heading.textContent = step.title;
  }

  // Brings into view where the step changed something.
  function revealChange(step, before) {
    const box = holder.querySelector(".kfunc-lab-picture");
    const known = new Set([...before.seen, ...before.pins.map(String)]);
    const changed = [
      ...step.pins.filter((pin) => !known.has(String(pin))).map(([id]) => id),
      ...step.seen.filter((id) => !known.has(id)),
    ];
    const drawn = changed.map((id) => box.querySelector(`[data-item="${CSS.escape(id)}"]`));
    const last = drawn.findLast(Boolean);
    if (last) reveal(box, last);
  }

  const end = renderGraph({ model, el: holder });
  model.on("change:step", show);
  model.on("change:opened", show);
  show();
  return () => {
    end?.();
    model.off("change:step", show);
    model.off("change:opened", show);
  };
}

export default defineView("steps", renderSteps);
