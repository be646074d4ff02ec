
"use strict";
// What a figure says of itself. Every element with `data-fact` (a row of facts.csv) shows its
// explanation when it is pointed at, has the keyboard's focus, is tapped or is the page's #address.
// Texts come from the page's table of explanations and are set as text, never as HTML.
(() => {
  const table = JSON.parse(document.getElementById("dx-facts").textContent);
  const text = (at) => table.texts[at] || "";
  const figureOf = (node) => (node instanceof Element ? node.closest("[data-fact]") : null);
  const homeOf = (row) => document.querySelector(`[id^="fact-"][data-fact="${row}"]`);
  const csv = document.querySelector('a[type="text/csv"]');
  const GAP = 8;

  // -- the box: one for the page
  const box = document.createElement("div");
  box.className = "giai-thich";
  box.id = "dx-fact";
  box.tabIndex = -1;
  box.hidden = true;
  box.setAttribute("role", "dialog");
  box.setAttribute("aria-labelledby", "dx-fact-name");
  document.body.append(box);

  function add(parent, tag, className, content) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (content) node.textContent = content;
    parent.append(node);
    return node;
  }

  function line(list, term, content) {
    if (!content) return;
    const pair = add(list, "div");
    add(pair, "dt", "", term);
    add(pair, "dd", "", content);
  }

  // The row of an appendix in words: "Phụ lục 1.1, Sở Tư pháp".
  function placeOf(home) {
    const part = home.closest("section[id]");
    const heading = part && part.querySelector("h2, h3");
    const head = home.closest("tr").querySelector("th");
    return [heading, head].map((node) => (node ? node.textContent.trim() : "")).filter(Boolean).join(", ");
  }

  function linkTo(list, address, words) {
    const link = add(add(list, "li"), "a", "", words);
    link.href = address;
    return link;
  }

  function fill(row) {
    const [kind, who, printed, pair, target, ...related] = table.facts[row];
    const [name, counts, formula, period, asOf, basis] = table.kinds[kind].map(text);
    box.replaceChildren();
    const title = add(box, "p", "giai-thich-ten");
    title.id = "dx-fact-name";
    add(title, "span", "", name);
    add(title, "span", "giai-thich-ai", text(who));
    const content = add(box, "div");
    content.id = "dx-fact-text";
    add(content, "p", "giai-thich-so", printed);
    const list = add(content, "dl");
    line(list, counts, pair);
    for (const [what, other] of related) {
      const fact = table.facts[other];
      line(list, text(what), `${fact[2]} (${fact[3]})`);
    }
    line(list, "Cách tính", formula);
    line(list, "Kỳ số liệu", period);
    line(list, "Chốt đến hết ngày", asOf);
    line(list, "Chỉ tiêu", text(target));
    line(list, "Căn cứ", basis);
    const links = add(box, "ul");
    const home = homeOf(row);
    const beside = [row, ...related.map((one) => one[1])].map(homeOf).find((one) => one && one.matches("td"));
    if (beside) linkTo(links, `#${beside.id}`, placeOf(beside));
    if (home && home !== beside) linkTo(links, `#${home.id}`, "Địa chỉ của số này");
    if (csv) linkTo(links, `${csv.getAttribute("href")}#row=${row}`, `${csv.getAttribute("href")}, dòng ${row}`);
    const close = add(box, "button", "giai-thich-dong");
    close.type = "button";
    close.setAttribute("aria-label", "Đóng");
    close.addEventListener("click", () => leave());
  }

  // -- showing it
  let shown = null; // the figure that the box speaks of
  let pinned = false; // asked for, not only passed over
  let quiet = false; // dismissed: moving on in the same table does not bring it back
  let waiting = 0;

  function place() {
    if (!shown) return;
    const at = shown.getBoundingClientRect();
    const wide = document.documentElement.clientWidth;
    const high = window.innerHeight;
    box.style.maxHeight = "";
    const size = box.getBoundingClientRect();
    const below = high - at.bottom - 2 * GAP;
    const above = at.top - 2 * GAP;
    const isBelow = size.height <= below || below >= above;
    const height = Math.min(size.height, Math.max(isBelow ? below : above, 96));
    box.style.maxHeight = `${height}px`;
    box.style.top = `${isBelow ? at.bottom + GAP : at.top - GAP - height}px`;
    const left = at.left + at.width / 2 - size.width / 2;
    box.style.left = `${Math.max(GAP, Math.min(left, wide - size.width - GAP))}px`;
  }

  function show(figure, pin) {
    clearTimeout(waiting);
    pinned = pin || (pinned && shown === figure);
    if (shown === figure) return;
    hide(true);
    fill(figure.dataset.fact);
    shown = figure;
    pinned = pin;
    figure.setAttribute("aria-describedby", "dx-fact-text");
    figure.setAttribute("aria-expanded", "true");
    figure.classList.add("dang-xem");
    box.hidden = false;
    place();
  }

  function hide(keepPin) {
    clearTimeout(waiting);
    if (!shown) return;
    shown.removeAttribute("aria-describedby");
    shown.setAttribute("aria-expanded", "false");
    shown.classList.remove("dang-xem");
    shown = null;
    if (!keepPin) pinned = false;
    box.hidden = true;
  }

  // Close it, and give the focus back where it came from.
  function leave() {
    const figure = shown;
    const isInside = box.contains(document.activeElement);
    hide();
    if (figure && isInside) {
      quiet = true;
      focus(figure);
    }
  }

  function soon(act, after) {
    clearTimeout(waiting);
    waiting = setTimeout(act, after);
  }

  const isKept = () => pinned || box.contains(document.activeElement) || shown === document.activeElement;

  // -- pointing and tapping
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse") return;
    const figure = figureOf(event.target);
    if (box.contains(event.target)) clearTimeout(waiting);
    else if (figure && !pinned) {
      if (figure === shown) clearTimeout(waiting);
      else soon(() => show(figure, false), 250);
    } else if (shown && !isKept()) soon(hide, 300);
    else if (!shown) clearTimeout(waiting);
  });

  document.addEventListener("click", (event) => {
    const figure = figureOf(event.target);
    if (!figure) {
      if (!box.contains(event.target)) hide();
      return;
    }
    // With a key that opens a link in another window, the link is a link.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const isByKey = event.detail === 0;
    focus(figure);
    show(figure, true);
    if (isByKey) box.focus();
  });

  box.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link) return;
    event.preventDefault();
    if (link.hash === location.hash) arrive();
    else location.hash = link.hash;
  });

  // -- the keyboard
  document.addEventListener("focusin", (event) => {
    if (box.contains(event.target)) return;
    const figure = figureOf(event.target);
    if (!figure) {
      quiet = false;
      hide();
    } else if (figure === shown) return;
    else if (quiet && figure.matches("td, th")) hide();
    else if (figure.matches(":focus-visible")) show(figure, false);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && shown) {
      event.preventDefault();
      quiet = true;
      if (box.contains(document.activeElement)) leave();
      else hide();
    }
  });

  box.addEventListener("keydown", (event) => {
    if (event.key !== "Tab" || !shown) return;
    const stops = [...box.querySelectorAll("a, button")];
    const isOut = event.shiftKey
      ? document.activeElement === stops[0] || document.activeElement === box
      : document.activeElement === stops[stops.length - 1];
    if (!isOut) return;
    // Out of the box is where the figure is; going on, the page after it.
    if (event.shiftKey) event.preventDefault();
    const figure = shown;
    hide();
    quiet = true;
    focus(figure);
  });

  // A table is one stop; arrows go from figure to figure in it.
  const stops = new Map();

  function enter(cell) {
    const grid = cell.closest("table");
    const before = stops.get(grid);
    if (before && before !== cell) {
      before.removeAttribute("tabindex");
      before.removeAttribute("aria-haspopup");
      before.removeAttribute("aria-expanded");
    }
    stops.set(grid, cell);
    cell.tabIndex = 0;
    cell.setAttribute("aria-haspopup", "dialog");
    if (!cell.hasAttribute("aria-expanded")) cell.setAttribute("aria-expanded", "false");
  }

  function focus(figure) {
    if (figure.matches("td, th")) enter(figure);
    figure.focus({ preventScroll: true });
  }

  const isFigure = (node) => node && node.hasAttribute("data-fact");

  function across(cell, step) {
    let next = cell;
    do next = step > 0 ? next.nextElementSibling : next.previousElementSibling;
    while (next && !isFigure(next));
    return next;
  }

  function down(cell, step) {
    let row = cell.parentElement;
    do {
      row = step > 0 ? row.nextElementSibling : row.previousElementSibling;
      if (row && isFigure(row.cells[cell.cellIndex])) return row.cells[cell.cellIndex];
    } while (row);
    return null;
  }

  function end(cell, step, move) {
    let next = cell;
    for (let at = cell; at; at = move(at, step)) next = at;
    return next;
  }

  const MOVES = {
    ArrowRight: (cell) => across(cell, 1),
    ArrowLeft: (cell) => across(cell, -1),
    ArrowDown: (cell) => down(cell, 1),
    ArrowUp: (cell) => down(cell, -1),
    Home: (cell, all) => end(all ? end(cell, -1, down) : cell, -1, across),
    End: (cell, all) => end(all ? end(cell, 1, down) : cell, 1, across),
  };

  function inTable(event) {
    const cell = event.target;
    if (!isFigure(cell) || event.altKey || event.metaKey || event.shiftKey) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      show(cell, true);
      box.focus();
    } else if (MOVES[event.key]) {
      event.preventDefault();
      const next = MOVES[event.key](cell, event.ctrlKey);
      if (!next || next === cell) return;
      next.scrollIntoView({ block: "nearest", inline: "nearest" });
      focus(next);
    }
  }

  for (const grid of document.querySelectorAll("table.bang")) {
    const first = grid.querySelector("[data-fact]");
    if (!first) continue;
    grid.setAttribute("role", "grid");
    grid.setAttribute("aria-readonly", "true");
    for (const cell of grid.querySelectorAll("td")) cell.setAttribute("role", "gridcell");
    // The figures can be reached, and with them the box that scrolls.
    grid.parentElement.removeAttribute("tabindex");
    grid.addEventListener("keydown", inTable);
    enter(first);
  }
  for (const link of document.querySelectorAll("a[data-fact]")) {
    link.setAttribute("aria-haspopup", "dialog");
    link.setAttribute("aria-expanded", "false");
  }

  // -- the address of a figure
  function arrive() {
    const figure = location.hash.startsWith("#fact-") && document.getElementById(location.hash.slice(1));
    if (!figure) return;
    figure.scrollIntoView({ block: "start", inline: "center", behavior: "instant" });
    quiet = false;
    focus(figure);
    show(figure, true);
  }

  window.addEventListener("hashchange", arrive);
  window.addEventListener("resize", place);
  let frame = 0;
  document.addEventListener(
    "scroll",
    (event) => {
      if (!shown || frame || event.target === box) return;
      frame = requestAnimationFrame(() => {
        frame = 0;
        place();
      });
    },
    { capture: true, passive: true },
  );
  arrive();
})();
