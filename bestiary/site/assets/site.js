/* What every page does: the theme, copying, and the filters of the index. */
"use strict";

{
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem("bestiary-theme", root.dataset.theme); } catch { /* it holds for this page */ }
    dispatchEvent(new Event("themechange"));
  });
}

for (const button of document.querySelectorAll(".copy-button")) {
  const text = button.previousElementSibling;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
    } catch { // no leave to write there: the text is selected instead
      getSelection().selectAllChildren(text);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}

const filters = document.getElementById("filters");
if (filters) {
  const cards = [...document.querySelectorAll("#cards > li")];
  const search = document.getElementById("search");
  const facets = [...filters.querySelectorAll("select")];

  const show = () => {
    const words = search.value.toLowerCase().replaceAll("_", " ").split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const card of cards) {
      const fits = facets.every((f) => !f.value || card.dataset[f.dataset.facet].split(" ").includes(f.value))
        && words.every((word) => card.dataset.words.includes(word));
      card.hidden = !fits;
      shown += fits;
    }
    document.getElementById("count").textContent = `${shown} of ${cards.length} entries`;
    document.getElementById("none").hidden = shown > 0;
    const kept = new URLSearchParams();
    if (search.value) kept.set("search", search.value);
    for (const f of facets) if (f.value) kept.set(f.dataset.facet, f.value);
    try { history.replaceState(null, "", kept.size ? `#${kept}` : "#"); } catch { /* of a file it may not be kept */ }
  };

  const asked = new URLSearchParams(location.hash.slice(1));
  search.value = asked.get("search") || "";
  for (const f of facets) if ([...f.options].some((o) => o.value === asked.get(f.dataset.facet))) f.value = asked.get(f.dataset.facet);
  filters.hidden = false;
  filters.addEventListener("input", show);
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("reset", () => setTimeout(show));
  if (asked.size) show();
}
