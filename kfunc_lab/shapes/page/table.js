// The table of shapes and costs, one row a call or folded group.

import { element, hasModifier, takeKey } from "../../ui/page/dom.js";
import { share } from "../../ui/page/model.js";
import { filled } from "../../ui/page/words.js";
import { seenRows } from "./state.js";

/** @import { Row, ShapesModel } from "./state.js" */

const AMOUNTS = /** @type {const} */ (["parameters", "multiply_adds", "memory"]);

/** The table in its box, of which each row is a stop for the keyboard. */
export class ShapeTable {
  /** @param {ShapesModel} model */
  constructor(model) {
    this.model = model;
    this.words = model.get("_words");
    this.root = element("div", "kfunc-lab-table");
    this.head = element("thead");
    this.body = element("tbody");
    /** @type {Map<string, HTMLTableRowElement>} */
    this.lines = new Map(); // of each item that is seen
    const table = element("table");
    table.setAttribute("role", "grid");
    table.setAttribute("aria-label", this.words.table);
    const row = element("tr");
    for (const name of ["call", "output_shape", ...AMOUNTS]) {
      const cell = element("th", "", this.words[name]);
      cell.scope = "col";
      row.append(cell);
    }
    this.head.append(row);
    table.append(this.head, this.body);
    this.root.append(table);
    this.body.addEventListener("keydown", (event) => this.onKey(event));
  }

  show() {
    const rows = seenRows(this.model.get("_table").rows, this.opened);
    const leaves = rows.filter(({ isOpen }) => !isOpen).map(({ row }) => row);
    const largest = AMOUNTS.map((name) => Math.max(1, ...leaves.map((row) => row[name].value)));
    const kept = this.itemAt(document.activeElement);
    this.lines = new Map(
      rows.map(({ row, isOpen }) => [row.item, this.lineOf(row, isOpen, largest)]),
    );
    this.body.replaceChildren(...this.lines.values());
    this.markSelected();
    if (kept !== undefined) this.lines.get(kept)?.focus({ preventScroll: true });
  }

  /**
   * @param {Row} row
   * @param {boolean} isOpen
   * @param {number[]} largest  of each amount
   */
  lineOf(row, isOpen, largest) {
    const line = element("tr", row.state);
    line.dataset.row = row.item;
    line.tabIndex = -1;
    const first = element("td", "kfunc-lab-name");
    first.style.paddingLeft = `${8 + 14 * row.depth}px`;
    if (row.group) {
      first.append(this.signOf(row, isOpen));
      line.setAttribute("aria-expanded", String(isOpen));
    }
    first.append(element("strong", "", row.name), element("span", "", row.kind));
    const shape = element("td", "kfunc-lab-shape", isOpen ? "" : row.shape);
    shape.classList.toggle("changed", row.changed.includes("shape"));
    line.append(first, shape);
    AMOUNTS.forEach((name, place) => {
      const { words, value } = row[name];
      const cell = element("td", "kfunc-lab-amount");
      cell.classList.toggle("changed", row.changed.includes(name));
      if (value > 0 && !isOpen) {
        const bar = element("span", "kfunc-lab-bar");
        bar.style.width = `${(100 * value) / largest[place]}%`;
        cell.append(bar);
      }
      cell.append(element("span", "", words));
      line.append(cell);
    });
    line.addEventListener("click", () => this.select(row.item));
    return line;
  }

  /**
   * @param {Row} row
   * @param {boolean} isOpen
   */
  signOf({ item, name }, isOpen) {
    const sign = element("button", "kfunc-lab-toggle", isOpen ? "▾" : "▸");
    sign.type = "button";
    sign.tabIndex = -1;
    const label = isOpen ? this.words.close_group : this.words.open_group;
    sign.setAttribute("aria-label", filled(label, { name }));
    sign.addEventListener("click", (event) => {
      event.stopPropagation();
      this.toggle(item);
    });
    return sign;
  }

  get opened() {
    return new Set(this.model.get("opened"));
  }

  /** @param {string} item */
  select(item) {
    share(this.model, "selected", item);
  }

  /** @param {string} item */
  toggle(item) {
    const open = this.opened;
    if (!open.delete(item)) open.add(item);
    share(this.model, "opened", [...open]);
  }

  markSelected() {
    const selected = this.model.get("selected");
    const stop = this.lines.has(selected) ? selected : this.lines.keys().next().value;
    for (const [item, line] of this.lines) {
      line.setAttribute("aria-selected", String(item === selected));
      line.tabIndex = item === stop ? 0 : -1;
    }
  }

  showSelected() {
    this.markSelected();
    const line = this.lines.get(this.model.get("selected"));
    if (!line) return;
    const top = line.offsetTop - this.head.offsetHeight;
    const below = line.offsetTop + line.offsetHeight;
    const { scrollTop, clientHeight } = this.root;
    if (top < scrollTop) this.root.scrollTop = top;
    else if (below > scrollTop + clientHeight) this.root.scrollTop = below - clientHeight;
  }

  /** @param {EventTarget | null} target */
  itemAt(target) {
    if (!(target instanceof Element) || !this.body.contains(target)) return undefined;
    return target.closest("tr")?.dataset.row;
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const item = this.itemAt(event.target);
    if (hasModifier(event) || item === undefined) return;
    const isGroup = this.lines.get(item)?.hasAttribute("aria-expanded");
    const isOpen = this.opened.has(item);
    const to = this.leadsTo(event.key, item);
    if (to !== undefined) {
      this.select(to);
      this.lines.get(to)?.focus({ preventScroll: true });
    } else if (event.key === "Enter" || event.key === " ") {
      if (isGroup) this.toggle(item);
      this.select(item);
    } else if (event.key === (isOpen ? "ArrowLeft" : "ArrowRight") && isGroup)
      this.toggle(item);
    else if (event.key === "Escape") this.select("");
    else return;
    takeKey(event);
  }

  /**
   * @param {string} key
   * @param {string} item
   */
  leadsTo(key, item) {
    const items = [...this.lines.keys()];
    const at = items.indexOf(item);
    if (key === "ArrowDown") return items[at + 1] ?? item;
    if (key === "ArrowUp") return items[at - 1] ?? item;
    if (key === "Home") return items[0];
    return key === "End" ? items[items.length - 1] : undefined;
  }
}
