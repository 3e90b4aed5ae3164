// Puts the layouts of the open groups together to one picture, as composition.py does, so that
// groups open and close without a kernel.

const MARGIN = 10;
const EDGE = 6; // pixels from the corner of a box, where no line ends
const TITLE_HEIGHT = 26;

// A map of places that grows each span [low, high, lack] by what it lacks, and shrinks none.
function makeStretch(growth) {
  const marks = [...new Set(growth.flatMap(([low, high]) => [low, high]))].sort(
    (a, b) => a - b,
  );
  if (!marks.length) return (value) => value;
  const moved = [];
  const rates = [];
  let place = marks[0];
  marks.forEach((low, position) => {
    // Spans that lie over one another share the room.
    let rate = 0;
    if (position < marks.length - 1) {
      for (const [begin, end, lack] of growth) {
        if (begin <= low && low < end) rate = Math.max(rate, lack / (end - begin));
      }
    }
    moved.push(place);
    rates.push(1 + rate);
    if (position < marks.length - 1) place += (marks[position + 1] - low) * (1 + rate);
  });
  return (value) => {
    if (value <= marks[0]) return value;
    let low = 0;
    let high = marks.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (marks[middle] <= value) low = middle;
      else high = middle;
    }
    return moved[low] + (value - marks[low]) * rates[low];
  };
}

function composeLevel(levels, items, open, group) {
  const level = levels.get(group ?? "");
  const inside = new Map();
  const sizes = new Map();
  for (const [id] of level.places) {
    if (!open.has(id) || !levels.has(id)) continue;
    const inner = composeLevel(levels, items, open, id);
    const item = items.get(id);
    inside.set(id, inner);
    sizes.set(id, [
      Math.max(inner.width + 2 * MARGIN, item.titleWidth, item.width),
      Math.max(inner.height + TITLE_HEIGHT + MARGIN, item.height),
    ]);
  }
  const growth = [[], []];
  const places = new Map();
  for (const [id, ...place] of level.places) {
    places.set(id, place);
    if (!sizes.has(id)) continue;
    const folded = [items.get(id).width, items.get(id).height];
    for (const axis of [0, 1]) {
      const half = folded[axis] / 2;
      growth[axis].push([
        place[axis] - half,
        place[axis] + half,
        sizes.get(id)[axis] - 2 * half,
      ]);
    }
  }
  const stretch = growth.map(makeStretch);
  const picture = {
    width: stretch[0](level.width),
    height: stretch[1](level.height),
    boxes: [],
    frames: [],
    curves: [],
    labels: [],
    entries: {},
    exits: {},
  };
  const middles = new Map();
  for (const [id, x, y] of level.places) {
    const middle = [stretch[0](x), stretch[1](y)];
    middles.set(id, middle);
    if (!inside.has(id)) {
      picture.boxes.push({ id, x: middle[0], y: middle[1] });
      continue;
    }
    const [width, height] = sizes.get(id);
    const [left, top] = [middle[0] - width / 2, middle[1] - height / 2];
    picture.frames.push({ id, x: left, y: top, width, height });
    const shift = left + (width - inside.get(id).width) / 2;
    placeInner(inside.get(id), picture, shift, top + TITLE_HEIGHT);
  }
  for (const [key, x] of Object.entries(level.entries)) picture.entries[key] = stretch[0](x);
  for (const [key, x] of Object.entries(level.exits)) picture.exits[key] = stretch[0](x);

  // Where a line begins (end 0) or ends (end 1) in the stretched level.
  const moved = (line, end) => {
    const item = end ? line.target : line.source;
    const [x, y] = end ? line.points.slice(-2) : line.points;
    if (item === null) {
      if (end) return [picture.exits[line.key], picture.height + MARGIN];
      return [picture.entries[line.key], -TITLE_HEIGHT];
    }
    const middle = middles.get(item);
    const inner = inside.get(item);
    if (inner) {
      const [width, height] = sizes.get(item);
      const left = middle[0] - width / 2 + (width - inner.width) / 2;
      const port = (end ? inner.entries : inner.exits)[line.key] ?? inner.width / 2;
      return [left + port, middle[1] + (end ? -height / 2 : height / 2)];
    }
    const before = places.get(item);
    const box = items.get(item);
    const reach = Math.max(0, box.width / 2 - (box.margin ? box.margin + EDGE : 0));
    const across = Math.min(reach, Math.max(-reach, x - before[0]));
    return [middle[0] + across, y + middle[1] - before[1]];
  };
  for (const line of level.lines) {
    const points = bend(line.points, moved(line, 0), moved(line, 1), stretch);
    picture.curves.push({
      line,
      points,
      arrow: line.target !== null && !inside.has(line.target),
    });
    if (line.label) {
      const [x, y] = pointAt(points, line.labelAt);
      const place = { x: x + line.labelX, y: y + line.labelY };
      picture.labels.push({ text: line.label, ...place, inside: group !== null, line });
    }
  }
  return picture;
}

// Moves a line's points with the level, and its first and last two with its ends.
function bend(points, begin, end, stretch) {
  const count = points.length / 2;
  const bent = [];
  for (let number = 0; number < count; number += 1) {
    const [x, y] = [points[2 * number], points[2 * number + 1]];
    if (number < 2) bent.push(begin[0] + x - points[0], begin[1] + y - points[1]);
    else if (number >= count - 2) {
      bent.push(end[0] + x - points.at(-2), end[1] + y - points.at(-1));
    } else bent.push(stretch[0](x), stretch[1](y));
  }
  return bent;
}

// A point of Bézier curves that follow one another: 1.5 is amid the second.
function pointAt(points, at) {
  const first = Math.min(Math.floor(at), Math.floor((points.length / 2 - 2) / 3));
  const t = at - first;
  const weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t ** 2 * (1 - t), t ** 3];
  const point = [0, 0];
  weights.forEach((weight, place) => {
    point[0] += weight * points[6 * first + 2 * place];
    point[1] += weight * points[6 * first + 2 * place + 1];
  });
  return point;
}

function placeInner(inner, outer, x, y) {
  for (const box of inner.boxes) outer.boxes.push({ ...box, x: box.x + x, y: box.y + y });
  for (const it of inner.frames) outer.frames.push({ ...it, x: it.x + x, y: it.y + y });
  for (const it of inner.labels) outer.labels.push({ ...it, x: it.x + x, y: it.y + y });
  for (const it of inner.curves) {
    const points = it.points.map((value, place) => value + (place % 2 ? y : x));
    outer.curves.push({ ...it, points });
  }
}

// The picture of a graph in which some groups are open.
export function compose(levels, items, open) {
  const inner = composeLevel(levels, items, open, null);
  const picture = {
    width: inner.width + 2 * MARGIN,
    height: inner.height + 2 * MARGIN,
    boxes: [],
    frames: [],
    curves: [],
    labels: [],
  };
  placeInner(inner, picture, MARGIN, MARGIN);
  return picture;
}
