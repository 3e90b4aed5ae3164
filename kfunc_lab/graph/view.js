// Shows the drawing of a graph: pans, zooms, and selects a call by click or keyboard.
// What the drawing is and what the details say is decided in Python.

const LARGEST = 4;
const SMALLEST = 0.02;
const ZOOM_STEP = 1.25;
const PADDING = 16; // pixels, left and right together
const DRAG_BEGINS = 4; // pixels: less is a click

const ICONS = {
  zoom_out: "M3 8h10",
  zoom_in: "M3 8h10M8 3v10",
  fit: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4",
};

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function toolButton(name, label, onClick) {
  const button = element("button", "kfunc-lab-tool");
  button.type = "button";
  button.title = label;
  button.setAttribute("aria-label", label);
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("viewBox", "0 0 16 16");
  icon.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  icon.append(path);
  button.append(icon);
  button.addEventListener("click", onClick);
  return button;
}

function parseDrawing(source) {
  if (!source) return null;
  const parsed = new DOMParser().parseFromString(source, "image/svg+xml");
  const drawing = document.importNode(parsed.documentElement, true);
  // The file's own style sheet and background: here the view brings both.
  drawing.querySelectorAll("style, .surface").forEach((node) => node.remove());
  return drawing;
}

// ---------------------------------------------------------------------------------------------
// Pan and zoom: the drawing is an image of some size inside a box that scrolls.

