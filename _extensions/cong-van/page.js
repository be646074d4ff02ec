
"use strict";
// The table of contents: where the reader is, and the bar on a narrow screen.
// Pandoc reads this file as a template: no dollar sign may stand in it.
(() => {
  const toc = document.getElementById("TOC");
  if (!toc) return;
  const bar = toc.querySelector("details");
  const now = toc.querySelector(".muc-luc-dang-xem");
  const links = new Map();
  for (const link of toc.querySelectorAll('a[href^="#"]')) {
    const section = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (section) links.set(section, link);
  }

  let current = null;
  function mark(link) {
    if (link === current) return;
    if (current) current.removeAttribute("aria-current");
    current = link;
    if (now) now.textContent = link ? link.textContent : "";
    if (!link) return;
    link.setAttribute("aria-current", "location");
    // Keep it in view in its own column, without moving the page.
    const box = toc.getBoundingClientRect();
    const at = link.getBoundingClientRect();
    if (at.top < box.top) toc.scrollTop -= box.top - at.top + 40;
    else if (at.bottom > box.bottom) toc.scrollTop += at.bottom - box.bottom + 40;
  }

  // The section that crosses a line a quarter of the way down; of nested ones, the inner.
  const crossing = new Set();
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) crossing.add(target);
        else crossing.delete(target);
      }
      let found = null;
      for (const [section, link] of links) if (crossing.has(section)) found = link;
      const isAbove = window.scrollY < 200;
      if (found || isAbove) mark(found);
    },
    { rootMargin: "-25% 0px -75% 0px" },
  );
  for (const section of links.keys()) watcher.observe(section);

  if (!bar) return;
  toc.addEventListener("click", (event) => {
    if (event.target.closest("a")) bar.open = false;
  });
  toc.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !bar.open) return;
    bar.open = false;
    bar.firstElementChild.focus();
  });
  document.addEventListener("click", (event) => {
    if (!toc.contains(event.target)) bar.open = false;
  });
})();
