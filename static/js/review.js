// Keys of a review sheet: arrows move, 1 keeps, 2 revokes, 3 is not mine, U takes back. Dead inside fields and where switched off.
(() => {
  "use strict";
  const off = document.body.dataset.shortcuts === "off";
  const typing = (target) => target.closest("input:not([type=radio]), textarea, select, [contenteditable], dialog[open]") !== null;
  const rows = () => [...document.querySelectorAll("tr[data-item]")];
  let current = null;

  const mark = (row, scroll = true) => {
    document.querySelectorAll("tr.cur").forEach((one) => one.classList.remove("cur"));
    current = row?.id ?? null;
    if (!row) return;
    row.classList.add("cur");
    if (scroll) row.scrollIntoView({ block: "nearest" });
  };
  const now = () => document.getElementById(current ?? "");
  const step = (by) => {
    const all = rows();
    const place = all.indexOf(now());
    mark(all[Math.max(0, Math.min(all.length - 1, place + by))]);
  };
  const nextOpen = (row) => {
    const all = rows();
    return all.slice(all.indexOf(row) + 1).find((one) => !one.classList.contains("done")) ?? null;
  };

  const press = (key) => {
    const row = now();
    if (key === "arrowdown" || key === "arrowup") step(key === "arrowdown" ? 1 : -1);
    else if (!row) return false;
    else if (key === "1") row.querySelector(".kp input")?.click();
    else if (key === "2") row.querySelector(".rv input")?.click();
    else if (key === "3") row.querySelector("a.nm")?.click();
    else if (key === "u") row.querySelector(".undo button")?.click();
    else return false;
    return true;
  };

  document.addEventListener("keydown", (event) => {
    if (off || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    // Inside a group of choices the arrows belong to the group.
    if (event.target.matches("input[type=radio]") && event.key.startsWith("Arrow")) return;
    if (press(event.key.toLowerCase())) event.preventDefault();
  });

  // A decided row stays where it is, and the focus goes on to the next that needs an answer.
  document.addEventListener("htmx:afterSettle", (event) => {
    const row = event.target.closest?.("tr[data-item]") ?? document.getElementById(event.detail.elt?.id ?? "");
    if (!row?.matches("tr[data-item]")) return;
    const next = row.classList.contains("done") ? nextOpen(row) : row;
    mark(next ?? row, false);
    (next ?? row).querySelector(".dec input")?.focus({ preventScroll: true });
  });

  // What did not reach the server says so in its row; the sheet cannot be signed while it counts it as undecided.
  ["htmx:sendError", "htmx:responseError", "htmx:timeout"].forEach((name) => {
    document.addEventListener(name, (event) => {
      const row = event.target.closest?.("tr[data-item]");
      if (!row) return;
      row.querySelectorAll(".dec input").forEach((input) => { input.checked = input.defaultChecked; });
      row.querySelector("[data-unsaved]").hidden = false;
    });
  });
  mark(rows().find((row) => !row.classList.contains("done")) ?? null, false);
})();
