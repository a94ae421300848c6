// What can be done on the page.

const film = new Film();
const $ = (id) => document.getElementById(id);
/** Chains that are shown of an array. */
const SHOWN = 24;
const first = { new: 0, old: 0 };
let pinned = -1;
let found = null;
let timer = 0;

const map = () => film.maps[pinned >= 0 ? pinned : (film.step?.m ?? film.steps[0]?.m ?? 0)];
const label = (side, i, link) => (link ? `overflow ${link} of ` : "") + (side === "old" ? "old bucket " : "bucket ") + i;

/** What is at an address, by name. */
function nameOf(m, addr) {
  if (!addr) return "nil";
  const at = m.inArray(addr);
  if (at?.spare) return `${at.side === "old" ? "old " : ""}spare ${at.i - m.arrays[at.side].n}`;
  const home = m.home(addr);
  return home ? label(home.side, home.i, home.link) : "0x" + addr;
}

/** The way of the step: kind, words, and the bucket and slot it is at. */
function way() {
  const w = film.step?.w ?? [];
  return Array.from({ length: w.length / 4 }, (_, i) => ({
    kind: DATA.kinds[w[4 * i]], words: DATA.words[w[4 * i + 1]], addr: addrOf(w[4 * i + 2]), slot: w[4 * i + 3],
  }));
}

/** Slots that the step has examined, by their buckets: which one came when. */
function examined(steps) {
  const all = new Map();
  let n = 0;
  for (const s of steps.filter((s) => s.kind === "slot" && s.addr)) {
    if (!all.has(s.addr)) all.set(s.addr, new Map());
    all.get(s.addr).set(s.slot, ++n);
  }
  return all;
}

/** Moves the windows to where something has happened. */
function follow(m, changes, steps) {
  const addrs = [...changes.buckets.keys(), ...steps.map((s) => s.addr)].filter(Boolean);
  for (const side of ["old", "new"]) {
    const a = m.arrays[side];
    if (!a) continue;
    for (const addr of addrs) {
      const home = m.home(addr);
      if (home?.side !== side) continue;
      if (home.i < first[side] || home.i >= first[side] + SHOWN) first[side] = home.i - (home.i % SHOWN);
      break;
    }
    first[side] = Math.max(0, Math.min(first[side], a.n - 1));
  }
}

/** What the step has changed, in a line. */
function summary(m, changes) {
  const parts = [];
  if (changes.made) parts.push(m.at ? `${m.about.type} made` : "a nil map");
  else for (const [i, was] of changes.header) parts.push(`${DATA.fields[i].name} ${was[1]} → ${m.header[i][1]}`);
  const buckets = [...changes.buckets].filter(([addr]) => m.buckets.has(addr));
  const told = buckets.slice(0, 3).map(([addr, was]) => {
    const b = m.bucket(addr);
    const slots = b.top.map((_, i) => i).filter((i) => ["top", "key", "elem"].some((k) => b[k][i] !== (was ?? NOTHING)[k][i]));
    const where = nameOf(m, addr);
    return slots.length ? `${where} slot${slots.length > 1 ? "s" : ""} ${slots.join(" ")}` : where;
  });
  if (buckets.length > 3) told.push(plural(buckets.length - 3, "more bucket"));
  return [...parts, ...told].join("; ") || "nothing";
}

