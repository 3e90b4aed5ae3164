// The state that a page shares with its kernel.

/**
 * What anywidget gives a page. Without a kernel there is no `send`.
 *
 * @template {object} State
 * @typedef {object} Model
 * @property {<Name extends keyof State>(name: Name) => State[Name]} get
 * @property {<Name extends keyof State>(name: Name, value: State[Name]) => void} set
 * @property {() => void} save_changes
 * @property {(event: string, listener: (...given: any[]) => void) => void} on
 * @property {(event: string, listener: (...given: any[]) => void) => void} off
 * @property {(content: object, callbacks?: undefined, buffers?: BufferSource[]) => void} [send]
 */

/**
 * Sets a part of the state, in the kernel too.
 *
 * @template {Model<any>} Shared
 * @param {Shared} model
 * @param {Parameters<Shared["set"]>[0]} name
 * @param {Parameters<Shared["set"]>[1]} value
 */
export function share(model, name, value) {
  model.set(name, value);
  model.save_changes();
}

/**
 * Listens to a model until what is returned is called.
 *
 * @param {Model<any>} model
 * @param {Record<string, (...given: any[]) => void>} listeners  by event, such as `change:selected`
 */
export function listen(model, listeners) {
  for (const [event, listener] of Object.entries(listeners)) model.on(event, listener);
  return () => {
    for (const [event, listener] of Object.entries(listeners)) model.off(event, listener);
  };
}

/**
 * Makes what anywidget shows. Its style sheet holds only inside the element that is marked here.
 *
 * @template {object} State
 * @param {string} name  of its bundle
 * @param {(given: { model: Model<State>, el: HTMLElement }) => (() => void) | undefined} render
 *   draws the view, and returns what ends it
 * @param {(given: { model: Model<State> }) => (() => void) | undefined} [initialize]
 *   begins with the widget, before any view of it, and returns what ends with it
 */
export function defineView(name, render, initialize) {
  /** @param {{ model: Model<State>, el: HTMLElement }} given */
  const marked = ({ model, el }) => {
    el.classList.add(`kfunc-lab-${name}-view`);
    return render({ model, el });
  };
  // A saved page waits for its view: see standalone.js.
  /** @type {any} */ (globalThis).kfuncLabPage?.(marked);
  return { render: marked, initialize };
}
