// Shows the drawing of a graph: pans, zooms, folds, searches, and selects by click or keyboard.
// What a box looks like and what the details say is decided in Python.

import { element, whenShown, withCode } from "../../../ui/page/dom.js";
import { listen, share } from "../../../ui/page/model.js";
import { makeDetails, makeLegend, makeScale } from "./details.js";
import { listenIn } from "./keys.js";
import { Scene } from "./scene.js";
import { ancestors, pinned, readContent } from "./state.js";
import { download, makeMenu, makeSearch, searchable, toolButton } from "./toolbar.js";
import { ZOOM_STEP } from "./zoom.js";

/** @import { Overlay } from "./overlay.js" */
/** @import { Content, GraphModel, GraphState } from "./state.js" */

/**
 * @typedef {object} Options
 * @property {GraphModel} model
 * @property {HTMLElement} el
 * @property {boolean} [isCompact]  fills its holder, without frame, title, details and legend
 * @property {boolean} [fits]  shows the whole graph, until the reader zooms or pans
 * @property {HTMLElement} [notes]  where the notes are shown, by default below the picture
 * @property {() => Overlay} [overlay]  what the view around says of the graph, after each drawing
 * @property {(words: string) => void} [onProblem]  where that view says what went wrong
 */

/**
 * A graph on the page.
 *
 * @typedef {object} ShownGraph
 * @property {() => void} end
 * @property {() => void} draw  draws what the model has now
 * @property {() => void} lay  asks for the overlay again
 * @property {(id: string) => boolean} reveal  brings an item into sight, if it is drawn
 * @property {(text: string) => void} setTitle
 */

/**
 * Shows a graph.
 *
 * @param {Options} options
 * @returns {ShownGraph}
 */
export function renderGraph(options) {
  const root = element("div", "kfunc-lab-view kfunc-lab-graph");
  root.classList.toggle("compact", Boolean(options.isCompact));
  options.el.append(root);
  if (!options.model.get("_levels").length) return renderText(options, root);
  const page = new GraphPage(options, root);
  return {
    end: page.end,
    draw() {
      page.readContent();
      page.draw();
    },
    lay: () => page.scene.drawMaps(),
    reveal(id) {
      page.scene.reveal(id);
      return page.scene.places.has(id);
    },
    setTitle: (text) => page.heading.replaceChildren(text),
  };
}

/**
 * Shows a graph that could not be drawn; the notes say why.
 *
 * @param {Options} options
 * @param {HTMLElement} root
 * @returns {ShownGraph}
 */
function renderText({ model, notes: given }, root) {
  const { heading, body } = makeFrame(root);
  const text = element("pre", "kfunc-lab-text");
  const notes = given ?? element("div", "kfunc-lab-notes");
  body.append(text);
  if (!given) root.append(notes);
  const show = () => {
    text.textContent = model.get("_text");
    showWords(model, heading, notes);
  };
  show();
  const end = listen(model, { "change:_text": show });
  return { end, draw() {}, lay() {}, reveal: () => false, setTitle() {} };
}

/** @param {HTMLElement} root */
function makeFrame(root) {
  const header = element("div", "kfunc-lab-header");
  const heading = element("div", "kfunc-lab-title");
  const body = element("div", "kfunc-lab-body");
  header.append(heading);
  root.append(header, body);
  return { header, heading, body };
}

/**
 * @param {GraphModel} model
 * @param {HTMLElement} heading
 * @param {HTMLElement} notes
 */
function showWords(model, heading, notes) {
  heading.replaceChildren(...withCode(model.get("_title")));
  const paragraphs = model.get("_notes").map((text) => {
    const paragraph = element("p");
    paragraph.append(...withCode(text));
    return paragraph;
  });
  notes.replaceChildren(...paragraphs);
  notes.hidden = !paragraphs.length;
}

