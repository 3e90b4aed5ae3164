// Shows a view on a page of its own, without a kernel: all that the page needs stands in it.

const { program, state } = JSON.parse(document.getElementById("page")?.textContent ?? "{}");

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

export {}; // a module, which may wait

const script = new Blob([program], { type: "text/javascript" });
const { default: view } = await import(URL.createObjectURL(script));
view.render({ model, el: document.getElementById("view") });
