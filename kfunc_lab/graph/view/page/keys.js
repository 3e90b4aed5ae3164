// Works the picture by mouse and keyboard.

import { hasModifier, takeKey } from "../../../ui/page/dom.js";
import { neighbour } from "./neighbours.js";
import { ZOOM_STEP } from "./zoom.js";

/** @import { Scene } from "./scene.js" */

/**
 * @param {Scene} scene
 * @param {{ selected: () => string, select: (id: string) => void, toggle: (id: string) => void,
 *   search: () => void }} does
 */
export function listenIn(scene, does) {
  const isGroup = (/** @type {string} */ id) => Boolean(scene.items.get(id)?.group);

  scene.box.addEventListener("click", (event) => {
    if (scene.wasDragged()) return;
    const id = scene.itemUnder(event);
    does.select(id ?? "");
    if (id === undefined) return;
    scene.focus(id);
    if (event.detail < 2 && scene.isOnSign(event, id)) does.toggle(id);
  });

  scene.box.addEventListener("dblclick", (event) => {
    const id = scene.itemUnder(event);
    if (id !== undefined && isGroup(id) && !scene.isOnSign(event, id)) does.toggle(id);
  });

  scene.box.addEventListener("keydown", (event) => {
    const id = scene.itemAt(event.target);
    if (id === undefined || hasModifier(event)) return;
    const zooms = { "+": ZOOM_STEP, "=": ZOOM_STEP, "-": 1 / ZOOM_STEP };
    const key = event.key;
    if (key in zooms) scene.zoom.by(zooms[/** @type {"+"} */ (key)]);
    else if (key === "0") scene.zoom.fit();
    else if (key === "/") does.search();
    else if (key === "Enter" || key === " ") {
      const isAgain = does.selected() === id;
      does.select(id);
      if (isGroup(id) && (isAgain || key === "Enter")) does.toggle(id);
    } else {
      const to = leadsTo(key, id, scene);
      if (to === undefined) return;
      does.select(to);
      scene.focus(to || id);
    }
    takeKey(event);
  });
}

/**
 * @param {string} key
 * @param {string} id
 * @param {Scene} scene
 */
function leadsTo(key, id, { picture, places, ordered, isToRight }) {
  if (key === "Escape") return "";
  if (key === "Home") return ordered[0];
  if (key === "End") return ordered[ordered.length - 1];
  if (!/^Arrow(Up|Down|Left|Right)$/.test(key)) return undefined;
  return neighbour(key, id, { places, curves: picture.curves, isToRight }, ordered);
}
