// Shows the drawing of a graph: pans, zooms, folds, searches, and selects by click or keyboard.
// What a box looks like and what the details say is decided in Python.

import { element, parseSvg, svgElement, whenShown, withCode } from "../../../ui/page/dom.js";
import { compose } from "./composition.js";
import { drawPicture } from "./picture.js";

const LARGEST = 4;
const SMALLEST = 0.02;
const ZOOM_STEP = 1.25;
const PADDING = 8; // pixels, on each side of the picture
const DRAG_BEGINS = 4; // pixels: less is a click
const TOGGLE_WIDTH = 26; // pixels of a box, from its left, that open it

const ICONS = {
  zoom_out: "M3 8h10",
  zoom_in: "M3 8h10M8 3v10",
  fit: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4",
  unfold: "M8 2v4M8 10v4M5 4l3-3 3 3M5 12l3 3 3-3M3 8h10",
  fold: "M8 1v4M8 11v4M5 3l3 3 3-3M5 13l3-3 3 3M3 8h10",
  search: "M10.5 10.5L14 14M11.5 7a4.5 4.5 0 1 1-9 0a4.5 4.5 0 0 1 9 0",
  save: "M8 2v8M5 7l3 3 3-3M2.5 11v2.5h11V11",
};

function toolButton(name, label, onClick) {
  const button = element("button", "kfunc-lab-tool");
  button.type = "button";
  button.title = label;
  button.setAttribute("aria-label", label);
  const icon = svgElement("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" });
  icon.append(svgElement("path", { d: ICONS[name] }));
  button.append(icon);
  button.addEventListener("click", onClick);
  return button;
}

// ---------------------------------------------------------------------------------------------
// Pan and zoom: the drawing is an image of some size inside a box that scrolls.

function makeZoom(box, drawing) {
  let size = { width: 1, height: 1 };
  let scale = 1;

  // Scrolls so that a point of the drawing lies at a point of the box; where there is nothing to
  // scroll, empty margins hold it there.
  function hold(point, place) {
    for (const [side, end, length, offset, low, high] of [
      ["x", "width", box.clientWidth, "scrollLeft", "marginLeft", "marginRight"],
      ["y", "height", box.clientHeight, "scrollTop", "marginTop", "marginBottom"],
    ]) {
      const room = length - 2 * PADDING;
      const begin = place[side] - PADDING - point[side] * scale;
      const rest = room - (begin + size[end] * scale);
      drawing.style[low] = `${Math.max(0, begin)}px`;
      drawing.style[high] = `${Math.max(0, begin < 0 ? rest : 0)}px`;
      box[offset] = Math.max(0, -begin);
    }
  }

  function resize() {
    drawing.style.width = `${size.width * scale}px`;
    drawing.style.height = `${size.height * scale}px`;
  }

  // In the middle where there is room; at the top left where there is none.
  function centre() {
    const room = box.clientWidth - 2 * PADDING - size.width * scale;
    drawing.style.margin = `0 0 0 ${Math.max(0, room / 2)}px`;
  }

  function zoomTo(wanted, at) {
    const frame = box.getBoundingClientRect();
    const place = at
      ? { x: at.x - frame.left, y: at.y - frame.top }
      : { x: frame.width / 2, y: frame.height / 2 };
    const before = drawing.getBoundingClientRect();
    const point = {
      x: (frame.left + place.x - before.left) / scale,
      y: (frame.top + place.y - before.top) / scale,
    };
    scale = Math.min(LARGEST, Math.max(SMALLEST, wanted));
    resize();
    // What was under the pointer stays under it.
    if (size.width * scale > box.clientWidth || size.height * scale > box.clientHeight) {
      hold(point, place);
    } else centre();
  }

  function fit() {
    const room = { x: box.clientWidth - 2 * PADDING, y: box.clientHeight - 2 * PADDING };
    scale = Math.min(1, room.x / size.width, room.y / size.height);
    resize();
    centre();
    box.scrollTo(0, 0);
  }

  box.addEventListener(
    "wheel",
    (event) => {
      // A plain wheel scrolls the box, then the page, as everywhere in a notebook.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      zoomTo(scale * Math.exp(-event.deltaY / 300), { x: event.clientX, y: event.clientY });
    },
    { passive: false },
  );
  let width = 0;
  new ResizeObserver(() => {
    if (!box.offsetWidth || box.offsetWidth === width) return;
    if (width) centre(); // what was drawn for another width
    width = box.offsetWidth;
  }).observe(box);
  return {
    by: (factor) => zoomTo(scale * factor),
    fit,
    centre,
    // Where a point of the drawing is seen in the box.
    placeOf({ x, y }) {
      const frame = box.getBoundingClientRect();
      const shown = drawing.getBoundingClientRect();
      return { x: shown.left - frame.left + x * scale, y: shown.top - frame.top + y * scale };
    },
    setSize(next) {
      size = next;
      resize();
    },
    hold,
  };
}

