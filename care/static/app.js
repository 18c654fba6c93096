// The shell's own script: one clock for all ages, dialogs, shortcuts, CSRF for htmx, and the state of the live stream.
// Pages work without it; nothing here decides anything.
"use strict";
(function () {
  const body = document.body;
  const language = document.documentElement.lang || "en";
  const lang = navigator.languages.find((tag) => tag.split("-")[0] === language) || language; // "en-GB" has a 24 h clock, "en-US" has not
  const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content || "";

  // ---- ages: the same steps as care/ages.py -----------------------------------------------------------------
  const serverAhead = Date.parse(meta("hl-now")) - Date.now();
  const serverNow = () => Date.now() + (serverAhead || 0);
  const day = new Intl.DateTimeFormat(lang, { dateStyle: "medium" });
  const full = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "medium" });
  const short = new Intl.DateTimeFormat(lang, { timeStyle: "short" });

  function ageWords(at) {
    const s = Math.floor((serverNow() - at) / 1000);
    if (s < 2) return body.dataset.wordNow;
    if (s < 90) return `${s}\u00a0s`;
    if (s < 5400) return `${Math.floor(s / 60)}\u00a0min`;
    if (s < 129600) return `${Math.floor(s / 3600)}\u00a0h`;
    return s <= 604800 ? `${Math.floor(s / 86400)}\u00a0d` : null;
  }
  function tick() {
    for (const chip of document.querySelectorAll("time[data-age]")) {
      const at = Date.parse(chip.dateTime);
      const words = ageWords(at);
      const text = words === null ? day.format(at) : "ago" in chip.dataset && words !== body.dataset.wordNow ? body.dataset.wordAgo.replace("{}", words) : words;
      if (chip.textContent !== text) chip.textContent = text;
      if (chip.dataset.freshS) chip.classList.toggle("hl-age-stale", serverNow() - at > 1000 * Number(chip.dataset.freshS));
    }
  }
  function localise(root) {
    for (const time of root.querySelectorAll("time[data-local]")) time.textContent = full.format(Date.parse(time.dateTime));
  }
  // on a phone the tab that is open may lie beyond the edge of the bar
  function showTab() {
    for (const tab of document.querySelectorAll(".hl-tabs [aria-current]")) {
      const bar = tab.parentElement, left = tab.getBoundingClientRect().left - bar.getBoundingClientRect().left;
      if (left < 0 || left + tab.offsetWidth > bar.clientWidth) bar.scrollLeft += left - 16;
    }
  }
  tick();
  showTab();
  localise(document);
  window.setInterval(tick, 1000);
  body.addEventListener("htmx:afterSwap", () => { tick(); showTab(); localise(document); });

  // ---- htmx: proof against forged requests, and a word when the server is away --------------------------------
  body.addEventListener("htmx:configRequest", (event) => { event.detail.headers["X-CSRFToken"] = meta("csrf-token"); });
  body.addEventListener("htmx:sendError", () => {
    const place = document.getElementById("problems");
    const note = document.createElement("div");
    note.className = "hl-note hl-bad";
    note.textContent = body.dataset.wordUnreachable;
    place?.replaceChildren(note);
  });
  body.addEventListener("htmx:beforeRequest", () => document.getElementById("problems")?.replaceChildren());

  // ---- the live stream: one per page (macro `live`); closed while nobody looks ---------------------------------
  const HIDDEN_MS = 20000; // browsers allow six connections per host on HTTP/1.1: hidden tabs must not hold them
  const state = document.getElementById("live-state");
  let source = null;
  let deadSince = null;
  let asleep = 0;
  if (window.htmx) {
    window.htmx.createEventSource = (url) => {
      source?.close();
      source = new EventSource(url);
      return source;
    };
  }
  body.addEventListener("htmx:sseOpen", () => {
    const wasDead = deadSince !== null;
    deadSince = null;
    if (state) state.textContent = "";
    if (wasDead) window.htmx.trigger(body, "live-again"); // what was missed is read again
  });
  body.addEventListener("htmx:sseError", () => {
    if (deadSince === null) deadSince = Date.now();
    if (state && !document.hidden) state.textContent = body.dataset.wordDead.replace("{}", short.format(deadSince));
  });
  document.addEventListener("visibilitychange", () => {
    if (!source) return;
    if (document.hidden) {
      asleep = window.setTimeout(() => { deadSince ??= Date.now(); source.close(); }, HIDDEN_MS);
    } else {
      window.clearTimeout(asleep);
      if (source.readyState === EventSource.CLOSED) source.onerror?.(new Event("error")); // the extension opens it anew
    }
  });
  window.addEventListener("pagehide", () => source?.close());

  // ---- dialogs, copying, double presses -----------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialog);
      if (dialog && !dialog.open) dialog.showModal();
      return;
    }
    const copier = event.target.closest("[data-copy]");
    if (copier) {
      const text = document.getElementById(copier.dataset.copy)?.textContent || "";
      navigator.clipboard?.writeText(text).then(() => { copier.textContent = body.dataset.wordCopied; });
    }
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.submitter?.formMethod === "dialog" || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) event.preventDefault(); // pressing twice sends once
    form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
  document.addEventListener("change", (event) => { if (event.target.closest("[data-submit-on-change]")) event.target.form.requestSubmit(); });

  // ---- keyboard -----------------------------------------------------------------------------------------------
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const search = document.getElementById("search");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  });
})();
