"use strict";
// What a screen reader calls things. Bokeh draws sliders, buttons and figures without names; their models have them.
window.explorerNames = (() => {
  const narrow = window.matchMedia("(max-width: 640px)");

  // A control's name: its title, or the tag that `controls` gave it.
  const named = (model) => model.tags?.find((tag) => tag.startsWith?.("name:"))?.slice(5) ?? model.title ?? "";
  const text = (value) => (typeof value === "string" ? value : value?.text ?? "");

  function slider(view, root) {
    const handle = root.querySelector(".noUi-handle");
    if (!handle) return;
    handle.setAttribute("aria-label", named(view.model));
    const shown = root.querySelector(".bk-slider-value")?.textContent;
    if (shown) handle.setAttribute("aria-valuetext", shown);
  }

  function group(view, root) {
    const place = root.querySelector(".bk-btn-group");
    if (!place) return;
    place.setAttribute("role", "group");
    place.setAttribute("aria-label", named(view.model));
    for (const button of place.querySelectorAll(".bk-btn")) {
      button.setAttribute("aria-pressed", String(button.classList.contains("bk-active")));
    }
  }

  function input(view, root) {
    const place = root.querySelector("input:not([type=hidden]), select");
    if (place && named(view.model)) place.setAttribute("aria-label", named(view.model));
  }

  function figure(view) {
    const model = view.model;
    const axis = (one) => text(one?.axis_label);
    const parts = [text(model.title), axis(model.left?.[0]) && `vertical axis: ${axis(model.left[0])}`,
                   axis(model.below?.[0]) && `horizontal axis: ${axis(model.below[0])}`];
    view.el.setAttribute("role", "img");
    view.el.setAttribute("aria-label", parts.filter(Boolean).join("; "));
    // A finger that moves up or down scrolls the page; only sideways does it drag.
    const canvas = view.canvas_view;
    if (canvas?.events_el) canvas.events_el.style.touchAction = "pan-y";
    // The figure paints its own ground: what lies under it would show as a seam.
    const layers = canvas?.shadow_el?.querySelectorAll("div, canvas") ?? [];
    for (const ground of [view.el, canvas?.el, ...layers]) if (ground) ground.style.backgroundColor = "transparent";
    // Half a pixel along its upper and left edges is never painted over.
    view.el.style.clipPath = "inset(1px 0 0 1px)";
    for (const box of model.above ?? []) {
      if (!box.tags?.includes("folds")) continue;
      const stacked = view.el.clientWidth < 560;
      box.setv({ orientation: stacked ? "vertical" : "horizontal", spacing: stacked ? 0 : 18 }, { sync: false });
    }
  }

  function visit(view, seen) {
    if (view == null || seen.has(view)) return;
    seen.add(view);
    const root = view.shadow_el ?? view.el;
    const type = view.model.type;
    if (root) {
      if (/Slider/.test(type)) slider(view, root);
      else if (/ButtonGroup/.test(type)) group(view, root);
      else if (/Select|Input|FileDropper/.test(type)) input(view, root);
      else if (/^(Figure|Plot)$/.test(type)) figure(view);
    }
    for (const child of view.children()) visit(child, seen);
  }

  function apply() {
    const seen = new Set();
    for (const view of window.Bokeh?.index?.roots ?? []) visit(view, seen);
  }

  // The menu and the controls: open where there is room, on a phone where nothing can be drawn without them.
  function fold() {
    for (const details of document.querySelectorAll("details.folds")) {
      details.open = !narrow.matches || details.classList.contains("first");
    }
  }
  narrow.addEventListener("change", fold);

  let timer = null;
  function soon(event) {
    // New numbers in a picture change no name.
    if (event?.kind === "ColumnsStreamed" || event?.attr === "data") return;
    timer ??= setTimeout(() => { timer = null; apply(); }, 150);
  }
  return { apply, fold, soon };
})();
