"use strict";
// The maps as they are at a step: what they were at first, and the steps' changes, which can be taken back.

const DATA = JSON.parse(document.getElementById("data").textContent);
const SLOTS = 8;
const MARKS = ["emptyRest", "emptyOne", "evacuatedX", "evacuatedY", "evacuatedEmpty"];
const MIN_TOP_HASH = MARKS.length;
const NOTHING = Object.freeze({
  top: Array(SLOTS).fill(0), key: Array(SLOTS).fill(""), elem: Array(SLOTS).fill(""), hash: Array(SLOTS).fill(""), next: "",
});

const addrOf = (n) => (n < 0 ? "" : DATA.addrs[n]);
const live = (b, i) => b.top[i] >= MIN_TOP_HASH;
const entries = (b) => b.top.filter((t) => t >= MIN_TOP_HASH).length;
const evacuated = (b) => b.top[0] >= 2 && b.top[0] < MIN_TOP_HASH;

/** An array of buckets: its address, regular buckets, buckets with the spare ones. */
function place(p) {
  return p && { base: Number("0x" + addrOf(p[0])), n: p[1], all: p[2] };
}

class GoMap {
  constructor(about) {
    this.about = about;
    this.size = about.size;
    this.at = "";
    this.header = DATA.fields.map((f) => ["00".repeat(f.size), "0"]);
    this.arrays = { new: null, old: null };
    this.extra = null;
    this.buckets = new Map();
    this.defects = [];
    this.apply(about.first);
    this.apply({ b: about.buckets });
    // Of buckets that are not on the page only how full they were is known.
    const first = about.first;
    this.fill = new Map();
    if (about.fill) {
      [[first.new, about.fill[0]], [first.old, about.fill[1]]].filter(([p]) => p).forEach(([p, fill]) => this.fill.set(place(p).base, fill));
    }
  }

  /** Changes the map, and says what it was before. */
  apply(d) {
    const was = { at: this.at, header: [], arrays: this.arrays, extra: this.extra, buckets: [], defects: this.defects };
    if (d.at !== undefined) this.at = addrOf(d.at);
    for (const [i, hex, text] of d.h ?? []) {
      was.header.push([i, this.header[i]]);
      this.header[i] = [hex, text];
    }
    if (d.new !== undefined || d.old !== undefined) {
      this.arrays = { ...this.arrays };
      if (d.new !== undefined) this.arrays.new = place(d.new);
      if (d.old !== undefined) this.arrays.old = place(d.old);
    }
    if (d.x !== undefined) this.extra = d.x;
    if (d.e !== undefined) this.defects = d.e;
    for (const [n, top, next, ...slots] of d.b ?? []) {
      const addr = addrOf(n);
      const old = this.buckets.get(addr);
      const { top: t, key, elem, hash, next: o } = old ?? NOTHING;
      const b = { top: t, key: [...key], elem: [...elem], hash: [...hash], next: next === -2 ? o : addrOf(next) };
      if (top) b.top = top.match(/../g).map((x) => parseInt(x, 16));
      for (const [i, k, e, h] of slots) [b.key[i], b.elem[i], b.hash[i]] = [k, e, h];
      was.buckets.push([addr, old]);
      this.buckets.set(addr, b);
    }
    return was;
  }

  /** Takes changes back. */
  restore(was) {
    for (const [i, old] of was.header) this.header[i] = old;
    for (const [addr, old] of was.buckets) old ? this.buckets.set(addr, old) : this.buckets.delete(addr);
    [this.at, this.arrays, this.extra, this.defects] = [was.at, was.arrays, was.extra, was.defects];
  }

  field(name) {
    return this.header[DATA.fields.findIndex((f) => f.name === name)];
  }

  number(name) {
    return Number(this.field(name)[1]);
  }

  get sameSize() {
    return this.field("flags")[1].includes("sameSizeGrow");
  }

  addr(side, i) {
    return (this.arrays[side].base + i * this.size).toString(16);
  }

  /** The array that an address is in, and the number there. */
  inArray(addr) {
    const at = Number("0x" + addr);
    for (const side of ["new", "old"]) {
      const a = this.arrays[side];
      const i = a ? (at - a.base) / this.size : -1;
      if (Number.isInteger(i) && i >= 0 && i < a.all) return { side, i, spare: i >= a.n };
    }
    return null;
  }

  /** A bucket; nothing when it is in no array and was never seen. */
  bucket(addr) {
    const b = this.buckets.get(addr);
    return b ?? (this.inArray(addr) ? NOTHING : undefined);
  }

  /** How many entries a bucket has that is not on the page; nothing when it is. */
  bare(side, i) {
    const fill = this.fill.get(this.arrays[side].base);
    if (!fill || this.buckets.has(this.addr(side, i))) return undefined;
    const n = parseInt(fill[i], 36);
    return n > 0 ? n : undefined;
  }

  /** The buckets of a chain, and how it ends when it does not end with nil. */
  chain(side, i) {
    const links = [];
    const been = new Set();
    let addr = this.addr(side, i);
    while (addr) {
      if (been.has(addr)) return { links, end: "comes back to 0x" + addr };
      const b = this.bucket(addr);
      if (!b) return { links, end: "0x" + addr + ", where no bucket is" };
      been.add(addr);
      links.push({ addr, b });
      addr = b.next;
    }
    return { links, end: "" };
  }

  fullness(side, i) {
    return this.bare(side, i) ?? this.chain(side, i).links.reduce((n, l) => n + entries(l.b), 0);
  }

  /** Where the chain of a bucket begins: the array and the number there, and how far along the chain the bucket is. */
  home(addr) {
    const before = new Map();
    for (const [a, b] of this.buckets) if (b.next) before.set(b.next, a);
    for (let link = 0; addr && link < 4096; link++, addr = before.get(addr)) {
      const at = this.inArray(addr);
      if (at && !at.spare) return { ...at, link };
    }
    return null;
  }

  /** Every slot with that key: those with an entry first. */
  find(wanted) {
    const all = [];
    for (const side of ["old", "new"]) {
      for (let i = 0; i < (this.arrays[side]?.n ?? 0); i++) {
        const { links } = this.chain(side, i);
        const gone = side === "old" && evacuated(links[0]?.b ?? NOTHING);
        links.forEach(({ addr, b }, link) => {
          for (let slot = 0; slot < SLOTS; slot++) {
            if (b.key[slot] && wanted(b.key[slot])) all.push({ side, i, link, addr, b, slot, live: live(b, slot) && !gone });
          }
        });
      }
    }
    return all.sort((a, b) => b.live - a.live);
  }
}

/** All maps at a step; step 0 is before the first one. */
class Film {
  constructor() {
    this.maps = DATA.maps.map((m) => new GoMap(m));
    this.steps = DATA.steps;
    this.undo = [];
    this.now = 0;
  }

  go(to) {
    while (this.now < to) {
      const step = this.steps[this.now];
      this.undo[this.now++] = this.maps[step.m].apply(step.d);
    }
    while (this.now > to) this.maps[this.steps[--this.now].m].restore(this.undo[this.now]);
  }

  get step() {
    return this.steps[this.now - 1];
  }

  /** What a map was before the step: fields of the header and buckets that the step has changed. */
  changes(map) {
    const was = this.step && this.maps[this.step.m] === map ? this.undo[this.now - 1] : null;
    return {
      header: new Map(was?.header ?? []), buckets: new Map(was?.buckets ?? []), made: Boolean(was && was.at !== map.at),
    };
  }
}
