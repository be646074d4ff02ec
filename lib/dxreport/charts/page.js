/* One choice of a unit for all charts of a page.
 *
 * Contract
 * - The page puts every Vega view it draws into the array `window.dxviews`, by `push`, before
 *   or after this script runs. A chart that is drawn again (another theme) is pushed again;
 *   before that, set `window.dxviews.length = 0`.
 * - A view takes part if its specification has the selection parameter `unit` on the field
 *   `unit_id`. A click in one of them, or the list of units `<select id="dx-unit">`, chooses
 *   that unit in all of them; "" chooses none. The list is hidden where no view takes part.
 * - `document` gets the event `dxunit` with `detail.unit` after each choice.
 * Nothing is evaluated as code, and nothing is written into the page as HTML.
 */
(function () {
  "use strict";

  const PARAM = "unit";
  const PROVINCE = "all";
  const NOBODY = null; // A click on what is about no unit: it must be undone where it was made.
  const joined = new Set();
  let current = "";
  let settling = false;

  const list = document.getElementById("dx-unit");
  const picker = document.getElementById("dx-unit-picker");

  function takesPart(view) {
    try {
      view.signal(PARAM + "_tuple_fields");
      return true;
    } catch (error) {
      return false;
    }
  }

  function tell(view) {
    const tuple = current && {
      unit: "units",
      fields: view.signal(PARAM + "_tuple_fields"),
      values: [current],
    };
    return view.signal(PARAM + "_tuple", tuple || null).runAsync();
  }

  function choose(unit) {
    const wanted = unit === NOBODY ? "" : unit;
    if (wanted === current && unit === wanted) return;
    current = wanted;
    if (list && list.value !== current) list.value = current;
    settling = true;
    Promise.all(Array.from(joined, tell)).then(function () {
      settling = false;
      document.dispatchEvent(new CustomEvent("dxunit", { detail: { unit: current } }));
    });
  }

  function attach(view) {
    if (joined.has(view) || !takesPart(view)) return;
    joined.add(view);
    view.addSignalListener(PARAM, function (name, value) {
      if (settling) return;
      const chosen = value && value.unit_id;
      if (!chosen || !chosen.length) choose("");
      else if (chosen[0] == null || chosen[0] === PROVINCE) choose(NOBODY);
      else choose(String(chosen[0]));
    });
    if (picker) picker.hidden = false;
    if (current) tell(view);
  }

  const views = (window.dxviews = window.dxviews || []);
  const append = Array.prototype.push;
  views.push = function () {
    if (!this.length) joined.clear();
    Array.prototype.forEach.call(arguments, attach);
    return append.apply(this, arguments);
  };
  views.forEach(attach);
  if (list) {
    list.addEventListener("change", function () {
      choose(list.value);
    });
  }
})();
