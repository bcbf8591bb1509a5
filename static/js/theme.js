// Theme switch without a reload: the same cookie that the server reads, so the next page has no flash.
(() => {
  "use strict";
  const root = document.documentElement;

  const apply = (theme) => {
    const chosen = theme === "light" || theme === "dark" ? theme : "";
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${chosen}; Path=/; Max-Age=${chosen ? 31536000 : 0}; SameSite=Lax${secure}`;
    if (chosen) root.dataset.theme = chosen;
    else delete root.dataset.theme;
    root.dispatchEvent(new CustomEvent("themechange"));
  };

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-theme-switch]") || !event.submitter) return;
    event.preventDefault();
    apply(event.submitter.value);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => root.dispatchEvent(new CustomEvent("themechange")));
})();
