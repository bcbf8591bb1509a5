// Keys of asking and deciding: Ctrl+Enter sends a request; A D Q O and the arrows in the inbox. Dead inside fields and where switched off.
(() => {
  "use strict";
  const off = document.body.dataset.shortcuts === "off";
  const typing = (target) => target.closest("input:not([type=radio]), textarea, select, [contenteditable], dialog[open]") !== null;

  // What opens a line to write in opens it; what is one step is done; what gives less away is only focused.
  const press = (control, key) => {
    if (control.matches("summary")) {
      control.parentElement.open = true;
      control.parentElement.querySelector(".in, button")?.focus();
    } else if (key === "o") {
      control.focus();
    } else {
      control.click();
    }
  };

  const move = (step) => {
    const rows = [...document.querySelectorAll("[data-rows] a.row")];
    const now = rows.findIndex((row) => row.hasAttribute("aria-current"));
    const next = rows[now + step];
    if (next) location.assign(next.href);
    return Boolean(next);
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const send = event.target.closest("[data-ctrl-enter]")?.querySelector("[data-send]");
      if (send) {
        event.preventDefault();
        send.click();
      }
      return;
    }
    if (off || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const key = event.key.toLowerCase();
    const control = "adqo".includes(key) && key.length === 1 && document.querySelector(`[data-key="${key}"]`);
    if (control) press(control, key);
    else if (!((key === "arrowdown" && move(1)) || (key === "arrowup" && move(-1)))) return;
    event.preventDefault();
  });

  // What can be taken back for half a minute says so no longer than that; the server decides anyway.
  document.querySelectorAll("[data-lasts]").forEach((banner) => {
    setTimeout(() => banner.remove(), Number(banner.dataset.lasts) * 1000);
  });
})();