/** A graph with its picture, its tools and what stands around. */
class GraphPage {
  /**
   * @param {Options} options
   * @param {HTMLElement} root
   */
  constructor(options, root) {
    const { model, overlay, onProblem } = options;
    this.model = model;
    this.words = model.get("_words");
    this.isCompact = options.isCompact;
    const { header, heading, body } = makeFrame(root);
    this.heading = heading;
    this.notes = options.notes ?? element("div", "kfunc-lab-notes");
    this.foot = element("div", "kfunc-lab-foot");
    this.details = makeDetails(this.words);
    this.scene = new Scene(this.words.picture, Boolean(options.fits), overlay ?? (() => ({})));
    body.append(this.scene.root, this.details.root);
    root.append(this.foot);
    if (!options.notes) root.append(this.notes);
    this.status = element("span", "kfunc-lab-status");
    this.status.setAttribute("role", "status");
    this.onProblem = onProblem ?? ((words) => this.say(words));
    this.search = makeSearch(
      this.words,
      (text) => this.find(text),
      (id) => this.goTo(id, true),
      (text) => this.say(text),
    );
    /** @type {HTMLButtonElement[]} */
    this.folding = [];
    header.append(this.makeTools());
    /** @type {Content} */
    this.content = readContent([], []);
    /** @type {Set<string>} */
    this.asked = new Set(); // levels that the kernel was asked for
    this.drawn = ""; // the groups that are open in the picture
    /** @type {string | undefined} */
    this.anchor = undefined; // the group that stays in its place when the picture changes
    this.wanted = ""; // the item to go to when its level has come
    listenIn(this.scene, {
      selected: () => model.get("selected"),
      select: (id) => this.select(id),
      toggle: (id) => this.toggle(id),
      search: () => this.search.button.click(),
    });
    this.end = this.listen();
    this.readContent();
    this.showAround();
    this.onOpen();
    whenShown(this.scene.box, () => this.onShown());
  }

  listen() {
    return listen(this.model, {
      "change:selected": () => this.onSelected(),
      "change:opened": () => this.onOpen(),
      "change:_emphasis": () => {
        this.showAround();
        this.draw();
      },
      "change:_levels": () => this.onContent(),
      "msg:custom": (message, buffers) => this.onMessage(message, buffers),
    });
  }

  makeTools() {
    const { words, scene, model } = this;
    const tools = element("div", "kfunc-lab-tools");
    this.folding = [
      toolButton("unfold", words.unfold_all, () => this.setOpen(new Set(model.get("_groups")))),
      toolButton("fold", words.fold_all, () => this.setOpen(new Set())),
    ];
    tools.append(
      this.status,
      this.search.field,
      this.search.button,
      ...this.folding,
      toolButton("zoom_out", words.zoom_out, () => scene.zoom.by(1 / ZOOM_STEP)),
      toolButton("zoom_in", words.zoom_in, () => scene.zoom.by(ZOOM_STEP)),
      toolButton("fit", words.fit, () => scene.zoom.fit()),
    );
    const forms = model.get("_forms");
    if (forms.length) {
      const save = (/** @type {string} */ form) => {
        this.say(words.saving);
        model.send?.({ type: "save", form });
      };
      tools.append(makeMenu(words.save, forms, save));
    }
    return tools;
  }

  /** @param {string} text */
  say(text) {
    this.status.textContent = text;
  }

  // -- the picture

  get opened() {
    return new Set(this.model.get("opened"));
  }

  readContent() {
    showWords(this.model, this.heading, this.notes);
    this.content = readContent(this.model.get("_items"), this.model.get("_levels"));
  }

  /** @param {string} [kept]  the item that stays in its place */
  draw(kept) {
    const { items, levels } = this.content;
    this.askFor([...this.opened].filter((id) => !levels.has(id) && items.has(id)));
    const { model, scene } = this;
    scene.show(this.content, this.opened, model.get("_emphasis"), model.get("selected"), kept);
    this.showDetails();
  }

  showAround() {
    const { scale } = this.model.get("_emphasis");
    const legend = this.isCompact ? [] : [makeLegend(this.model.get("_legend"))];
    this.foot.replaceChildren(...legend, ...(scale ? [makeScale(scale)] : []));
    this.foot.hidden = !this.foot.childElementCount;
    for (const tool of this.folding) tool.hidden = !this.model.get("_groups").length;
  }

