// Small behaviours of every page, each found by its data attribute, also in parts that htmx brings later.
(() => {
  "use strict";

  // The error summary takes the focus, so that it is read first; else the field that asks for it.
  const focusErrors = (scope) => scope.querySelector("[data-focus]")?.focus();

  const copyButtons = (scope) => {
    if (!navigator.clipboard) return;
    scope.querySelectorAll("[data-copy]").forEach((button) => { button.hidden = false; });
  };

  const narrowFields = (scope) => scope.querySelectorAll("[data-narrow]").forEach((field) => { field.hidden = false; });

  const copy = async (button) => {
    const label = button.querySelector("span") ?? button;
    const before = label.textContent;
    try {
      await navigator.clipboard.writeText(button.closest("[data-copybox]").querySelector("code").textContent);
      label.textContent = "Copied";
    } catch {
      label.textContent = "Not copied";
    }
    setTimeout(() => { label.textContent = before; }, 2000);
  };

  const narrow = (field) => {
    const words = field.value.trim().toLowerCase();
    field.closest("fieldset").querySelectorAll("li").forEach((entry) => {
      entry.hidden = words !== "" && !entry.textContent.toLowerCase().includes(words);
    });
  };

  // A form must not be sent twice by a double click; the button comes back when the page does.
  const once = (form, submitter) => {
    if (form.dataset.sent) return false;
    if (form.method === "post" && !form.matches("[data-theme-switch]")) {
      form.dataset.sent = "1";
      submitter?.setAttribute("aria-busy", "true");
    }
    return true;
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
    document.querySelectorAll("details.menu[open], details.fpanel[open], details.confirm[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-narrow]")) narrow(event.target);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("[data-narrow]")) event.preventDefault();
    if (event.key !== "Escape") return;
    const menu = document.activeElement.closest("details.menu[open], details.fpanel[open], details.confirm[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("submit", (event) => {
    if (!once(event.target, event.submitter)) event.preventDefault();
  });
  addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
    document.querySelectorAll("[aria-busy]").forEach((button) => { button.removeAttribute("aria-busy"); });
  });

  // A panel that would leave the window opens towards the other side.
  document.addEventListener("toggle", (event) => {
    const panel = event.target.querySelector?.(":scope > .panel");
    if (!panel) return;
    panel.classList.remove("flip-left", "flip-right");
    if (!event.target.open) return;
    const box = panel.getBoundingClientRect();
    if (box.right > innerWidth) panel.classList.add("flip-left");
    else if (box.left < 0) panel.classList.add("flip-right");
  }, true);

  const prepare = (scope) => { focusErrors(scope); copyButtons(scope); narrowFields(scope); };
  prepare(document);
  document.addEventListener("htmx:afterSwap", (event) => prepare(event.target));
})();
