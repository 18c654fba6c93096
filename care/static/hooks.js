// The editor of hooks: line numbers that follow the text, and Tab for two blanks. Without it the page works all the same.
"use strict";
(function () {
  for (const gutter of document.querySelectorAll("[data-gutter]")) {
    const text = document.getElementById(gutter.dataset.gutter);
    const bad = Number(gutter.dataset.bad);
    let shown = -1;
    const number = () => {
      const lines = text.value.split("\n").length;
      if (lines === shown) return;
      shown = lines;
      gutter.replaceChildren(...Array.from({ length: lines }, (_, n) => {
        const mark = document.createElement(n + 1 === bad ? "b" : "span");
        mark.textContent = `${n + 1}\n`;
        return mark;
      }));
    };
    const follow = () => { gutter.scrollTop = text.scrollTop; };
    const fit = () => { gutter.style.height = `${text.offsetHeight}px`; };
    text.addEventListener("input", number);
    text.addEventListener("scroll", follow);
    new ResizeObserver(fit).observe(text);
    // Tab leaves the field after Escape, so that the keyboard is never caught in it
    let leaves = false;
    text.addEventListener("keydown", (event) => {
      if (event.key === "Escape") leaves = true;
      else if (event.key === "Tab" && !leaves && !event.shiftKey && !text.readOnly) {
        event.preventDefault();
        text.setRangeText("  ", text.selectionStart, text.selectionEnd, "end");
      } else if (event.key !== "Tab") leaves = false;
    });
    number();
    fit();
  }
  document.getElementById("result")?.focus();
})();