  onShown() {
    const { scene } = this;
    scene.zoom.place();
    // A drawing wider than the box opens at its first input.
    scene.reveal(scene.ordered[0], true);
    scene.reveal(this.model.get("selected"));
  }

  /** Another graph: what is in both stays where it was seen, as far as its layout allows. */
  onContent() {
    const { scene } = this;
    const before = { places: scene.places, pins: pinned(this.content.items) };
    this.readContent();
    this.asked = new Set();
    this.drawn = JSON.stringify(this.model.get("opened"));
    this.showAround();
    this.draw();
    scene.showMoves(before.places, before.pins);
  }

  // -- groups

  /** @param {string} id */
  toggle(id) {
    const open = this.opened;
    if (!open.delete(id)) open.add(id);
    this.setOpen(open, id);
  }

  /**
   * @param {Set<string>} open
   * @param {string} [kept]
   */
  setOpen(open, kept) {
    share(this.model, "opened", [...open]);
    this.anchor = kept;
    this.onOpen();
  }

  onOpen() {
    const now = JSON.stringify(this.model.get("opened"));
    if (now === this.drawn) return;
    this.drawn = now;
    this.draw(this.anchor ?? (this.model.get("selected") || undefined));
    this.anchor = undefined;
  }

  // -- selection

  /** @param {string} id */
  select(id) {
    share(this.model, "selected", id);
  }

  showDetails() {
    const id = this.model.get("selected");
    const isOpen = Boolean(this.scene.places.get(id)?.isOpen);
    this.details.show(this.content.items.get(id), isOpen, () => this.toggle(id));
  }

  onSelected() {
    const id = this.model.get("selected");
    if (id && !this.scene.places.has(id) && this.content.items.has(id)) this.goTo(id);
    else {
      this.scene.select(id);
      this.showDetails();
    }
  }

  /**
   * Opens whatever an item stands in, selects it and brings it into sight.
   *
   * @param {string} id
   * @param {boolean} [isFound]  by a search: its name must be readable
   */
  goTo(id, isFound = false) {
    const around = ancestors(this.content.items, id);
    this.wanted = around.some((group) => !this.content.levels.has(group)) ? id : "";
    const open = this.opened;
    if (around.some((group) => !open.has(group))) this.setOpen(new Set([...open, ...around]));
    if (!this.scene.places.has(id)) return;
    if (isFound) this.scene.zoom.makeReadable();
    this.select(id);
    this.scene.reveal(id, true);
    this.scene.reveal(id);
  }

  /** @param {string} text */
  find(text) {
    if (!this.model.get("_complete") && this.model.send) {
      this.model.send({ type: "search", text });
      return undefined;
    }
    return [...this.content.items.values()]
      .filter((item) => item.find?.includes(searchable(text)))
      .sort((a, b) => (a.order ?? 0) - (b.order ?? 0))
      .map(({ id }) => id);
  }

  // -- what the kernel knows and the page does not

  /** @param {string[]} groups */
  askFor(groups) {
    const missing = groups.filter((id) => !this.asked.has(id));
    for (const id of missing) this.asked.add(id);
    if (missing.length) this.model.send?.({ type: "levels", groups: missing });
  }

  /**
   * @param {{ type: "levels", levels: GraphState["_levels"], items: GraphState["_items"] } |
   *   { type: "found", found: string[], items: GraphState["_items"] } |
   *   { type: "file", name: string, mime: string } | { type: "problem", words: string }} message
   * @param {BlobPart[]} buffers
   */
  onMessage(message, buffers) {
    const { items, levels } = this.content;
    if (message.type === "levels") {
      for (const item of message.items) items.set(item.id, item);
      for (const level of message.levels) levels.set(level.group, level);
      this.draw(this.anchor ?? message.levels[0]?.group);
      if (this.wanted) this.goTo(this.wanted);
    } else if (message.type === "found") {
      for (const item of message.items) if (!items.has(item.id)) items.set(item.id, item);
      this.search.show(message.found);
    } else if (message.type === "file") {
      download(message.name, buffers[0], message.mime);
      this.say("");
    } else if (message.type === "problem") {
      this.say("");
      this.onProblem(message.words);
    }
  }
}
