"use strict";
// The matrix of the HTML report. What a target answered is only ever set as text.
(() => {
  const $ = (id) => document.getElementById(id);
  const SMOKE = "smoke"; // It asks which operations are known, and holds nothing against a rule.
  const NOWHERE = "-";
  const HIDDEN_AT_FIRST = ["unsupported", "skip"];
  const RED = ["fail", "unexpected-pass", "error"];

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  async function unpacked() {
    const packed = Uint8Array.from(atob($("data").textContent), (one) => one.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  // ---- what is known, as objects ----

  function cellsOf(data) {
    const cells = [];
    for (const [phase, situation, ...pairs] of data.rows) {
      for (let at = 0; at < pairs.length; at += 2) {
        const [status, reason, rules] = data.verdicts[pairs[at + 1]];
        const [probe, operation] = data.probes[pairs[at]];
        cells.push({ phase, situation, probe, operation, status, reason, rules, found: [] });
      }
    }
    for (const [index, rule, expected, observed] of data.violations) {
      const texts = (all) => all.map((one) => data.texts[one]);
      cells[index].found.push({ rule, expected: texts(expected), observed: texts(observed) });
    }
    return cells;
  }

  function tellsOf(data) {
    const lower = (all) => all.map((one) => one.toLowerCase());
    const situations = lower(data.situations);
    const rules = data.ruleSets.map((set) => set.map((one) => data.rules[one]).join(" ").toLowerCase());
    return (cell, words) => words.every(
      (word) => situations[cell.situation].includes(word)
        || cell.probe.toLowerCase().includes(word) || rules[cell.rules].includes(word),
    );
  }

  // ---- programs ----

  async function copied(text, pre) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      getSelection().selectAllChildren(pre);
      return document.execCommand("copy");
    }
  }

  function program(name, text) {
    const pre = element("pre", { tabindex: "0", "aria-label": name });
    const button = element("button", { type: "button" }, "Copy");
    button.addEventListener("click", async () => {
      button.textContent = (await copied(text, pre)) ? "Copied" : "Selected: copy it by hand";
      setTimeout(() => { button.textContent = "Copy"; }, 3000);
    });
    const made = element("details", { class: "program" }, element("summary", {}, name), button, pre);
    made.addEventListener("toggle", () => { if (made.open) pre.textContent = text; });
    return made;
  }

  function addPrograms(place, data) {
    const found = data.programs[Number(place.dataset.rule)];
    if (!found) return;
    const [boto3, cli, trace] = found;
    place.replaceChildren(
      element("h4", {}, "Reproduce"),
      program("boto3 script: python show.py [URL]", boto3),
      program("AWS CLI: bash show.sh [URL]", cli),
      program("JSON trace: kmspec replay FILE", trace),
    );
  }

  // ---- one square, opened ----

  function values(word, all) {
    const dd = element("dd", {}, ...all.map((one) => element("p", { class: "value" }, one)));
    return [element("dt", {}, word), dd];
  }

  function violation(data, cell, found) {
    const rule = $(`rule-${found.rule}`);
    const title = element("h4", {}, `Rule ${rule.querySelector("h3").textContent}`);
    const copy = rule.querySelector(".story")?.cloneNode(true);
    copy?.querySelectorAll(".programs").forEach((place) => addPrograms(place, data));
    const { told } = data.violated[found.rule];
    const own = `${data.phases[cell.phase]}: ${cell.probe} in ${data.situations[cell.situation]}`;
    if (copy && told === own) return [title, copy];
    const list = element("dl", {});
    const sources = copy ? [...copy.querySelector("dl").children].slice(0, 2) : [];
    list.append(...sources);
    list.append(...values("expected", found.expected), ...values("observed", found.observed));
    copy?.querySelector(".sentence").remove();
    const sentence = element("p", { class: "sentence" }, rule.querySelector(".sentence").textContent);
    const parts = [title, element("div", { class: "story" }, sentence, list)];
    if (!copy) return parts;
    const words = `Steps and programs, as recorded in ${told}`;
    return [...parts, element("details", { open: "" }, element("summary", {}, words), copy)];
  }

  function opened(data, cell, open) {
    const status = data.statuses[cell.status];
    const made = element("details", open ? { open: "" } : {});
    made.append(element(
      "summary", {},
      element("span", { class: `mark s-${status}`, "aria-hidden": "true" }), " ",
      element("h3", {}, cell.probe), " ",
      element("span", { class: "count" }, `${status}, ${data.phases[cell.phase]}`),
    ));
    const reason = data.reasons[cell.reason];
    if (reason) made.append(element("p", {}, reason));
    for (const found of cell.found) made.append(...violation(data, cell, found));
    const rules = data.ruleSets[cell.rules].map((one) => data.rules[one]);
    if (rules.length && !cell.found.length) {
      made.append(element("p", {}, "Rules that decide here:"));
      made.append(element("ul", { class: "cells" }, ...rules.map((one) => element("li", {}, one))));
    }
    if (!reason && !rules.length) made.append(element("p", {}, "Nothing more is to be said of it."));
    return made;
  }

  // ---- the matrix ----

  class Matrix {
    constructor(data) {
      this.data = data;
      this.cells = cellsOf(data);
      this.tells = tellsOf(data);
      this.squares = [];
      this.current = null;
    }

    start() {
      this.addFilters();
      $("matrix").hidden = false;
      this.show();
      let waiting;
      $("filters").addEventListener("input", () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => this.show(), 150);
      });
      $("filters").addEventListener("submit", (event) => event.preventDefault());
      $("filters").addEventListener("reset", () => setTimeout(() => this.show(), 0));
      const grid = $("grid");
      grid.addEventListener("keydown", (event) => this.pressed(event));
      grid.addEventListener("click", (event) => this.chosen(event.target));
      grid.addEventListener("focusin", (event) => this.read(event.target));
      grid.addEventListener("mouseover", (event) => this.read(event.target));
      $("close").addEventListener("click", () => $("dialog").close());
      $("previous").addEventListener("click", () => this.red(-1));
      $("next").addEventListener("click", () => this.red(1));
      $("dialog").addEventListener("click", (event) => { if (event.target === $("dialog")) $("dialog").close(); });
      $("dialog").addEventListener("close", () => this.current?.focus());
    }

    addFilters() {
      const counts = this.data.statuses.map(() => 0);
      for (const cell of this.cells) counts[cell.status] += 1;
      const seen = counts.flatMap((count, index) => (count ? [index] : [])).reverse();
      const telling = seen.some((one) => !HIDDEN_AT_FIRST.includes(this.data.statuses[one]));
      for (const one of seen) {
        const status = this.data.statuses[one];
        const box = element("input", { type: "checkbox", value: one });
        box.defaultChecked = !telling || !HIDDEN_AT_FIRST.includes(status);
        const mark = element("span", { class: `mark s-${status}`, "aria-hidden": "true" });
        $("statuses").append(element("label", {}, box, mark, `${status} ${counts[one].toLocaleString("en")}`));
      }
      const option = (name, value) => element("option", { value }, name);
      const areas = [...new Set(this.data.operations.map(([, area]) => area))];
      $("area").append(...areas.map((one) => option(one, one)));
      $("phase").append(...this.data.phases.map(option));
      if (this.data.phases.some((one) => one !== SMOKE)) $("phase").options[0].text = "all but smoke";
    }

    filtered() {
      const statuses = new Set([...$("statuses").querySelectorAll(":checked")].map((box) => Number(box.value)));
      const area = $("area").value;
      const { value: phase, options } = $("phase");
      const smoke = options[0].text === "all" ? -1 : this.data.phases.indexOf(SMOKE);
      const words = $("text").value.toLowerCase().split(/\s+/).filter(Boolean);
      return this.cells.filter(
        (cell) => statuses.has(cell.status)
          && (!area || this.data.operations[cell.operation][1] === area)
          && (phase ? cell.phase === Number(phase) : cell.phase !== smoke)
          && this.tells(cell, words),
      );
    }

    show() {
      const cells = this.filtered();
      const rows = new Map();
      const columns = new Set();
      for (const cell of cells) {
        if (!rows.has(cell.situation)) rows.set(cell.situation, new Map());
        const row = rows.get(cell.situation);
        if (!row.has(cell.operation)) row.set(cell.operation, []);
        row.get(cell.operation).push(cell);
        columns.add(cell.operation);
      }
      const shown = [...columns].sort((one, other) => one - other);
      this.draw([...rows.entries()].sort(([one], [other]) => one - other), shown);
      const count = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
      const none = "Nothing is like that; choose other statuses, or reset.";
      const some = `${count(cells.length, "cell")} of ${this.cells.length.toLocaleString("en")}: ${count(shown.length, "operation")} by ${count(rows.size, "situation")}`;
      $("shown").textContent = cells.length ? some : none;
      $("readout").textContent = "";
    }

    draw(rows, columns) {
      const head = element("thead");
      const areas = element("tr", {}, element("th", { class: "corner", scope: "col", rowspan: "2" }, "situation"));
      const names = element("tr");
      let before = null;
      const firsts = columns.map((one) => {
        const [name, area] = this.data.operations[one];
        const first = area !== before;
        if (first) {
          const wide = columns.filter((other) => this.data.operations[other][1] === area).length;
          const label = wide > 2 ? area : "";
          areas.append(element("th", { class: "area", scope: "colgroup", colspan: wide, title: area, "aria-label": area }, element("span", {}, label)));
        }
        before = area;
        names.append(element("th", { class: first ? "operation first" : "operation", scope: "col" }, element("span", {}, name)));
        return first;
      });
      head.append(areas, names);
      const body = element("tbody");
      this.squares = rows.map(([situation, row], down) => {
        const line = element("tr", {}, element("th", { scope: "row" }, this.named(situation)));
        const squares = columns.map((operation, across) => {
          const square = this.square(row.get(operation), down, across);
          if (firsts[across]) square.classList.add("first");
          line.append(square);
          return square;
        });
        body.append(line);
        return squares;
      });
      $("grid").replaceChildren(head, body);
      this.reachable(this.squares.flat().find((square) => square.cells));
    }

    square(cells, down, across) {
      const made = document.createElement("td");
      if (!cells) return made;
      cells.sort((one, other) => other.status - one.status);
      made.cells = cells;
      made.place = [down, across];
      made.tabIndex = -1;
      made.setAttribute("aria-label", this.said(cells));
      const mark = document.createElement("span");
      mark.className = `mark s-${this.data.statuses[cells[0].status]}`;
      made.append(mark);
      return made;
    }

    said(cells) {
      const counts = new Map();
      for (const cell of cells) counts.set(cell.status, (counts.get(cell.status) ?? 0) + 1);
      const words = [...counts].map(([status, count]) => `${count} ${this.data.statuses[status]}`);
      return words.join(", ");
    }

    title(cells) {
      const [cell] = cells;
      return `${this.data.operations[cell.operation][0]} in ${this.named(cell.situation)}`;
    }

    named(situation) {
      const name = this.data.situations[situation];
      return name === NOWHERE ? "no situation" : name;
    }

    reachable(square) {
      if (this.current) this.current.tabIndex = -1;
      this.current = square ?? null;
      if (square) square.tabIndex = 0;
    }

    read(target) {
      const square = target.closest("td");
      if (square?.cells) $("readout").textContent = `${this.title(square.cells)}: ${this.said(square.cells)}`;
    }

    pressed(event) {
      const square = event.target.closest("td");
      if (!square?.cells) return;
      const next = this.towards(event, square);
      if (next === undefined) return;
      event.preventDefault();
      if (!next) return;
      this.reachable(next);
      next.focus();
    }

    // The square that a key leads to, null if there is none, undefined if it is no such key.
    towards(event, square) {
      const [down, across] = square.place;
      const row = this.squares[down];
      const column = this.squares.map((squares) => squares[across]);
      const far = event.ctrlKey || event.metaKey;
      const first = (squares) => squares.find((one) => one.cells) ?? null;
      const last = (squares) => squares.findLast((one) => one.cells) ?? null;
      switch (event.key) {
        case "ArrowRight": return first(row.slice(across + 1));
        case "ArrowLeft": return last(row.slice(0, across));
        case "ArrowDown": return first(column.slice(down + 1)) ?? this.nearest(this.squares.slice(down + 1), across);
        case "ArrowUp": return last(column.slice(0, down)) ?? this.nearest(this.squares.slice(0, down).reverse(), across);
        case "PageDown": return first(column.slice(down + 10)) ?? last(column);
        case "PageUp": return last(column.slice(0, Math.max(0, down - 9))) ?? first(column);
        case "Home": return first(far ? this.squares.flat() : row);
        case "End": return last(far ? this.squares.flat() : row);
        case "Enter":
        case " ":
          this.open(square);
          return null;
        default: return undefined;
      }
    }

    // Where a column has nothing more: the square next to it in the first row that has any.
    nearest(rows, across) {
      const row = rows.map((squares) => squares.filter((one) => one.cells)).find((squares) => squares.length) ?? [];
      const far = (one) => Math.abs(one.place[1] - across);
      return row.reduce((best, one) => (best && far(best) <= far(one) ? best : one), null);
    }

    // A button that shows where a rule is violated.
    link(rule) {
      const button = element("button", { type: "button" }, "Show in the matrix");
      button.addEventListener("click", () => {
        $("filters").reset();
        $("text").value = rule.querySelector("h3").textContent;
        $("matrix").scrollIntoView();
        setTimeout(() => this.current?.focus(), 0); // After the filters were read again.
      });
      rule.append(element("p", {}, button));
    }

    chosen(target) {
      const square = target.closest("td");
      if (square?.cells) this.open(square);
    }

    open(square) {
      this.reachable(square);
      const { cells } = square;
      $("dialog-title").textContent = this.title(cells);
      const worst = cells[0].status;
      const all = cells.map((cell, index) => opened(this.data, cell, index === 0 || (cells.length < 4 && cell.status === worst)));
      $("content").replaceChildren(...all);
      const reds = this.reds();
      const at = reds.indexOf(square);
      $("previous").disabled = !reds.length || at === 0;
      $("next").disabled = !reds.length || at === reds.length - 1;
      if (!$("dialog").open) $("dialog").showModal();
      $("dialog").scrollTop = 0;
      $("dialog-title").focus();
    }

    reds() {
      return this.squares.flat().filter((one) => one.cells && RED.includes(this.data.statuses[one.cells[0].status]));
    }

    red(step) {
      const reds = this.reds();
      const every = this.squares.flat();
      const at = every.indexOf(this.current);
      const next = step > 0 ? reds.find((one) => every.indexOf(one) > at) : reds.findLast((one) => every.indexOf(one) < at);
      if (next) this.open(next);
    }
  }

  async function start() {
    let data;
    try {
      data = await unpacked();
    } catch {
      $("unable").hidden = false;
      return;
    }
    document.querySelectorAll("#rules .programs").forEach((place) => addPrograms(place, data));
    if (data.rows.length) {
      const matrix = new Matrix(data);
      matrix.start();
      document.querySelectorAll("#rules .rule").forEach((rule) => matrix.link(rule));
    }
    document.documentElement.dataset.ready = "";
  }

  start();
})();
