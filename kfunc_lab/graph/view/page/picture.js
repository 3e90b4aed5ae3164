// Draws a composed picture into an <svg>, as drawing.py does.

import { parseSvg, svgElement } from "../../../ui/page/dom.js";

const ARROW = 7;
const REGION_EDGE = 8;
const DASHED = ["lost", "mark-removed", "mark-ghost"];

function curvePath(points) {
  const numbers = points.map((value) => value.toFixed(1));
  return `M${numbers[0]} ${numbers[1]}C${numbers.slice(2).join(" ")}`;
}

function markEnds(node, line) {
  for (const end of ["source", "target"]) if (line[end] !== null) node.dataset[end] = line[end];
}

function drawCurve({ line, points, arrow }) {
  const group = svgElement("g", { class: `edge ${line.kind}`.trim() });
  const drawn = [...points];
  if (arrow) {
    const [x, y] = drawn.slice(-2);
    const [beforeX, beforeY] = drawn.slice(-4);
    const length = Math.hypot(x - beforeX, y - beforeY) || 1;
    const base = [x - (ARROW * (x - beforeX)) / length, y - (ARROW * (y - beforeY)) / length];
    const half = [(y - base[1]) * 0.45, (base[0] - x) * 0.45];
    drawn.splice(-2, 2, ...base);
    group.append(
      svgElement("path", {
        class: "arrow",
        d:
          `M${x} ${y}L${base[0] + half[0]} ${base[1] + half[1]} ` +
          `${base[0] - half[0]} ${base[1] - half[1]}Z`,
      }),
    );
  }
  markEnds(group, line);
  const path = svgElement("path", { class: "line", d: curvePath(drawn), fill: "none" });
  if (DASHED.includes(line.kind)) path.setAttribute("stroke-dasharray", "5 3");
  group.prepend(path);
  return group;
}

function drawRegions(picture, items, regions) {
  return regions
    .map((members, number) => [new Set(members), number])
    .reverse()
    .flatMap(([members, number]) => {
      const spread = REGION_EDGE + 4 * number;
      const boxes = picture.boxes.filter(({ id }) => members.has(id));
      const between = picture.curves.filter(
        ({ line }) => members.has(line.from) && line.takers.some((taker) => members.has(taker)),
      );
      // The border first, a little larger; then the fill over it: one outline around the whole.
      return [
        ["border", 1.5],
        ["fill", 0],
      ].flatMap(([layer, extra]) => {
        const name = `region-${number % 4} region-${layer}`;
        const edge = spread + extra;
        return [
          ...between
            .filter(({ line }) => line.target !== null)
            .map(({ points }) =>
              svgElement("path", {
                class: `${name} band`,
                d: curvePath(points),
                fill: "none",
                "stroke-width": 2 * edge,
              }),
            ),
          ...boxes.map(({ id, x, y }) =>
            svgElement("rect", {
              class: name,
              x: x - items.get(id).width / 2 - edge,
              y: y - items.get(id).height / 2 - edge,
              width: items.get(id).width + 2 * edge,
              height: items.get(id).height + 2 * edge,
              rx: 8 + spread,
            }),
          ),
        ];
      });
    });
}

// Fills the drawing, and returns what can be selected: a node for each item that is seen.
export function drawPicture(drawing, picture, items, emphasis) {
  const nodes = new Map();
  const behind = picture.frames.map((frame) =>
    svgElement("rect", {
      class: "frame",
      x: frame.x,
      y: frame.y,
      width: frame.width,
      height: frame.height,
      rx: 8,
    }),
  );
  const curves = picture.curves.map((curve) => ({ ...curve, node: drawCurve(curve) }));
  const boxes = parseSvg(picture.boxes.map(({ id }) => `<g>${items.get(id).svg}</g>`).join(""));
  picture.boxes.forEach(({ id, x, y }, place) => {
    const node = boxes[place];
    const item = items.get(id);
    node.setAttribute("class", item.classes);
    node.setAttribute("transform", `translate(${x} ${y})`);
    const value = emphasis.values.get(id);
    if (value) {
      node.classList.add("valued");
      node.style.setProperty("--value", value[0]);
      node.style.setProperty("--ink", value[1]);
    }
    if (item.order !== undefined) nodes.set(id, { node, frame: null });
  });
  const labels = picture.labels.map(({ text, x, y, inside, line }) => {
    const look = { class: inside ? "label inside" : "label", "font-size": 10 };
    const label = svgElement("text", { ...look, x, y: y + 3.5, "text-anchor": "middle" }, text);
    markEnds(label, line);
    label.dataset.tensor = line.key;
    return label;
  });
  const titles = parseSvg(
    picture.frames.map(({ id }) => `<g>${items.get(id).title}</g>`).join(""),
  );
  picture.frames.forEach((frame, place) => {
    const node = titles[place];
    node.setAttribute("class", "title");
    node.setAttribute("transform", `translate(${frame.x} ${frame.y})`);
    const area = { class: "title-area", width: frame.width, height: 26, rx: 8, fill: "none" };
    node.prepend(svgElement("rect", { ...area, "pointer-events": "all" }));
    nodes.set(frame.id, { node, frame: behind[place] });
  });
  drawing.setAttribute("viewBox", `0 0 ${picture.width} ${picture.height}`);
  drawing.replaceChildren(
    ...behind,
    ...drawRegions(picture, items, emphasis.regions),
    ...curves.map((curve) => curve.node),
    ...boxes,
    ...labels,
    ...titles,
  );
  return { nodes, curves };
}