function showArray(m, side, changes, steps) {
  const section = $(side);
  const a = m.arrays[side];
  section.hidden = !a;
  if (!a) return section.replaceChildren();
  const from = Math.max(0, Math.min(first[side], a.n - 1));
  const to = Math.min(from + SHOWN, a.n);
  const changed = new Set([...changes.buckets.keys()].map((addr) => m.home(addr)).filter((h) => h?.side === side).map((h) => h.i));
  const title = html("h2", { id: side + "-title" }, side === "old" ? "oldbuckets" : "buckets");
  const spare = a.all - a.n;
  title.append(html("span", { class: "faint" }, ` at 0x${a.base.toString(16)}: ${plural(a.n, "bucket")} of ${m.size} bytes${spare ? `, ${plural(spare, "spare")}` : ""}`));
  const bar = html("div", { class: "bar" }, title);
  if (a.n > SHOWN) {
    const at = html("input", { type: "number", min: 0, max: a.n - 1, value: from, "aria-label": `First ${side === "old" ? "old " : ""}bucket shown` });
    const move = (to) => { first[side] = Math.max(0, Math.min(to, a.n - 1)); show(false); };
    at.addEventListener("change", () => move(Number(at.value)));
    const button = (text, to, off) => {
      const b = html("button", { type: "button" }, text);
      b.disabled = off;
      b.addEventListener("click", () => move(to));
      return b;
    };
    const form = html("form", {}, button("‹ before", from - SHOWN, from === 0), html("label", { class: "faint" }, "Buckets from ", at, ` to ${to - 1} of ${a.n}`), button("after ›", from + SHOWN, to === a.n));
    form.addEventListener("submit", (e) => e.preventDefault());
    bar.append(form);
  }
  const bars = Array.from({ length: a.n }, (_, i) => {
    const b = side === "old" ? m.bucket(m.addr(side, i)) : null;
    return { n: m.fullness(side, i), moved: Boolean(b && evacuated(b)), changed: changed.has(i) };
  });
  const overview = drawOverview(bars, [from, to]);
  overview.addEventListener("click", (e) => {
    const box = overview.getBoundingClientRect();
    const i = Math.floor(((e.clientX - box.left) / box.width) * a.n);
    first[side] = Math.max(0, Math.min(i - SHOWN / 2, a.n - SHOWN));
    show(false);
  });
  const cards = html("div", { class: "cards" });
  const seen = examined(steps);
  for (let i = from; i < to; i++) cards.append(showChain(m, side, i, changes, seen));
  section.replaceChildren(bar, ...(a.n > 1 ? [overview] : []), cards);
}

/** What an old bucket's marks say of it. */
function state(m, i, b) {
  const n = m.arrays.old.n;
  const to = m.sameSize ? `${i}` : `${i} (X), ${i + n} (Y)`;
  const next = i === m.number("nevacuate") ? " · nevacuate" : "";
  return evacuated(b) ? `evacuated → ${to}` : `not yet evacuated${next}`;
}

function showChain(m, side, i, changes, seen) {
  const box = html("div", { class: "chain" });
  const bare = m.bare(side, i);
  if (bare !== undefined) {
    box.append(drawBare(label(side, i), bare));
    return box;
  }
  const { links, end } = m.chain(side, i);
  links.forEach(({ addr, b }, link) => {
    const was = changes.buckets.has(addr) ? (changes.buckets.get(addr) ?? NOTHING) : null;
    const last = link + 1 === links.length;
    const moved = side === "old" && evacuated(b);
    const hit = found && found.addr === addr;
    if (link) box.append(drawLink());
    const card = drawBucket(m, b, {
      id: `${side}-${i}-${link}`, name: label(side, i, link), before: was, changed: Boolean(was), moved,
      state: side === "old" && !link ? state(m, i, b) : undefined, seen: seen.get(addr), found: hit, slot: hit ? found.slot : undefined,
      overflow: `overflow → ${last ? end || "nil" : label(side, i, link + 1)}`, overflowChanged: Boolean(was && was.next !== b.next),
    });
    card.dataset.addr = addr;
    box.append(card);
  });
  return box;
}

function showHeader(m, changes) {
  if (!m.at) return $("header").replaceChildren(html("p", {}, "A nil map: no header, no buckets."));
  const flags = parseInt(m.field("flags")[0], 16);
  const list = html("ul", { class: "flags", "aria-label": "flags" }, ...DATA.flags.map((name, i) => {
    const set = flags & (1 << i);
    return html("li", { class: set ? "set" : "faint" }, `${set ? "●" : "○"} ${name}`);
  }));
  const parts = [drawHeader(m, changes.made ? new Map() : changes.header), list];
  if (m.extra) {
    const [overflow, old, next] = m.extra;
    const listed = (n) => (n < 0 ? "nil" : `${n} listed`);
    parts.push(html("p", { class: "faint" }, `extra: overflow ${listed(overflow)}, oldoverflow ${listed(old)}, nextOverflow ${nameOf(m, addrOf(next))}`));
  }
  m.defects.forEach((d) => parts.push(html("p", { class: "defect" }, d)));
  $("header").replaceChildren(...parts);
}

