"use strict";
// What needs no server: copying, downloading, keeping the address a permalink.
window.explorer = (() => {
  const model = (name) => Bokeh.documents.map((d) => d.get_model_by_name(name)).find((m) => m != null);

  function toast(text) {
    const place = document.getElementById("toast");
    place.textContent = text;
    clearTimeout(toast.timer);
    toast.timer = setTimeout(() => { place.textContent = ""; }, 2500);
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false;
    }
  }

  function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  async function picture(kind) {
    const view = Bokeh.index.find_one(model("explorer-figures"));
    const stem = document.body.dataset.view ?? "curldescent";
    save(await view.export(kind).to_blob(), `${stem}.${kind}`);
    toast(`Saved ${stem}.${kind}`);
  }

  async function script() {
    const text = model("explorer-script").value;
    const dialog = document.getElementById("script");
    dialog.querySelector("pre").textContent = text;
    const done = await copy(text);
    document.getElementById("script-done").textContent = done ? "Copied." : "Select the text and copy it.";
    dialog.showModal();
  }

  async function link() {
    toast(await copy(location.href) ? "Link copied" : "The link is in the address bar");
  }

  const actions = { script, link, png: () => picture("png"), svg: () => picture("svg"),
                    theme: () => explorerTheme.toggle() };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-action]");
    if (button) actions[button.dataset.action]();
    const anchor = event.target.closest?.("a[data-carries]");
    if (anchor) {
      const now = new URLSearchParams(location.search);
      const shared = anchor.dataset.carries.split(" ");
      const kept = new URLSearchParams(shared.filter((k) => now.has(k)).map((k) => [k, now.get(k)]));
      anchor.href = anchor.pathname + (kept.size ? `?${kept}` : "");
    }
  });

  document.addEventListener("DOMContentLoaded", () => { explorerTheme.apply(); explorerNames.fold(); });

  const waiting = setInterval(() => {
    if (window.Bokeh?.documents?.length && model("explorer-figures") && Bokeh.index.find_one(model("explorer-figures"))) {
      clearInterval(waiting);
      explorerTheme.apply();
      explorerNames.apply();
      for (const doc of Bokeh.documents) doc.on_change(explorerNames.soon);
      window.addEventListener("resize", explorerNames.soon);
      document.getElementById("main").classList.remove("loading");
      document.body.dataset.ready = "yes";
    }
  }, 60);

  return {
    query: (text) => history.replaceState(null, "", location.pathname + (text ? `?${text}` : "")),
    lost: () => { document.getElementById("lost").hidden = false; },
  };
})();