// Scrolls the box, and not the page, until a node is in it; in its middle where asked for.
export function reveal(box, node, centred = false) {
  const frame = box.getBoundingClientRect();
  const place = node.getBoundingClientRect();
  const beyond = (from, to, low, high) => {
    if (centred) return (from + to) / 2 - (low + high) / 2;
    return Math.min(0, from - low - 2 * PADDING) || Math.max(0, to - high + 2 * PADDING);
  };
  box.scrollLeft += beyond(place.left, place.right, frame.left, frame.right);
  box.scrollTop += centred ? 0 : beyond(place.top, place.bottom, frame.top, frame.bottom);
}

function enableDragging(box) {
  let start = null;
  let dragged = false;
  box.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return; // touch scrolls by itself
    start = { x: event.clientX, y: event.clientY, left: box.scrollLeft, top: box.scrollTop };
    dragged = false;
  });
  box.addEventListener("pointermove", (event) => {
    if (!start) return;
    const moved = { x: event.clientX - start.x, y: event.clientY - start.y };
    if (!dragged && Math.hypot(moved.x, moved.y) > DRAG_BEGINS) {
      dragged = true;
      box.setPointerCapture(event.pointerId);
      box.classList.add("dragging");
    }
    if (dragged) {
      box.scrollLeft = start.left - moved.x;
      box.scrollTop = start.top - moved.y;
    }
  });
  const stop = () => {
    start = null;
    box.classList.remove("dragging");
  };
  box.addEventListener("pointerup", stop);
  box.addEventListener("pointercancel", stop);
  return () => dragged;
}

// ---------------------------------------------------------------------------------------------
// Moving along the graph

// The seen items that a line leads to (or comes from), through the borders of open groups.
function seenEnds(curves, id, forward) {
  const found = new Set();
  const follow = ({ line }) => {
    const next = forward ? line.target : line.source;
    if (next === null) {
      // The line goes on outside the group, as the tensor that it carries.
      const outer = curves.filter(
        (it) =>
          it.line.key === line.key &&
          (forward ? it.line.source : it.line.target) === (line.group || null),
      );
      outer.forEach(follow);
      return;
    }
    const inner = curves.filter(
      (it) =>
        it.line.group === next &&
        it.line.key === line.key &&
        (forward ? it.line.source : it.line.target) === null,
    );
    if (inner.length) inner.forEach(follow);
    else found.add(next);
  };
  curves.filter(({ line }) => (forward ? line.source : line.target) === id).forEach(follow);
  return [...found];
}

// The item that an arrow key leads to: along the lines for up and down, across otherwise.
function neighbour(key, from, nodes, curves, ordered) {
  const centre = (id) => {
    const place = nodes.get(id).node.getBoundingClientRect();
    return { x: place.x + place.width / 2, y: place.y + place.height / 2 };
  };
  const here = centre(from);
  const nearest = (ids) => {
    const distance = (id) => Math.abs(centre(id).x - here.x);
    return [...ids].sort((a, b) => distance(a) - distance(b))[0];
  };
  if (key === "ArrowDown" || key === "ArrowUp") {
    const step = key === "ArrowDown" ? 1 : -1;
    const linked = seenEnds(curves, from, step > 0).filter((id) => nodes.has(id));
    if (linked.length) return nearest(linked);
    // At the end of the lines, and where there are none: on in graph order.
    return ordered[ordered.indexOf(from) + step] ?? from;
  }
  const direction = key === "ArrowRight" ? 1 : -1;
  const beside = [...nodes.keys()].filter((id) => {
    const there = centre(id);
    return Math.abs(there.y - here.y) < 20 && (there.x - here.x) * direction > 1;
  });
  return beside.length ? nearest(beside) : from;
}