function makeZoom(box, drawing) {
  const width = Number(drawing.getAttribute("width"));
  const height = Number(drawing.getAttribute("height"));
  let scale = 1;

  function zoomTo(wanted, at) {
    const next = Math.min(LARGEST, Math.max(SMALLEST, wanted));
    const frame = box.getBoundingClientRect();
    const x = at ? at.x - frame.left : frame.width / 2;
    const y = at ? at.y - frame.top : frame.height / 2;
    const before = drawing.getBoundingClientRect();
    const share = {
      x: (frame.left + x - before.left) / before.width,
      y: (frame.top + y - before.top) / before.height,
    };
    scale = next;
    drawing.style.width = `${width * scale}px`;
    drawing.style.height = `${height * scale}px`;
    // What was under the pointer stays under it.
    const after = drawing.getBoundingClientRect();
    box.scrollLeft += after.left + share.x * after.width - (frame.left + x);
    box.scrollTop += after.top + share.y * after.height - (frame.top + y);
  }

  function fit() {
    const room = { x: box.clientWidth - PADDING, y: box.clientHeight - PADDING };
    zoomTo(Math.min(1, room.x / width, room.y / height));
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
  return { by: (factor) => zoomTo(scale * factor), fit };
}

// Scrolls the box, and not the page, until a node is in it; in its middle where asked for.
function reveal(box, node, centred = false) {
  const frame = box.getBoundingClientRect();
  const place = node.getBoundingClientRect();
  const beyond = (from, to, low, high) => {
    if (centred) return (from + to) / 2 - (low + high) / 2;
    return Math.min(0, from - low - PADDING) || Math.max(0, to - high + PADDING);
  };
  box.scrollLeft += beyond(place.left, place.right, frame.left, frame.right);
  box.scrollTop += centred ? 0 : beyond(place.top, place.bottom, frame.top, frame.bottom);
}

// Calls back once, when an element has got its place on the page.
function whenShown(target, callback) {
  const observer = new ResizeObserver(() => {
    if (!target.clientWidth) return;
    observer.disconnect();
    callback();
  });
  observer.observe(target);
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
// Selection

function readCalls(drawing, calls) {
  const nodes = new Map();
  for (const node of drawing.querySelectorAll("[data-call]")) {
    const number = Number(node.dataset.call);
    node.setAttribute("role", "button");
    node.setAttribute("tabindex", "-1");
    node.setAttribute("aria-label", calls[number].label);
    node.setAttribute("aria-pressed", "false");
    nodes.set(number, node);
  }
  return nodes;
}

function readEdges(drawing) {
  return [...drawing.querySelectorAll("[data-source]")].map((node) => ({
    node,
    source: Number(node.dataset.source),
    target: node.dataset.target === undefined ? -1 : Number(node.dataset.target),
  }));
}

// The call that an arrow key leads to: along the edges for up and down, across the row otherwise.
function neighbour(key, from, nodes, edges) {
  const centre = (number) => {
    const box = nodes.get(number).getBBox();
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  };
  const here = centre(from);
  const nearest = (numbers) => {
    const distance = (number) => Math.abs(centre(number).x - here.x);
    return [...numbers].sort((a, b) => distance(a) - distance(b) || a - b)[0];
  };
  if (key === "ArrowDown" || key === "ArrowUp") {
    const down = key === "ArrowDown";
    const linked = edges
      .filter((edge) => (down ? edge.source : edge.target) === from)
      .map((edge) => (down ? edge.target : edge.source))
      .filter((number) => nodes.has(number));
    if (linked.length) return nearest(linked);
    return nodes.has(from + (down ? 1 : -1)) && !edges.length ? from + (down ? 1 : -1) : from;
  }
  const direction = key === "ArrowRight" ? 1 : -1;
  const beside = [...nodes.keys()].filter((number) => {
    const there = centre(number);
    return Math.abs(there.y - here.y) < 20 && (there.x - here.x) * direction > 1;
  });
  return beside.length ? nearest(beside) : from;
}

function fillDetails(panel, call, words) {
  panel.replaceChildren();
  if (!call) {
    panel.append(element("p", "kfunc-lab-empty", words.empty));
    panel.append(element("p", "kfunc-lab-empty", words.keys));
    return;
  }
  const heading = element("div", "kfunc-lab-heading");
  heading.append(element("strong", "", call.name), element("span", "", call.kind));
  const list = element("dl");
  for (const [label, value] of call.details) {
    list.append(element("dt", "", label), element("dd", "", value));
  }
  panel.append(heading, list);
}

// ---------------------------------------------------------------------------------------------

function render({ model, el }) {
  const words = model.get("_words");
  const calls = model.get("_calls");
  const root = element("div", "kfunc-lab-graph");
  el.append(root);

  const header = element("div", "kfunc-lab-header");
  header.append(element("div", "kfunc-lab-title", model.get("_title")));
  const body = element("div", "kfunc-lab-body");
  const notes = element("div", "kfunc-lab-notes");
  for (const note of model.get("_notes")) notes.append(element("p", "", note));
  root.append(header, body);
  if (notes.childElementCount) root.append(notes);

  const drawing = parseDrawing(model.get("_svg"));
  if (!drawing) {
    // The notes say why.
    body.append(element("pre", "kfunc-lab-text", model.get("_text")));
    return undefined;
  }

  const box = element("div", "kfunc-lab-picture");
  const panel = element("div", "kfunc-lab-details");
  panel.setAttribute("role", "region");
  panel.setAttribute("aria-live", "polite");
  panel.setAttribute("aria-label", words.details);
  panel.tabIndex = 0;
  drawing.setAttribute("role", "group");
  drawing.setAttribute("aria-label", words.picture);
  box.append(drawing);
  body.append(box, panel);

  const zoom = makeZoom(box, drawing);
  const tools = element("div", "kfunc-lab-tools");
  tools.append(
    toolButton("zoom_out", words.zoom_out, () => zoom.by(1 / ZOOM_STEP)),
    toolButton("zoom_in", words.zoom_in, () => zoom.by(ZOOM_STEP)),
    toolButton("fit", words.fit, zoom.fit),
  );
  header.append(tools);
  const wasDragged = enableDragging(box);

  const nodes = readCalls(drawing, calls);
  const edges = readEdges(drawing);
  const numberOf = new Map(calls.map((call, number) => [call.id, number]));
  // A drawing wider than the box opens at its first input.
  whenShown(box, () => {
    if (nodes.size) reveal(box, nodes.get(0), true);
    showSelection();
  });

  function showSelection() {
    const id = model.get("selected");
    const number = id ? numberOf.get(id) : undefined;
    drawing.classList.toggle("has-selection", number !== undefined);
    for (const [other, node] of nodes) {
      node.classList.toggle("selected", other === number);
      node.setAttribute("aria-pressed", String(other === number));
      node.setAttribute("tabindex", other === (number ?? 0) ? "0" : "-1");
    }
    for (const edge of edges) {
      const joined = edge.source === number || edge.target === number;
      edge.node.classList.toggle("joined", joined);
    }
    fillDetails(panel, calls[number], words);
    if (number !== undefined) reveal(box, nodes.get(number));
  }

  function select(number) {
    model.set("selected", number === undefined ? "" : calls[number].id);
    model.save_changes();
  }

  box.addEventListener("click", (event) => {
    if (wasDragged()) return;
    const node = event.target.closest("[data-call]");
    select(node ? Number(node.dataset.call) : undefined);
    node?.focus({ preventScroll: true });
  });

  box.addEventListener("keydown", (event) => {
    const node = event.target.closest("[data-call]");
    if (!node || event.ctrlKey || event.metaKey || event.altKey) return;
    const number = Number(node.dataset.call);
    const actions = {
      Enter: () => number,
      " ": () => number,
      Escape: () => undefined,
      Home: () => 0,
      End: () => calls.length - 1,
      ArrowUp: () => neighbour("ArrowUp", number, nodes, edges),
      ArrowDown: () => neighbour("ArrowDown", number, nodes, edges),
      ArrowLeft: () => neighbour("ArrowLeft", number, nodes, edges),
      ArrowRight: () => neighbour("ArrowRight", number, nodes, edges),
    };
    const zooms = { "+": ZOOM_STEP, "=": ZOOM_STEP, "-": 1 / ZOOM_STEP };
    if (event.key in zooms) zoom.by(zooms[event.key]);
    else if (event.key === "0") zoom.fit();
    else if (event.key in actions) {
      const chosen = actions[event.key]();
      select(chosen);
      nodes.get(chosen ?? number).focus({ preventScroll: true });
    } else return;
    // JupyterLab has meanings of its own for these keys.
    event.preventDefault();
    event.stopPropagation();
  });

  model.on("change:selected", showSelection);
  showSelection();
  return () => model.off("change:selected", showSelection);
}

export default { render };
