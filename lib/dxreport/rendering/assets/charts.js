
"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const theme = read("vega-theme");
  const { View, parse, expressionInterpreter, Handler } = window.dxVega;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  const figures = [...document.querySelectorAll("figure.chart")];
  // What other scripts of the page find the charts by: figure id -> view.
  const views = (window.dxCharts = new Map());

  // A colour stands in a specification by its name, as a whole string: "dx:ink".
  const inColour = (text, mode) =>
    JSON.parse(text.replace(/"(dx:[a-z]\w*(?:-\d+)?)"/g, (name, at) => (at in theme[mode] ? `"${theme[mode][at]}"` : name)));

  async function draw(figure, mode, config) {
    const target = figure.querySelector("div.vega");
    const source = figure.querySelector('script[type="application/json"]');
    const old = views.get(figure.id);
    try {
      const spec = inColour(source.textContent, mode);
      // Its expressions are interpreted: the page's policy lets no text become code.
      const view = new View(parse(spec, config, { ast: true }), {
        expr: expressionInterpreter,
        renderer: "svg",
      });
      view.tooltip(new Handler({ theme: mode }).call);
      target.replaceChildren();
      await view.initialize(target).hover().runAsync();
      if (old) old.finalize();
      views.set(figure.id, view);
      window.dxviews.push(view);
      // The box is the image, and says what it shows; its marks have no names of their own.
      target.querySelector("svg").setAttribute("aria-hidden", "true");
      figure.dataset.drawn = mode;
      figure.dispatchEvent(new CustomEvent("dx:drawn", { bubbles: true, detail: view }));
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
    const config = inColour(JSON.stringify(theme.config), mode);
    return Promise.all(figures.map((figure) => draw(figure, mode, config))).then(() => {
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
