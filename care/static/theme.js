// Runs before the page is drawn: whoever wants the system's theme gets it without a flash. Light and dark come from the server.
"use strict";
(function () {
  const root = document.documentElement;
  if (root.dataset.theme !== "system" || !window.matchMedia) return;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => { root.dataset.bsTheme = dark.matches ? "dark" : "light"; };
  apply();
  dark.addEventListener("change", apply);
})();
