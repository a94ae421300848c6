// Drawing: everything that is SVG.

function svg(tag, attributes = {}, ...inside) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) e.setAttribute(name, value);
  e.append(...inside);
  return e;
}

function html(tag, attributes = {}, ...inside) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) e.setAttribute(name, value);
  e.append(...inside);
  return e;
}

const plural = (n, one, many = one + "s") => `${n} ${n === 1 ? one : many}`;
const clip = (text, n) => (text.length <= n ? text : text.slice(0, Math.max(n - 1, 0)) + "…");

/** Diagonal lines: what has moved is told apart without colours too. */
const hatch = (id) => svg("pattern", { id, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
  svg("path", { d: "M0 0V6", style: "stroke:var(--gone-line);stroke-width:2.4;opacity:.55" }));

/** The header, a row for each eight bytes. */
function drawHeader(map, was) {
  const [left, byte, height] = [34, 37.5, 62];
  const rows = Math.max(...DATA.fields.map((f) => f.offset + f.size)) / 8;
  const g = svg("svg", { viewBox: `0 0 ${left + 8 * byte} ${rows * height}`, role: "img" });
  const said = [];
  for (let r = 0; r < rows; r++) {
    g.append(svg("text", { x: 0, y: r * height + 33, class: "dim small" }, "+" + 8 * r));
  }
  DATA.fields.forEach((f, i) => {
    const [hex, text] = map.header[i];
    const before = was.get(i);
    const [x, y] = [left + (f.offset % 8) * byte, Math.floor(f.offset / 8) * height];
    said.push(`${f.name} ${text}${before ? ", before " + before[1] : ""}`);
    g.append(svg("text", { x: x + 1, y: y + 12, class: "small dim" }, f.name));
    for (let n = 0; n < f.size; n++) {
      const pair = hex.slice(2 * n, 2 * n + 2);
      const other = before && before[0].slice(2 * n, 2 * n + 2) !== pair;
      g.append(svg("rect", { x: x + n * byte + 1, y: y + 17, width: byte - 2, height: 22, rx: 3, class: other ? "byte changed" : "byte" }));
      g.append(svg("text", { x: x + (n + 0.5) * byte, y: y + 32, "text-anchor": "middle", class: other ? "small new" : pair === "00" ? "small dim" : "small" }, pair));
    }
    // Flags have names: they stand below.
    const value = f.name === "flags" ? "0x" + hex : f.name === "hash0" ? text : before && f.size === 8 ? `${before[1]} → ${text}` : text;
    const room = Math.floor((f.size * byte) / 6.8);
    g.append(svg("text", { x: x + 1, y: y + 53, class: before ? "small new" : "small" }, svg("title", {}, `${f.name}: ${text}`), clip((before ? "▸" : "") + value, Math.max(room, 4))));
  });
  g.setAttribute("aria-label", "Header: " + said.join("; "));
  return g;
}

const MARK_NAMES = ["rest", "one", "→X", "→Y", "→∅"];

function drawMark(x, y, top, classes, title) {
  const kind = top >= MIN_TOP_HASH ? "live" : top >= 2 ? "moved" : top === 1 ? "one" : "rest";
  const name = top >= MIN_TOP_HASH ? top.toString(16).padStart(2, "0") : MARK_NAMES[top];
  return svg("g", {}, svg("title", {}, title ?? MARKS[top] ?? `tophash 0x${name}`),
    svg("rect", { x, y, width: 42, height: 16, rx: 3, class: `cell ${kind} ${classes}` }),
    svg("text", { x: x + 21, y: y + 12, "text-anchor": "middle", class: kind === "rest" ? "small dim" : "small" }, name));
}

/** A bucket. `o` says what there is to say of it: its name, its state, the bucket before the step, slots examined, slot found. */
function drawBucket(map, b, o) {
  const W = 288;
  const top = o.state ? 42 : 25;
  const bottom = top + SLOTS * 20;
  const wide = map.about.elem === "struct {}" || map.about.elem === "struct{}" ? W - 80 : (W - 80) / 2;
  const room = Math.floor((wide - 6) / 7.3);
  const g = svg("svg", { viewBox: `0 0 ${W} ${bottom + 22}`, role: "img" });
  if (o.moved) g.append(svg("defs", {}, hatch("hatch-" + o.id)));
  g.append(svg("rect", { x: 1, y: 1, width: W - 2, height: bottom + 20, rx: 8, class: o.found ? "card found" : "card" }));
  if (o.moved) g.append(svg("rect", { x: 2, y: 2, width: W - 4, height: top - 6, rx: 7, style: `fill:url(#hatch-${o.id});opacity:.45` }));
  g.append(svg("text", { x: 10, y: 18, class: "name" }, o.name));
  const n = entries(b);
  g.append(svg("text", { x: W - 10, y: 18, "text-anchor": "end", class: o.changed ? "note new" : "note dim" }, (o.changed ? (o.name.length > 18 ? "▸ " : "▸ changed · ") : "") + `${n} of 8`));
  if (o.state) g.append(svg("text", { x: 10, y: 35, class: "note" }, o.state));
  const said = [];
  for (let i = 0; i < SLOTS; i++) {
    const y = top + i * 20;
    const is = live(b, i);
    const was = o.before;
    const marked = was && was.top[i] !== b.top[i];
    const [newKey, newElem] = [was && was.key[i] !== b.key[i], was && was.elem[i] !== b.elem[i]];
    const seen = o.seen?.get(i);
    if (newKey) g.append(svg("rect", { x: 70, y, width: wide - 2, height: 17, rx: 3, class: "changed" }));
    if (newElem) g.append(svg("rect", { x: 70 + wide, y, width: wide - 2, height: 17, rx: 3, class: "changed" }));
    g.append(svg("text", { x: 9, y: y + 12, class: marked || newKey || newElem ? "small new" : "small dim" }, marked || newKey || newElem ? "▸" + i : "" + i));
    g.append(drawMark(25, y, b.top[i], (marked ? "changed " : "") + (o.slot === i ? "found" : "")));
    if (seen) g.append(svg("rect", { x: 22, y: y - 2.5, width: 48, height: 21, rx: 5, class: "seen" }, svg("title", {}, `examined ${seen}.`)));
    if (o.slot === i) g.append(svg("rect", { x: 20.5, y: y - 3, width: W - 30, height: 22.5, rx: 5, class: "lit" }));
    const put = (text, x, changed) => {
      if (!text) return;
      const shown = is ? text : `[${text}]`;
      g.append(svg("text", { x, y: y + 12.5, class: changed ? "new" : is ? "" : "ghost" }, svg("title", {}, text), clip(shown, room)));
    };
    put(b.key[i], 74, newKey);
    put(b.elem[i], 74 + wide, newElem);
    const mark = MARKS[b.top[i]] ?? "";
    if (is) said.push(`slot ${i}: ${b.key[i]}${b.elem[i] ? " = " + b.elem[i] : ""}`);
    else if (mark !== "emptyRest") said.push(`slot ${i}: ${mark}`);
  }
  g.append(svg("text", { x: 10, y: bottom + 12, class: o.overflowChanged ? "note new" : "note dim" }, o.overflow));
  g.setAttribute("aria-label", [o.name, o.state, o.changed ? "changed" : "", ...said, o.overflow].filter(Boolean).join("; "));
  return g;
}

/** A bucket of which only the number of entries is known. */
function drawBare(name, n) {
  const text = `${plural(n, "entry", "entries")}, not on this page`;
  return svg("svg", { viewBox: "0 0 288 46", role: "img", "aria-label": `${name}: ${text}` },
    svg("rect", { x: 1, y: 1, width: 286, height: 44, rx: 8, class: "card", "stroke-dasharray": "4 3" }),
    svg("text", { x: 10, y: 18, class: "name" }, name), svg("text", { x: 10, y: 35, class: "note dim" }, text));
}

/** An arrow down to the next bucket of a chain. */
const drawLink = () => svg("svg", { viewBox: "0 0 288 16", "aria-hidden": "true" }, svg("path", { d: "M20 0V12M15 8l5 5 5-5", class: "arrow" }));

/** All buckets of an array: how full each is, which have moved, which have changed, and which are shown below. */
function drawOverview(bars, window) {
  const columns = Math.min(bars.length, 512);
  const per = bars.length / columns;
  const w = 1024 / columns;
  const g = svg("svg", { viewBox: "0 0 1024 46", preserveAspectRatio: "none", class: "overview", "aria-hidden": "true" }, svg("defs", {}, hatch("hatch")));
  const most = Math.max(8, ...bars.map((b) => b.n));
  for (let c = 0; c < columns; c++) {
    const of = bars.slice(Math.floor(c * per), Math.max(Math.floor((c + 1) * per), Math.floor(c * per) + 1));
    const h = (30 * of.reduce((n, b) => n + b.n, 0)) / of.length / most;
    const gap = Math.min(1, w / 6);
    g.append(svg("rect", { x: c * w + gap, y: 6, width: w - 2 * gap, height: 30, class: "track" }));
    if (of.every((b) => b.moved)) g.append(svg("rect", { x: c * w + gap, y: 6, width: w - 2 * gap, height: 30, class: "fill moved" }));
    else g.append(svg("rect", { x: c * w + gap, y: 36 - h, width: w - 2 * gap, height: h, class: "fill" }));
    if (of.some((b) => b.changed)) g.append(svg("rect", { x: c * w, y: 40, width: Math.max(w, 3), height: 5, class: "tick" }));
  }
  const x = (1024 * window[0]) / bars.length;
  g.append(svg("rect", { x, y: 2, width: (1024 * (window[1] - window[0])) / bars.length, height: 37, class: "window" }));
  return g;
}

/** How far a growth has come. */
function drawGrowth(done, all, text) {
  const g = svg("svg", { viewBox: "0 0 1000 26", preserveAspectRatio: "none", role: "img", "aria-label": text });
  g.append(svg("defs", {}, hatch("hatch-growth")));
  g.append(svg("rect", { x: 0, y: 4, width: 1000, height: 18, rx: 4, class: "track" }));
  g.append(svg("rect", { x: 0, y: 4, width: (1000 * done) / all, height: 18, rx: 4, style: "fill:url(#hatch-growth)" }));
  return g;
}

/** The number of entries over the steps; growths, faults and deaths. */
function drawTimeline(g, points) {
  const n = Math.max(points.length - 1, 1);
  const most = Math.max(1, ...points.map((p) => p.count));
  const x = (i) => (1000 * i) / n;
  const y = (count) => 38 - (34 * Math.max(count, 0)) / most;
  g.setAttribute("viewBox", "0 0 1000 40");
  for (let i = 0; i < points.length; i++) {
    if (!points[i].growing) continue;
    const from = i;
    while (i + 1 < points.length && points[i + 1].growing) i++;
    g.append(svg("rect", { x: x(Math.max(from - 0.5, 0)), y: 0, width: Math.max(x(i + 0.5) - x(Math.max(from - 0.5, 0)), 1.5), height: 40, class: "span" }));
  }
  const line = points.map((p, i) => `${i ? "L" : "M"}${x(i).toFixed(2)} ${y(p.count).toFixed(2)}`).join("");
  g.append(svg("path", { d: `${line}L1000 40L0 40z`, class: "under" }), svg("path", { d: line, class: "curve" }));
  points.forEach((p, i) => p.bad && g.append(svg("path", { d: `M${x(i)} 0V40`, class: "fault" })));
}