// ---------------------------------------------------------------------------------------------
// Beside the picture

function fillDetails(panel, item, words, isOpen, onToggle) {
  panel.replaceChildren();
  if (!item) {
    panel.append(element("p", "kfunc-lab-empty", words.empty));
    panel.append(element("p", "kfunc-lab-empty", words.keys));
    return;
  }
  const heading = element("div", "kfunc-lab-heading");
  heading.append(element("strong", "", item.name), element("span", "", item.kind));
  panel.append(heading);
  if (item.group) {
    const toggle = element("button", "kfunc-lab-button", isOpen ? words.close : words.open);
    toggle.type = "button";
    toggle.addEventListener("click", onToggle);
    panel.append(toggle);
  }
  const list = element("dl");
  for (const [label, value] of item.details) {
    list.append(element("dt", "", label), element("dd", "", value));
  }
  panel.append(list);
}

function makeLegend(signs) {
  const legend = element("ul", "kfunc-lab-legend");
  for (const [drawn, words] of signs) {
    const entry = element("li");
    const sign = svgElement("svg", {
      class: "kfunc-lab-drawing",
      width: 12,
      height: 12,
      viewBox: "0 -6 12 12",
      "aria-hidden": "true",
    });
    sign.append(...parseSvg(drawn));
    entry.append(sign, element("span", "", words));
    legend.append(entry);
  }
  return legend;
}

export function makeScale(scale) {
  const bar = element("div", "kfunc-lab-scale");
  const colours = element("span", "kfunc-lab-colours");
  colours.style.background = `linear-gradient(90deg, ${scale.colours.join(", ")})`;
  bar.append(
    element("span", "", scale.low),
    colours,
    element("span", "", scale.high),
    element("span", "", scale.quantity),
  );
  return bar;
}

function paragraph(text) {
  const made = element("p");
  made.append(...withCode(text));
  return made;
}

// The item of each variable.
function pinned(items) {
  return new Map(
    [...items].flatMap(([id, { pins }]) => (pins ?? []).map((name) => [name, id])),
  );
}

// Animates, unless the reader wants things to stay still.
function animate(node, frames, duration, easing) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return undefined;
  return node?.animate(frames, { duration, easing });
}

const appear = (node) => animate(node, [{ opacity: 0 }, {}], 200, "ease-out");

// Draws attention to a box.
function ring(node) {
  const stressed = { stroke: "var(--accent)", strokeWidth: 5 };
  animate(
    node.querySelector(".box"),
    [stressed, { ...stressed, offset: 0.4 }, {}],
    2500,
    "ease-in",
  );
}

// Moves a box from where it stood to where it stands.
function slide(node, dx, dy) {
  if (Math.hypot(dx, dy) < 1) return;
  const [x, y] = node
    .getAttribute("transform")
    .match(/-?[\d.]+/g)
    .map(Number);
  const at = (left, top) => ({ transform: `translate(${left}px, ${top}px)` });
  animate(node, [at(x + dx, y + dy), at(x, y)], 200, "ease-out");
}

// What is typed, as a search compares it.
function searchable(text) {
  return text.toLowerCase().replaceAll("×", "x").replace(/\s+/g, "");
}

