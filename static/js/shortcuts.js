// Keys: `/` search, `?` list, R request, G then O F A P V, arrows and Enter in tables. Dead inside fields and where switched off (WCAG 2.1.4).
(() => {
  "use strict";
  const off = document.body.dataset.shortcuts === "off";
  const places = { o: "/posture", f: "/findings", a: "/assets", p: "/approvals", v: "/reviews" };
  const dialog = document.getElementById("shortcuts");
  let chord = 0;

  const typing = (target) => target.closest("input, textarea, select, [contenteditable], dialog[open]") !== null;
  const known = (path) => document.querySelector(`.nav a[href^="${path}"]`);
  const search = () => [...document.querySelectorAll("[data-search], .fsearch input")].find((field) => field.offsetParent !== null);

  const asking = () => document.querySelector("a[data-request]");

  const jump = (key) => {
    const link = places[key] && known(places[key]);
    if (link) location.assign(link.href);
    return Boolean(link);
  };

  const moveRow = (step) => {
    const rows = [...document.querySelectorAll("main tbody tr")].filter((row) => row.querySelector("th a"));
    if (!rows.length) return false;
    const now = rows.indexOf(document.querySelector("tr.cursor"));
    const next = rows[Math.min(Math.max(now + step, 0), rows.length - 1)];
    rows.forEach((row) => row.classList.toggle("cursor", row === next));
    next.querySelector("th a").focus();
    return true;
  };

  document.addEventListener("keydown", (event) => {
    if (off || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const key = event.key.toLowerCase();
    const chorded = Date.now() - chord < 1200;
    chord = 0;
    let done = false;
    if (chorded) done = jump(key);
    else if (key === "g") chord = Date.now();
    else if (key === "r" && asking()) done = location.assign(asking().href) === undefined;
    else if (key === "/" && search()) done = search().focus() === undefined;
    else if (key === "?" && dialog) done = dialog.showModal() === undefined;
    else if (document.activeElement.closest("table") && (key === "arrowdown" || key === "arrowup")) done = moveRow(key === "arrowdown" ? 1 : -1);
    if (done) event.preventDefault();
  });

  if (!dialog || off) return;
  document.querySelectorAll('[data-open="shortcuts"]').forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => dialog.showModal());
  });
})();