function showWay(m, steps) {
  const items = steps.map((s) => {
    const bad = s.kind === "fault" || s.kind === "death";
    const words = s.addr ? html("button", { type: "button" }, s.words) : html("span", {}, s.words);
    if (s.addr) words.addEventListener("click", () => light(m, s.addr, s.slot < 0 ? undefined : s.slot));
    words.classList.add(bad ? "bad" : "words");
    return html("li", {}, html("span", { class: "kind" }, s.kind), words);
  });
  if (film.step?.r) items.splice(-1, 0, html("li", {}, html("span", { class: "kind" }, "…"), html("span", {}, `${plural(film.step.r, "more step")}: gohmap trace tells them`)));
  if (!items.length) items.push(html("li", {}, "", film.step ? "not on this page" : "before the first step"));
  $("way").replaceChildren(...items);
  $("way").scrollTop = 0;
}

/** Shows a bucket, and a slot of it. */
function light(m, addr, slot) {
  const home = m.home(addr);
  if (!home) return;
  found = { addr, slot };
  if (home.i < first[home.side] || home.i >= first[home.side] + SHOWN) first[home.side] = home.i - (home.i % SHOWN);
  show(false);
  document.querySelector(`[data-addr="${addr}"]`)?.scrollIntoView({ block: "center" });
}

/** Why a key is where it is. */
function reasons(m, hit) {
  const hash = hit.b.hash[hit.slot];
  if (!hash) return ["This key is not equal to itself: each time its hash is drawn at random."];
  const h = BigInt("0x" + hash);
  const top = Number(h >> 56n);
  const b = m.number("B");
  const bits = b ? (h & ((1n << BigInt(b)) - 1n)).toString(2).padStart(b, "0") : "";
  const all = [
    `Its hash is 0x${hash}, with hash0 ${m.field("hash0")[1]}.`,
    b ? `B is ${b}: the lowest ${plural(b, "bit")}, ${bits}, say bucket ${parseInt(bits, 2)} of ${2 ** b}.` : "B is 0: there is one bucket.",
    `The highest byte is 0x${top.toString(16).padStart(2, "0")}${top < MIN_TOP_HASH ? `, below minTopHash, so ${MIN_TOP_HASH} is added` : ""}: tophash ${hit.b.top[hit.slot].toString(16).padStart(2, "0")}.`,
  ];
  if (m.arrays.old) {
    const old = Number(h & BigInt(m.arrays.old.n - 1));
    const moved = evacuated(m.bucket(m.addr("old", old)) ?? NOTHING);
    all.push(moved ? `Old bucket ${old} is evacuated, so it is looked for in buckets.` : `Old bucket ${old} is not evacuated yet, so it is looked for in oldbuckets.`);
  }
  if (hit.link) all.push(`The ${hit.link === 1 ? "bucket" : hit.link + " buckets"} before it in the chain ${hit.link === 1 ? "was" : "were"} full when it came.`);
  return all;
}

