"use strict";
// Light and dark: as the system says until the switch is used, which is remembered. Styles follow `data-theme`;
// colours that Bokeh draws on a canvas are properties of its models, and are translated here.
window.explorerTheme = (() => {
  const dark = {
    "white": "#1c1f23", "#ffffff": "#1c1f23", "#222222": "#e8e8e6", "#e4e4e4": "#3b3f45", "black": "#f4f4f2",
    "#777777": "#9aa0a8", "#555555": "#b4b9c0", "#444444": "#d0d3d6", "#7a7a7a": "#9298a0", "#4d4d4d": "#c3c6ca",
    "#d6e6f2": "#1d3a50", "#f8e0d1": "#4d2f1c", "#0072b2": "#5cb3ea", "#d55e00": "#f28b3c", "#b34e00": "#f5a05c",
    "#009e73": "#3ccfa3", "#cccccc": "#4c5158",
  };
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const kept = () => { try { return localStorage.getItem("explorer-theme"); } catch { return null; } };
  const name = () => kept() ?? (system.matches ? "dark" : "light");
  // Model → property → the colour that the server gave it.
  const given = new WeakMap();

  const colour = (value) => (typeof value === "string" ? value : typeof value?.value === "string" ? value.value : null);

  function paint(model, theme) {
    const own = given.get(model) ?? {};
    const changes = {};
    for (const property of model) {
      const attr = property.attr;
      if (!attr.endsWith("_color")) continue;
      const now = colour(model[attr]);
      if (now == null) continue;
      const light = dark[own[attr]] === now ? own[attr] : now;
      if (!(light in dark)) continue;
      own[attr] = light;
      const wanted = theme === "dark" ? dark[light] : light;
      if (wanted !== now) changes[attr] = typeof model[attr] === "string" ? wanted : { value: wanted };
    }
    given.set(model, own);
    if (Object.keys(changes).length) model.setv(changes, { sync: false });
  }

  function apply() {
    const theme = name();
    document.documentElement.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-action=theme]")) {
      button.setAttribute("aria-pressed", String(theme === "dark"));
    }
    for (const doc of window.Bokeh?.documents ?? []) {
      for (const model of doc.all_models) paint(model, theme);
    }
  }

  function toggle() {
    const next = name() === "dark" ? "light" : "dark";
    try { localStorage.setItem("explorer-theme", next); } catch { document.documentElement.dataset.theme = next; }
    apply();
  }

  system.addEventListener("change", apply);
  apply();
  return { apply, toggle };
})();
