"use strict";
(() => {
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const run = JSON.parse(one("#drawn").textContent);
  const last = run.positions.length - 1;

  /* ---- numbers ---- */

  const minus = text => text.replace("-", "\u2212");
  const whole = value => minus(Math.round(value).toLocaleString("en"));
  const significant = value => minus(String(+value.toPrecision(4)));

  function reading(value) {
    if (value === null) return "–";
    const size = Math.abs(value);
    if (size && (size >= 1e5 || size < 1e-3)) return minus(value.toExponential(2));
    return minus(value.toFixed(size < 10 ? 3 : size < 1000 ? 1 : 0));
  }

  const escaped = text => text.replace(/[&<>"]/g, c => `&#${c.charCodeAt(0)};`);

  function short(value) {
    const size = Math.abs(value);
    if (size >= 1e6) return significant(value / 1e6) + " M";
    if (size >= 1e4) return significant(value / 1e3) + " k";
    return size && size < 1e-3 ? minus(value.toExponential(0)) : significant(value);
  }

  /* ---- axes: data to pixels, and round values to write beside them ---- */

  function roundValues(low, high, about) {
    const rough = (high - low) / about || 1;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= rough * 0.7);
    const values = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) values.push(+(k * step).toPrecision(12));
    return values;
  }

  function decades(low, high, about) {
    const exponents = [];
    for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++) exponents.push(e);
    const inside = factors => exponents.flatMap(e => factors.map(f => +(f * 10 ** e).toPrecision(3)))
      .filter(v => v >= low && v <= high);
    const full = inside([1]);
    if (full.length < 3) return inside([1, 2, 5]).length > 1 ? inside([1, 2, 5]) : roundValues(low, high, about);
    const every = Math.ceil(full.length / about);
    return full.filter((_, i) => i % every === 0);
  }

  function axis(low, high, from, to, log, about) {
    const scale = log ? Math.log10 : value => value;
    const [a, b] = [scale(low), scale(high)];
    return {
      at: value => from + (scale(value) - a) / (b - a || 1) * (to - from),
      values: log ? decades(low, high, about) : roundValues(low, high, about),
    };
  }

  function padded(low, high, log) {
    if (log) return [low / 1.15, high * 1.15];
    const margin = (high - low || Math.abs(high) || 1) * 0.05;
    return [low >= 0 && low - margin < 0 ? 0 : low - margin, high + margin];
  }

  function frame(box, x, y, label) {
    const across = y.values.map(v => `<line class="grid" x1="${box.left}" x2="${box.right}" y1="${y.at(v)}" y2="${y.at(v)}"/>` +
      `<text x="${box.left - 8}" y="${y.at(v) + 4}" text-anchor="end">${short(v)}</text>`);
    const along = x.values.map(v => `<line class="axis" x1="${x.at(v)}" x2="${x.at(v)}" y1="${box.bottom}" y2="${box.bottom + 5}"/>` +
      `<text x="${x.at(v)}" y="${box.bottom + 19}" text-anchor="middle">${short(v)}</text>`);
    return across.concat(along).join("") +
      `<line class="axis" x1="${box.left}" x2="${box.right}" y1="${box.bottom}" y2="${box.bottom}"/>` +
      `<text x="${box.right}" y="${box.bottom + 38}" text-anchor="end">${label}</text>`;
  }

  function measure(svg) {
    const width = svg.clientWidth || 600, height = svg.clientHeight || 220;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    return { left: 52, right: width - 10, top: 8, bottom: height - 44 };
  }

  /* ---- curves ---- */

  function path(series, x, y, log) {
    let text = "", pen = "M";
    series.x.forEach((images, i) => {
      const value = series.y[i];
      if (value === null || (log && value <= 0)) { pen = "M"; return; }
      text += `${pen}${x.at(images).toFixed(1)} ${y.at(value).toFixed(1)}${pen === "M" ? "h0" : ""}`;
      pen = "L";
    });
    return text;
  }

  function valueAt(series, images) {
    const xs = series.x;
    if (images < xs[0] || images > xs[xs.length - 1]) return null;
    let low = 0, high = xs.length - 1;
    while (low < high) { const mid = (low + high) >> 1; if (xs[mid] < images) low = mid + 1; else high = mid; }
    const nearest = low && images - xs[low - 1] < xs[low] - images ? low - 1 : low;
    return series.y[nearest];
  }

  class Chart {
    constructor(figure, panel) {
      this.figure = figure;
      this.panel = panel;
      this.svg = one(".plot", figure);
      this.log = one(".log", figure);
      this.buttons = all("[data-series]", figure);
      this.svg.innerHTML = "<g></g><g></g>";
      this.log?.addEventListener("change", () => this.draw());
      toggles(this.buttons, () => this.draw());
      this.svg.addEventListener("pointerdown", event => { this.svg.setPointerCapture(event.pointerId); go(this.nearest(event)); });
      this.svg.addEventListener("pointermove", event => event.buttons ? go(this.nearest(event)) : hover(this.nearest(event)));
      this.svg.addEventListener("pointerleave", () => hover(null));
      new ResizeObserver(() => this.draw()).observe(this.svg);
    }

    shown() { return this.panel.series.map((series, i) => ({ series, i })).filter(({ i }) => pressed(this.buttons[i])); }

    draw() {
      const box = this.box = measure(this.svg), log = this.log?.checked ?? false;
      const values = this.shown().flatMap(({ series }) => series.y.filter(v => v !== null && !(log && v <= 0)))
        .concat(this.references().map(({ y }) => y));
      const start = this.panel.zero && !log ? [0, 0] : [Infinity, -Infinity];
      const [low, high] = values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], start);
      const x = this.x = axis(run.positions[0], run.positions[last], box.left, box.right, false, box.right / 80);
      const y = this.y = axis(...padded(...(values.length ? [low, high] : [1, 10]), log), box.bottom, box.top, log, 5);
      this.svg.firstChild.innerHTML = frame(box, x, y, "images seen") +
        run.alarms.map(v => `<path class="rang" d="M${x.at(v)} ${box.bottom - 1}l-4 8h8z"/>`).join("") +
        this.references().map(({ name, y: value, i }) => {
          const at = y.at(value).toFixed(1), below = at < box.top + 16;
          return `<g class="c${i % 7}"><line class="reference" x1="${box.left}" x2="${box.right}" y1="${at}" y2="${at}"/></g>` +
            `<text class="reads" x="${box.left + 6}" y="${+at + (below ? 14 : -5)}">${escaped(name)}: ${reading(value)}</text>`;
        }).join("") +
        this.shown().map(({ series, i }) => `<path class="curve c${i % 7} ${i > 6 ? "dashed" : ""}" d="${path(series, x, y, log)}"/>`).join("") +
        this.best(x, y);
      this.mark();
    }

    references() {
      const shown = this.shown();
      return this.panel.references.flatMap(reference => shown.filter(({ series }) => series.name === reference.series)
        .map(({ i }) => ({ ...reference, i })));
    }

    best(x, y) {
      const images = this.panel.best;
      return images === null ? "" : this.shown().map(({ series, i }) => {
        const value = valueAt(series, images);
        return value === null ? "" : `<circle class="best c${i % 7}" r="7" cx="${x.at(images).toFixed(1)}" cy="${y.at(value).toFixed(1)}"><title>best: ${reading(value)} at ${whole(images)} images</title></circle>`;
      }).join("");
    }

    mark() {
      if (!this.x) return;
      const line = (position, kind) => {
        const at = this.x.at(run.positions[position]).toFixed(1);
        return `<line class="${kind}" x1="${at}" x2="${at}" y1="${this.box.top}" y2="${this.box.bottom}"/>`;
      };
      const read = run.positions[state.hover ?? state.at];
      const dots = this.shown().map(({ series, i }) => {
        const value = valueAt(series, read);
        const drawn = value !== null && !(this.log?.checked && value <= 0);
        return drawn ? `<circle class="dot c${i % 7}" r="4.5" cx="${this.x.at(read)}" cy="${this.y.at(value)}"/>` : "";
      });
      const hovered = state.hover === null ? "" : line(state.hover, "hover") + this.label(read);
      this.svg.lastChild.innerHTML = line(state.at, "cursor") + hovered + dots.join("");
      this.buttons.forEach((button, i) => { one("output", button).textContent = reading(valueAt(this.panel.series[i], read)); });
    }

    label(images) {
      const at = this.x.at(images), left = at > (this.box.left + this.box.right) / 2;
      return `<text class="reads" x="${at + (left ? -6 : 6)}" y="${this.box.top + 8}" text-anchor="${left ? "end" : "start"}">${whole(images)}</text>`;
    }

    nearest(event) {
      const at = event.clientX - this.svg.getBoundingClientRect().left;
      const away = run.positions.map(images => Math.abs(this.x.at(images) - at));
      return away.indexOf(Math.min(...away));
    }
  }

  const pressed = button => button.getAttribute("aria-pressed") === "true";

  function toggles(buttons, changed) {
    buttons.forEach(button => button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(!pressed(button)));
      changed();
    }));
  }

  /* ---- time: one position moves the picture, the slider and every cursor ---- */

  const state = { at: last, hover: null, timer: null };
  const slider = one("#time"), play = one("#play"), picture = one("#sheet"), said = one("#said");
  const withSheet = run.sheets.map(sheet => run.positions.indexOf(sheet.images));
  const charts = [];

  function go(position) {
    state.at = Math.max(0, Math.min(last, position));
    state.hover = null;
    const seen = whole(run.positions[state.at]);
    slider.value = state.at;
    slider.setAttribute("aria-valuetext", `${seen} images seen${withSheet.includes(state.at) ? "" : ", no sheet here"}`);
    one("#now b").textContent = seen;
    if (picture) show();
    charts.forEach(chart => chart.mark());
  }

  function show() {
    const index = withSheet.findLastIndex(position => position <= state.at);
    const here = index >= 0 && withSheet[index] === state.at;
    const now = whole(run.positions[state.at]);
    one("#then").className = "then" + (here ? "" : index < 0 ? " none" : " held");
    if (index < 0) { said.textContent = `No sheet at ${now} images seen, and none before.`; picture.alt = ""; return; }
    const drawn = whole(run.sheets[index].images);
    picture.src = run.sheets[index].url;
    picture.alt = `Sheet of pictures ${run.made} after ${drawn} images seen`;
    said.textContent = here ? `Sheet at ${drawn} images seen.` : `No sheet at ${now} images seen; faded: the one before, at ${drawn}.`;
  }

  function hover(position) {
    state.hover = position === state.at ? null : position;
    charts.forEach(chart => chart.mark());
  }

  function step(direction) {
    const stops = withSheet.length > 1 ? withSheet : run.positions.map((_, i) => i);
    return direction > 0 ? stops.find(p => p > state.at) ?? last : stops.findLast(p => p < state.at) ?? 0;
  }

  function pause() {
    clearInterval(state.timer);
    state.timer = null;
    play.textContent = "▶";
    play.setAttribute("aria-label", "Play");
  }

  function start() {
    if (state.at === last) go(0);
    play.textContent = "❚❚";
    play.setAttribute("aria-label", "Pause");
    const stops = withSheet.length > 1 ? withSheet.length : last + 1;
    state.timer = setInterval(() => { go(step(1)); if (state.at === last) pause(); }, Math.max(16, Math.min(600, 9000 / stops)));
  }

  function keys(event) {
    const arrow = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    const vertical = event.key === "ArrowUp" || event.key === "ArrowDown";
    const here = event.target === slider || (event.target === document.body && !vertical);
    if (!arrow || !here || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    pause();
    go(event.shiftKey ? state.at + arrow : step(arrow));
  }

  function beginTime() {
    all("[data-panel]").forEach(figure => charts.push(new Chart(figure, run.panels[figure.dataset.panel])));
    slider.addEventListener("input", () => { pause(); go(+slider.value); });
    play.addEventListener("click", () => state.timer === null ? start() : pause());
    document.addEventListener("keydown", keys);
    const marks = withSheet.map(p => `M${1000 * (last ? p / last : 0)} 0v6`).join("");
    const svg = one("#marks");
    svg.setAttribute("viewBox", "0 0 1000 6");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.innerHTML = `<path d="${marks}" vector-effect="non-scaling-stroke"/>`;
    if (picture) picture.decoding = "sync";
    go(last);
  }

  /* ---- the discriminator's scores ---- */

  function beginScores(figure, scores) {
    const svg = one(".plot", figure), buttons = all("[data-series]", figure);
    const sides = [scores.real, scores.fake], means = [scores.real_mean, scores.fake_mean], edges = scores.edges;
    let x;
    const shown = () => [0, 1].filter(i => pressed(buttons[i]));
    const draw = () => {
      const box = measure(svg);
      x = axis(edges[0], edges[edges.length - 1], box.left, box.right, false, box.right / 90);
      const y = axis(0, Math.max(...sides.flat()) * 1.08, box.bottom, box.top, false, 4);
      const outline = shares => `M${x.at(edges[0])} ${box.bottom}` +
        shares.map((share, i) => `V${y.at(share).toFixed(1)}H${x.at(edges[i + 1]).toFixed(1)}`).join("") + `V${box.bottom}`;
      svg.innerHTML = frame(box, x, y, "score (logit)") + shown().map(i => `<g class="c${i}"><path class="area" d="${outline(sides[i])}"/>` +
        `<line class="mean" x1="${x.at(means[i])}" x2="${x.at(means[i])}" y1="${box.top}" y2="${box.bottom}"/></g>`).join("");
    };
    const read = event => {
      const at = event.clientX - svg.getBoundingClientRect().left;
      const bin = edges.slice(1).findIndex((edge, i) => x.at(edges[i]) <= at && at < x.at(edge));
      buttons.forEach((button, i) => {
        one("output", button).textContent = bin < 0 ? "" : `${(100 * sides[i][bin]).toFixed(1)} % at ${short(edges[bin])} to ${short(edges[bin + 1])}`;
      });
    };
    toggles(buttons, draw);
    buttons.forEach(button => { one("output", button).textContent = ""; });
    svg.addEventListener("pointermove", read);
    svg.addEventListener("pointerleave", () => buttons.forEach(button => { one("output", button).textContent = ""; }));
    new ResizeObserver(draw).observe(svg);
  }

  /* ---- held-out pictures: two laid over each other, and a line between them to drag ---- */

  function compare(number, left, right) {
    const box = document.createElement("div"), cut = document.createElement("input");
    const said = [left, right].map(shot => one("p", shot.parentElement).textContent);
    box.className = "compare";
    const pictures = [right, left].map(shot => {
      const picture = box.appendChild(shot.cloneNode());
      picture.draggable = false;
      return picture;
    });
    pictures[1].className = "over";
    box.insertAdjacentHTML("beforeend", "<i></i><span></span><span></span>");
    all("span", box).forEach((span, i) => { span.textContent = said[i]; });
    Object.assign(cut, { type: "range", min: 0, max: 100, step: 2, value: 50, autocomplete: "off" });
    cut.setAttribute("aria-label", `Picture ${number}: ${said[0]} on the left, ${said[1]} on the right`);
    cut.setAttribute("aria-describedby", "how-to-compare");
    const show = () => {
      box.style.setProperty("--cut", `${cut.value}%`);
      cut.setAttribute("aria-valuetext", `${Math.round(cut.value)} % ${said[0]}`);
    };
    const follow = event => {
      const { left: from, width } = box.getBoundingClientRect();
      cut.step = "any";  // as fine as the hand is; the keys go on in steps
      cut.value = Math.max(0, Math.min(100, 100 * (event.clientX - from) / width));
      show();
    };
    box.addEventListener("pointerdown", event => {
      if (event.button) return;
      event.preventDefault();
      box.setPointerCapture(event.pointerId);
      cut.focus({ preventScroll: true });
      follow(event);
    });
    box.addEventListener("pointermove", event => { if (box.hasPointerCapture(event.pointerId)) follow(event); });
    cut.addEventListener("keydown", () => { cut.step = 2; });
    cut.addEventListener("input", show);
    box.append(cut);
    show();
    return box;
  }

  function beginHeldOut(section) {
    const windows = all(".window", section), buttons = all("[data-which]", section);
    const lay = which => windows.forEach(figure => {
      const shots = Object.fromEntries(all(".flat img", figure).map(shot => [shot.dataset.kind, shot]));
      const after = shots[which] ?? shots.best ?? shots.last;
      const third = shots.truth ?? shots[`${after?.dataset.kind}-back`];
      const pairs = [[shots.before, after], [shots.truth ? after : shots.before, third]].filter(pair => pair.every(Boolean));
      const cuts = all(".compare input", figure).map(cut => cut.value);
      one(".pairs", figure)?.remove();
      const row = document.createElement("div");
      row.className = "pairs";
      pairs.forEach((pair, i) => {
        const box = compare(figure.dataset.number, ...pair), cut = one("input", box);
        if (cuts[i] !== undefined) { cut.step = "any"; cut.value = cuts[i]; cut.dispatchEvent(new Event("input")); }
        row.append(box);
      });
      figure.append(row);
    });
    buttons.forEach(button => button.addEventListener("click", () => {
      buttons.forEach(other => other.setAttribute("aria-pressed", String(other === button)));
      lay(button.dataset.which);
    }));
    one(".choose", section).hidden = false;
    section.classList.add("laid");
    lay("best");
  }

  /* ---- the page itself ---- */

  function beginTheme() {
    const button = one("#theme"), root = document.documentElement;
    const system = matchMedia("(prefers-color-scheme: dark)");
    const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
    const say = () => { button.textContent = `Switch to ${isDark() ? "light" : "dark"}`; };
    button.hidden = false;
    button.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; say(); });
    system.addEventListener("change", say);
    say();
  }

  async function copy(button) {
    const code = one("code", button.parentElement);
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);  // a browser that keeps its clipboard from files: one key press is left
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  }

  beginTheme();
  all(".copy").forEach(button => button.addEventListener("click", () => copy(button)));
  addEventListener("beforeprint", () => all("details").forEach(details => { details.open = true; }));
  if (slider) beginTime();
  if (one("#held-out .window")) beginHeldOut(one("#held-out"));
  if (run.scores) beginScores(one("#scores"), run.scores);
})();
