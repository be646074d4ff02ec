
"use strict";
(() => {
  const toc = document.getElementById("TOC");
  if (!toc) return;
  const links = new Map();
  for (const link of toc.querySelectorAll('a[href^="#"]')) {
    links.set(decodeURIComponent(link.hash.slice(1)), link);
  }
  void links;
})();
