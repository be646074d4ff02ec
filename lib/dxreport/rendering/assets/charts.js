
"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const themes = { light: read("vega-light"), dark: read("vega-dark") };
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  const figures = [...document.querySelectorAll("figure.chart")];
  // What other scripts of the page find the charts by: figure id -> view.
  const views = (window.dxCharts = new Map());

  async function draw(figure, mode) {
    const target = figure.querySelector("div.vega");
    const source = figure.querySelector('script[type="application/json"]');
    const spec = JSON.parse(source.textContent);
    const old = views.get(figure.id);
    try {
      const result = await window.vegaEmbed(target, spec, {
        actions: false,
        renderer: "svg",
        ast: true,
        hover: true,
        tooltip: { theme: mode },
        config: themes[mode],
      });
      if (old) old.finalize();
      views.set(figure.id, result.view);
      window.dxviews.push(result.view);
      // The box is the image, and says what it shows; its marks have no names of their own.
      target.querySelector("svg").setAttribute("aria-hidden", "true");
      figure.dataset.drawn = mode;
      figure.dispatchEvent(new CustomEvent("dx:drawn", { bubbles: true, detail: result.view }));
    } catch (error) {
      // A chart that cannot be drawn leaves its description, which is not lost to anyone.
      target.textContent = target.getAttribute("aria-label");
      target.removeAttribute("role");
      figure.dataset.drawn = "failed";
      console.error(figure.id, error);
    }
  }

  function drawAll(mode) {
    document.documentElement.dataset.charts = "drawing";
    window.dxviews.length = 0;
    return Promise.all(figures.map((figure) => draw(figure, mode))).then(() => {
      document.documentElement.dataset.charts = "drawn";
    });
  }

  const mode = () => (dark.matches ? "dark" : "light");
  document.documentElement.classList.toggle("still", still.matches);
  let ready = document.fonts ? document.fonts.ready : Promise.resolve();
  ready = ready.then(() => drawAll(mode()));
  dark.addEventListener("change", () => (ready = ready.then(() => drawAll(mode()))));
  // On paper a chart is dark on white, whatever the screen shows.
  window.addEventListener("beforeprint", () => (ready = ready.then(() => drawAll("light"))));
  window.addEventListener("afterprint", () => (ready = ready.then(() => drawAll(mode()))));
})();
