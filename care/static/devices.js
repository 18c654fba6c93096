// Devices and operations: times of day in the reader's zone, stations spoken once, the tree by keyboard, menus that close, a question
// before what cannot be undone. Pages work without it.
"use strict";
(function () {
  const body = document.body;
  const lang = document.documentElement.lang || "en";
  const time = new Intl.DateTimeFormat(lang, { timeStyle: "short" });
  const both = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short" });

  function clocks(root) {
    for (const mark of root.querySelectorAll("time[data-clock]")) {
      const at = new Date(mark.dateTime);
      mark.textContent = (at.toDateString() === new Date().toDateString() ? time : both).format(at);
    }
  }
  clocks(document);

  // ---- what a screen reader hears: the station, not the seconds -------------------------------------------------
  const heard = new Map();
  function speak() {
    const place = document.getElementById("operations-spoken");
    for (const card of document.querySelectorAll("[data-operation]")) {
      const known = heard.get(card.dataset.operation);
      if (known !== undefined && known !== card.dataset.spoken && place) place.textContent = card.dataset.spoken;
      heard.set(card.dataset.operation, card.dataset.spoken);
    }
  }
  speak();
  body.addEventListener("htmx:afterSettle", () => { clocks(document); speak(); });

  // A tab with forms is not redrawn under somebody's hands: it says that there is something new.
  body.addEventListener("operation-ended", () => {
    const panel = document.getElementById("panel");
    const note = document.getElementById("new-values");
    if (note && panel && "static" in panel.dataset) note.hidden = false;
  });

  // ---- menus, questions -----------------------------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
    const sure = event.target.closest("[data-sure]");
    if (sure && !window.confirm(sure.dataset.sure)) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details[data-menu][open]")) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  // ---- the tree by keyboard: arrows, Home, End, and typing the beginning of a name --------------------------------
  let typed = "";
  let typedAt = 0;
  document.addEventListener("keydown", (event) => {
    const here = event.target.closest("[data-tree] summary");
    if (!here || event.target !== here || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = [...here.closest("[data-tree]").querySelectorAll("summary")].filter((row) => row.offsetParent !== null);
    const at = all.indexOf(here);
    const node = here.parentElement;
    let to = null;
    if (event.key === "ArrowDown") to = all[at + 1];
    else if (event.key === "ArrowUp") to = all[at - 1];
    else if (event.key === "Home") to = all[0];
    else if (event.key === "End") to = all[all.length - 1];
    else if (event.key === "ArrowRight") { if (node.open) to = all[at + 1]; else node.open = true; }
    else if (event.key === "ArrowLeft") { if (node.open) node.open = false; else to = node.parentElement.closest("details")?.querySelector("summary"); }
    else if (event.key.length === 1 && event.key !== " ") {
      typed = event.timeStamp - typedAt < 800 ? typed + event.key.toLowerCase() : event.key.toLowerCase();
      typedAt = event.timeStamp;
      const order = [...all.slice(at + (typed.length === 1 ? 1 : 0)), ...all.slice(0, at)];
      to = order.find((row) => row.textContent.trim().toLowerCase().startsWith(typed));
    } else return;
    event.preventDefault();
    to?.focus();
  });
})();