function search() {
  const text = $("key").value.trim();
  found = null;
  $("found").replaceChildren();
  const m = map();
  if (text) {
    const exact = (k) => k === text || k === JSON.stringify(text);
    let hits = m.find(exact);
    if (!hits.length) hits = m.find((k) => k.includes(text));
    const [hit] = hits;
    if (hit) {
      const where = `${label(hit.side, hit.i, hit.link)}, slot ${hit.slot}`;
      const says = hit.live ? `${hit.b.key[hit.slot]} is in ${where}.` : `${hit.b.key[hit.slot]} is not in the map; its bytes are left in ${where}, marked ${MARKS[hit.b.top[hit.slot]] ?? "evacuated"}.`;
      $("found").append(html("strong", {}, says));
      if (hit.live) $("found").append(html("ul", {}, ...reasons(m, hit).map((r) => html("li", {}, r))));
      const more = hits.filter((h) => h.live).length - 1;
      if (more > 0) $("found").append(html("p", { class: "faint" }, `${plural(more, "other key")} match${more === 1 ? "es" : ""} too.`));
      light(m, hit.addr, hit.slot);
      return;
    }
    $("found").append(html("strong", {}, `${text} is not in the map at this step.`));
    const comes = film.steps.findIndex((s) => film.maps[s.m] === m && (s.d.b ?? []).some((b) => b.slice(3).some(([, k, , h]) => h && exact(k))));
    if (comes >= 0) {
      const b = html("button", { type: "button" }, `It comes with step ${comes + 1}`);
      b.addEventListener("click", () => { go(comes + 1); search(); });
      $("found").append(html("p", {}, b));
    }
  }
  show(false);
}

/** Shows the present step; moves the windows to what it has done if that is wanted. */
function show(moved = true) {
  const m = map();
  const step = film.step;
  const mine = step && film.maps[step.m] === m;
  const changes = film.changes(m);
  const steps = mine ? way() : [];
  if (moved) follow(m, changes, steps);
  const n = film.steps.length;
  $("slider").value = film.now;
  $("where").textContent = step ? `Step ${film.now} of ${n} · op ${step.n}${step.l ? `, line ${step.l}` : ""}` : `Before step 1 of ${n}`;
  $("text").textContent = step?.t ?? "";
  const what = { fault: "A fault strikes. ", death: "The program dies. " }[step?.k] ?? "";
  const text = !step ? "" : mine ? `${what}Changed: ${summary(m, changes)}.` : `This step is on ${film.maps[step.m].about.name}.`;
  $("say").textContent = text;
  $("slider").setAttribute("aria-valuetext", `${$("where").textContent}: ${step?.t ?? ""}`);
  $("title").textContent = `${m.about.name}: ${m.about.type}`;
  showHeader(m, changes);
  showWay(m, steps);
  const old = m.arrays.old;
  $("growth").replaceChildren();
  if (old) {
    const done = Array.from({ length: old.n }, (_, i) => m.bucket(m.addr("old", i))).filter((b) => b && evacuated(b)).length;
    const says = `Growing to ${m.sameSize ? "the same size" : "twice the size"}: ${done} of ${plural(old.n, "old bucket")} evacuated, nevacuate ${m.field("nevacuate")[1]}`;
    $("growth").append(html("p", { class: "faint" }, says), drawGrowth(done, old.n, says));
  }
  showArray(m, "old", changes, steps);
  showArray(m, "new", changes, steps);
  ["first", "back"].forEach((id) => ($(id).disabled = film.now === 0));
  ["forward", "last"].forEach((id) => ($(id).disabled = film.now === n));
}

function go(to) {
  film.go(Math.max(0, Math.min(to, film.steps.length)));
  found = null;
  show();
  history.replaceState(null, "", "#step=" + film.now);
}

function play(on) {
  clearInterval(timer);
  timer = 0;
  if (on && film.now === film.steps.length) go(0);
  if (on) timer = setInterval(() => (film.now < film.steps.length ? go(film.now + 1) : play(false)), 1000 / Number($("speed").value));
  $("play").setAttribute("aria-pressed", String(on));
  $("play").setAttribute("aria-label", on ? "Pause" : "Play");
  // Nobody can listen as fast as that.
  $("say").setAttribute("aria-live", on ? "off" : "polite");
}

