// Shows a view on a page of its own, without a kernel: its state stands in the page, and its bundle
// follows this script.

const state = JSON.parse(document.getElementById("state")?.textContent ?? "{}");

/** @type {Record<string, (() => void)[]>} */
const listeners = {};

/** @type {import("./model.js").Model<any>} */
const model = {
  get: (name) => state[name],
  set(name, value) {
    const isOther = JSON.stringify(state[name]) !== JSON.stringify(value);
    state[name] = value;
    if (isOther) for (const listener of listeners[`change:${String(name)}`] ?? []) listener();
  },
  save_changes() {},
  on(event, listener) {
    listeners[event] ??= [];
    listeners[event].push(listener);
  },
  off() {},
};

/** @type {any} */ (globalThis).kfuncLabPage = (/** @type {Function} */ render) =>
  render({ model, el: document.getElementById("view") });