function download(name, content, type) {
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// ---------------------------------------------------------------------------------------------

function readLine([source, target, from, output, points, takers, kind, label], group) {
  const line = { source, target, from, key: `${from}:${output}`, points, takers, kind, group };
  if (label) [line.label, line.labelAt, line.labelX, line.labelY] = label;
  return line;
}

function readLevels(levels, pairs) {
  for (const [group, level] of pairs) {
    levels.set(group, {
      width: level.width,
      height: level.height,
      places: level.places,
      lines: level.lines.map((line) => readLine(line, group)),
      entries: Object.fromEntries(level.entries),
      exits: Object.fromEntries(level.exits),
    });
  }
}

// A view around the graph may say itself what went wrong: `onProblem(words)`.
export function renderGraph({ model, el, onProblem }) {
  const words = model.get("_words");
  const root = element("div", "kfunc-lab-view kfunc-lab-graph");
  el.append(root);
  const header = element("div", "kfunc-lab-header");
  const heading = element("div", "kfunc-lab-title");
  header.append(heading);
  const body = element("div", "kfunc-lab-body");
  const notes = element("div", "kfunc-lab-notes");
  root.append(header, body);

  let items;
  let levels;
  function readContent() {
    heading.replaceChildren(...withCode(model.get("_title")));
    notes.replaceChildren(...model.get("_notes").map(paragraph));
    notes.hidden = !notes.childElementCount;
    items = new Map(model.get("_items"));
    levels = new Map();
    readLevels(levels, model.get("_levels"));
  }
  readContent();
  if (!levels.has("")) {
    // The notes say why.
    const text = element("pre", "kfunc-lab-text", model.get("_text"));
    body.append(text);
    root.append(notes);
    const onText = () => {
      readContent();
      text.textContent = model.get("_text");
    };
    model.on("change:_text", onText);
    return () => model.off("change:_text", onText);
  }

  const box = element("div", "kfunc-lab-picture");
  const panel = element("div", "kfunc-lab-details");
  panel.setAttribute("role", "region");
  panel.setAttribute("aria-live", "polite");
  panel.setAttribute("aria-label", words.details);
  panel.tabIndex = 0;
  const drawing = svgElement("svg", {
    class: "kfunc-lab-drawing",
    role: "group",
    "aria-label": words.picture,
  });
  box.append(drawing);
  body.append(box, panel);
  const foot = element("div", "kfunc-lab-foot");
  root.append(foot, notes);

  const zoom = makeZoom(box, drawing);
  const wasDragged = enableDragging(box);
  let nodes = new Map();
  let curves = [];
  let ordered = [];
  let asked = new Set(); // levels that the kernel was asked for
  const emphasis = () => {
    const given = model.get("_emphasis");
    return { regions: given.regions, values: new Map(given.values) };
  };
  const opened = () => new Set(model.get("opened"));
  const ancestors = (id) => {
    const found = [];
    for (let at = items.get(id)?.parent; at; at = items.get(at)?.parent) found.push(at);
    return found;
  };

  // -- the picture

  function showPicture(kept) {
    const open = opened();
    askFor([...open].filter((id) => !levels.has(id) && items.has(id)));
    const picture = compose(levels, items, open);
    const before = kept && nodes.get(kept) && placeOf(kept);
    const known = new Set(nodes.keys());
    const focused = document.activeElement?.closest?.("[data-item]")?.dataset.item;
    const hadFocus = box.contains(document.activeElement);
    ({ nodes, curves } = drawPicture(drawing, picture, items, emphasis()));
    ordered = [...nodes.keys()].sort((a, b) => items.get(a).order - items.get(b).order);
    zoom.setSize(picture);
    drawing.classList.toggle("empty", !nodes.size);
    places = new Map();
    for (const { id, x, y } of picture.boxes) {
      const item = items.get(id);
      places.set(id, { x: x - item.width / 2, y: y - item.height / 2 });
    }
    for (const { id, x, y } of picture.frames) places.set(id, { x, y });
    for (const [id, { node, frame }] of nodes) {
      const item = items.get(id);
      node.dataset.item = id;
      node.setAttribute("role", "button");
      node.setAttribute("aria-label", item.label);
      node.setAttribute("aria-pressed", "false");
      if (item.group) node.setAttribute("aria-expanded", String(frame !== null));
      if (known.size && !known.has(id)) appear(node);
    }
    if (before && places.has(kept)) zoom.hold(places.get(kept), before);
    else zoom.centre();
    showSelection();
    if (hadFocus && focused !== undefined)
      nodes.get(focused)?.node.focus({ preventScroll: true });
  }

  let places = new Map(); // the top left of each box and frame
  const placeOf = (id) => zoom.placeOf(places.get(id));

  function toggle(id) {
    const open = opened();
    if (open.has(id)) open.delete(id);
    else open.add(id);
    setOpen(open, id);
  }

  function setOpen(open, kept) {
    model.set("opened", [...open]);
    model.save_changes();
    anchor = kept;
    onOpen();
  }

  // The group that stays in its place when the picture changes.
  let anchor;
  let drawn = "";
  function onOpen() {
    const now = JSON.stringify(model.get("opened"));
    if (now === drawn) return;
    drawn = now;
    showPicture(anchor ?? (model.get("selected") || undefined));
    anchor = undefined;
  }

  // -- what the kernel knows and the page does not

  function askFor(groups) {
    const missing = groups.filter((id) => !asked.has(id));
    if (!missing.length) return;
    missing.forEach((id) => asked.add(id));
    model.send?.({ type: "levels", groups: missing });
  }

  function onMessage(message, buffers) {
    if (message.type === "levels") {
      for (const [id, item] of message.items) items.set(id, item);
      readLevels(levels, message.levels);
      showPicture(anchor ?? message.levels[0]?.[0]);
      if (wanted) goTo(wanted);
    } else if (message.type === "found") {
      found = message.found;
      for (const [id, item] of message.items) if (!items.has(id)) items.set(id, item);
      step(0);
    } else if (message.type === "file") {
      download(message.name, buffers[0], message.mime);
      say("");
    } else if (message.type === "problem") {
      say(onProblem ? "" : message.words);
      onProblem?.(message.words);
    }
  }

  // -- selection

  function showSelection() {
    const id = model.get("selected");
    const seen = nodes.has(id) ? id : "";
    const inside = new Set([id]);
    drawing.classList.toggle("has-selection", Boolean(seen));
    const shared = items.get(id)?.shared;
    for (const [other, { node, frame }] of nodes) {
      node.classList.toggle("selected", other === id);
      frame?.classList.toggle("selected", other === id);
      node.classList.toggle("relative", Boolean(shared) && items.get(other).shared === shared);
      node.setAttribute("aria-pressed", String(other === id));
      node.setAttribute("tabindex", other === (seen || ordered[0]) ? "0" : "-1");
    }
    for (const { line, node } of curves) {
      const joined = [line.source, line.target, line.from].some((end) => inside.has(end));
      node.classList.toggle("joined", joined || line.takers.some((taker) => inside.has(taker)));
    }
    const isOpen = nodes.get(id)?.frame != null;
    fillDetails(panel, items.get(id), words, isOpen, () => toggle(id));
    if (seen) reveal(box, nodes.get(id).node);
  }

  function select(id) {
    model.set("selected", id ?? "");
    model.save_changes();
  }

  // Opens whatever an item stands in, selects it and brings it into sight.
  let wanted = "";
  function goTo(id) {
    const around = ancestors(id);
    wanted = around.some((group) => !levels.has(group)) ? id : "";
    const open = opened();
    around.forEach((group) => open.add(group));
    if (around.some((group) => !opened().has(group))) setOpen(open);
    if (nodes.has(id)) {
      select(id);
      reveal(box, nodes.get(id).node, true);
      reveal(box, nodes.get(id).node);
    }
  }

  function onSelected() {
    const id = model.get("selected");
    if (id && !nodes.has(id) && items.has(id)) goTo(id);
    else showSelection();
  }

  // -- tools

  const tools = element("div", "kfunc-lab-tools");
  const status = element("span", "kfunc-lab-status");
  status.setAttribute("role", "status");
  const say = (text) => {
    status.textContent = text;
  };
  let found = [];
  let position = 0;
  const searchBox = element("input", "kfunc-lab-search");
  searchBox.type = "search";
  searchBox.placeholder = words.search_hint;
  searchBox.setAttribute("aria-label", words.search_hint);
  searchBox.hidden = true;

  function search() {
    const text = searchable(searchBox.value);
    found = [];
    position = -1;
    if (!text) return say("");
    if (!model.get("_complete") && model.send) {
      return model.send({ type: "search", text: searchBox.value });
    }
    found = [...items]
      .filter(([, item]) => item.find?.includes(text))
      .sort(([, a], [, b]) => a.order - b.order)
      .map(([id]) => id);
    return step(0);
  }

  function step(by) {
    if (!found.length) return say(words.nothing_found);
    position = by ? (position + by + found.length) % found.length : 0;
    goTo(found[position]);
    return say(`${position + 1} / ${found.length}`);
  }

  searchBox.addEventListener("input", search);
  searchBox.addEventListener("keydown", (event) => {
    // JupyterLab has meanings of its own for keys.
    event.stopPropagation();
    if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape") {
      searchBox.value = "";
      searchBox.hidden = true;
      say("");
      searchButton.focus();
    } else return;
    event.preventDefault();
  });
  const searchButton = toolButton("search", words.search, () => {
    searchBox.hidden = !searchBox.hidden;
    if (!searchBox.hidden) searchBox.focus();
  });

  const menu = element("div", "kfunc-lab-menu");
  menu.hidden = true;
  const saveButton = toolButton("save", words.save, () => {
    menu.hidden = !menu.hidden;
    saveButton.setAttribute("aria-expanded", String(!menu.hidden));
    if (!menu.hidden) menu.querySelector("button").focus();
  });
  saveButton.setAttribute("aria-expanded", "false");
  const closeMenu = () => {
    menu.hidden = true;
    saveButton.setAttribute("aria-expanded", "false");
  };
  for (const [form, label] of model.get("_forms")) {
    const choice = element("button", "", label);
    choice.type = "button";
    choice.addEventListener("click", () => {
      closeMenu();
      saveButton.focus();
      say(words.saving);
      model.send({ type: "save", form });
    });
    menu.append(choice);
  }
  menu.addEventListener("keydown", (event) => {
    const choices = [...menu.querySelectorAll("button")];
    const at = choices.indexOf(document.activeElement);
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) choices[(at + by + choices.length) % choices.length].focus();
    else if (event.key === "Escape") {
      closeMenu();
      saveButton.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });

  const folding = [
    toolButton("unfold", words.unfold_all, () => setOpen(new Set(model.get("_groups")))),
    toolButton("fold", words.fold_all, () => setOpen(new Set())),
  ];
  tools.append(status, searchBox, searchButton, ...folding);
  const showTools = () =>
    folding.forEach((tool) => (tool.hidden = !model.get("_groups").length));
  tools.append(
    toolButton("zoom_out", words.zoom_out, () => zoom.by(1 / ZOOM_STEP)),
    toolButton("zoom_in", words.zoom_in, () => zoom.by(ZOOM_STEP)),
    toolButton("fit", words.fit, zoom.fit),
  );
  if (menu.childElementCount) {
    const holder = element("div", "kfunc-lab-holder");
    holder.append(saveButton, menu);
    tools.append(holder);
  }
  header.append(tools);

  function showFoot() {
    const { scale } = model.get("_emphasis");
    foot.replaceChildren(
      makeLegend(model.get("_legend")),
      ...(scale ? [makeScale(scale)] : []),
    );
  }

  // -- mouse and keyboard

  function itemAt(event) {
    const node = event.target.closest("[data-item]");
    return node ? node.dataset.item : undefined;
  }

  // Whether a click is on the sign that opens and closes a group.
  function onToggleSign(event, id) {
    if (!items.get(id)?.group) return false;
    const { node, frame } = nodes.get(id);
    const place = (frame ?? node.querySelector(".box")).getBoundingClientRect();
    const { width, margin } = items.get(id);
    const scale =
      place.width / (frame ? Number(frame.getAttribute("width")) : width - 2 * margin);
    return event.clientX - place.left < TOGGLE_WIDTH * scale;
  }

  box.addEventListener("click", (event) => {
    if (wasDragged()) return;
    const id = itemAt(event);
    select(id);
    if (id === undefined) return;
    nodes.get(id).node.focus({ preventScroll: true });
    if (event.detail < 2 && onToggleSign(event, id)) toggle(id);
  });

  box.addEventListener("dblclick", (event) => {
    const id = itemAt(event);
    if (id !== undefined && items.get(id).group && !onToggleSign(event, id)) toggle(id);
  });

  box.addEventListener("keydown", (event) => {
    const id = itemAt(event);
    if (id === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const actions = {
      Escape: () => undefined,
      Home: () => ordered[0],
      End: () => ordered.at(-1),
      ArrowUp: () => neighbour("ArrowUp", id, nodes, curves, ordered),
      ArrowDown: () => neighbour("ArrowDown", id, nodes, curves, ordered),
      ArrowLeft: () => neighbour("ArrowLeft", id, nodes, curves, ordered),
      ArrowRight: () => neighbour("ArrowRight", id, nodes, curves, ordered),
    };
    const zooms = { "+": ZOOM_STEP, "=": ZOOM_STEP, "-": 1 / ZOOM_STEP };
    if (event.key in zooms) zoom.by(zooms[event.key]);
    else if (event.key === "0") zoom.fit();
    else if (event.key === "Enter" || event.key === " ") {
      const again = model.get("selected") === id;
      select(id);
      if (items.get(id).group && (again || event.key === "Enter")) toggle(id);
    } else if (event.key === "/") searchButton.click();
    else if (event.key in actions) {
      const chosen = actions[event.key]();
      select(chosen);
      nodes.get(chosen ?? id).node.focus({ preventScroll: true });
    } else return;
    // JupyterLab has meanings of its own for these keys.
    event.preventDefault();
    event.stopPropagation();
  });

  const onEmphasis = () => {
    showFoot();
    showPicture();
  };
  // Another graph: what is in both stays where it was seen, as far as its layout allows.
  const onContent = () => {
    const before = { places, pins: pinned(items) };
    readContent();
    asked = new Set();
    drawn = JSON.stringify(model.get("opened"));
    showFoot();
    showTools();
    showPicture();
    showMoves(before);
    const fresh = ordered.filter((id) => !before.places.has(id));
    if (fresh.length) reveal(box, nodes.get(fresh.at(-1)).node);
  };

  function showMoves(before) {
    const known = before.places.size > 0;
    for (const [id, { x, y }] of places) {
      const { node, frame } = nodes.get(id) ?? {};
      const old = before.places.get(id);
      if (!node || frame) continue;
      if (!old) {
        node.classList.toggle("fresh", known);
        if (known) ring(node);
      } else slide(node, old.x - x, old.y - y);
    }
    if (known) for (const { node } of curves) appear(node);
    for (const [name, id] of pinned(items)) {
      const left = before.pins.get(name);
      if (left !== id && places.has(left) && places.has(id)) drawTrail(left, id);
    }
  }

  // From the pin's old box to its new one.
  function drawTrail(from, to) {
    const edge = (id) => {
      const { width, height, margin } = items.get(id);
      const { x, y } = places.get(id);
      return [x + width - margin, y + height / 2];
    };
    const [x1, y1] = edge(from);
    const [x2, y2] = edge(to);
    const bow = Math.max(x1, x2) + 60;
    const path = svgElement("path", {
      class: "trail",
      d: `M${x1} ${y1}C${bow} ${y1} ${bow} ${y2} ${x2} ${y2}`,
    });
    drawing.append(path);
    const frames = [{ opacity: 1 }, { opacity: 1, offset: 0.4 }, { opacity: 0 }];
    const fading = animate(path, frames, 1500, "ease-in");
    if (fading) fading.onfinish = () => path.remove();
    else path.remove();
  }
  model.on("change:selected", onSelected);
  model.on("change:opened", onOpen);
  model.on("change:_emphasis", onEmphasis);
  model.on("change:_levels", onContent);
  model.on("msg:custom", onMessage);
  showFoot();
  showTools();
  onOpen();
  whenShown(box, () => {
    zoom.centre();
    // A drawing wider than the box opens at its first input.
    if (nodes.size) reveal(box, nodes.get(ordered[0]).node, true);
    if (nodes.has(model.get("selected"))) reveal(box, nodes.get(model.get("selected")).node);
  });
  return () => {
    model.off("change:selected", onSelected);
    model.off("change:opened", onOpen);
    model.off("change:_emphasis", onEmphasis);
    model.off("change:_levels", onContent);
    model.off("msg:custom", onMessage);
  };
}