function keys(e) {
  const at = e.target;
  if (e.altKey || e.ctrlKey || e.metaKey) return;
  if (at.matches?.("input:not([type=range]), select, textarea")) {
    if (e.key === "Escape") at.blur();
    return;
  }
  const slider = at === $("slider");
  const moves = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
  // On the slider; elsewhere they scroll the page.
  if (slider) Object.assign(moves, { ArrowDown: -1, ArrowUp: 1, PageDown: -10, PageUp: 10 });
  if (e.key in moves) {
    play(false);
    go(film.now + moves[e.key]);
  } else if (e.key === " " && (slider || at === document.body)) {
    play(!timer);
  } else if (e.key === "/") {
    $("key").focus();
  } else {
    return;
  }
  e.preventDefault();
}

function hash() {
  const n = /^#step=(\d+)$/.exec(location.hash);
  return n && Number(n[1]);
}

function legend() {
  const sign = (drawing, text) => html("li", {}, svg("svg", { viewBox: "0 0 48 20", "aria-hidden": "true" }, ...drawing), text);
  const mark = (top, classes = "") => [drawMark(3, 2, top, classes, "")];
  $("legend").replaceChildren(
    sign(mark(0x5e), "tophash of an entry"), sign(mark(0), "emptyRest: nothing comes after it"), sign(mark(1), "emptyOne: empty"),
    sign(mark(2), "evacuatedX: moved to the lower half"), sign(mark(3), "evacuatedY: to the upper half"), sign(mark(4), "evacuatedEmpty: was empty"),
    sign(mark(0x5e, "changed"), "▸ changed by this step"), sign([...mark(0x5e), svg("rect", { x: 1, y: 0.5, width: 46, height: 19, rx: 5, class: "seen" })], "examined by this step"),
    sign([svg("defs", {}, hatch("hatch-legend")), svg("rect", { x: 3, y: 2, width: 42, height: 16, rx: 3, style: "fill:url(#hatch-legend);opacity:.6" })], "bucket whose entries have moved"),
    sign([svg("text", { x: 4, y: 14, class: "ghost" }, "[17]")], "what an empty slot still holds"),
  );
}

function points() {
  const all = [];
  for (let i = 0; i <= film.steps.length; i++) {
    film.go(i);
    const m = film.maps[film.step?.m ?? film.steps[0]?.m ?? 0];
    all.push({ count: m.number("count"), growing: Boolean(m.arrays.old), bad: Boolean(film.step?.k) });
  }
  return all;
}

function start() {
  document.title = `${DATA.source}: gohmap view`;
  $("about").textContent = [DATA.source, `Go ${DATA.go}`, DATA.about].filter(Boolean).join(" · ");
  $("footer").append(...DATA.leftOut.map((t) => html("p", {}, t)), `Made by ${DATA.tool}. Keys: ← → Home End, on the slider Page Up and Page Down too; Space plays, / searches.`);
  const names = DATA.maps.map((m, i) => html("option", { value: i }, `${m.name}: ${m.type}`));
  $("map").append(html("option", { value: -1 }, "that of the step"), ...names);
  $("mapbox").hidden = names.length < 2;
  legend();
  drawTimeline($("timeline"), points());
  $("slider").max = film.steps.length;
  const buttons = { first: () => go(0), back: () => go(film.now - 1), forward: () => go(film.now + 1), last: () => go(film.steps.length) };
  for (const [id, act] of Object.entries(buttons)) $(id).addEventListener("click", () => { play(false); act(); });
  $("play").addEventListener("click", () => play(!timer));
  $("speed").addEventListener("change", () => timer && play(true));
  $("slider").addEventListener("input", () => { play(false); go(Number($("slider").value)); });
  $("map").addEventListener("change", () => { pinned = Number($("map").value); found = null; show(); });
  $("find").addEventListener("submit", (e) => { e.preventDefault(); search(); });
  $("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  document.addEventListener("keydown", keys);
  window.addEventListener("hashchange", () => hash() !== null && hash() !== film.now && go(hash()));
  film.go(0);
  film.go(Math.min(hash() ?? (map().at ? 0 : 1), film.steps.length));
  show();
  $("slider").focus();
}

start();
