// The query box: proposals while typing, by keyboard (arrows, Tab or Enter, Escape) or pointer; and how many rows are ticked.
// Pages work without it.
"use strict";
(function () {
  const WAIT_MS = 120;

  function box(root) {
    const input = root.querySelector("input");
    const list = root.querySelector("[role=listbox]");
    let proposals = [];
    let active = -1;
    let timer = 0;
    let asked = 0;
    let answered = 0;
    let wished = false; // an arrow was pressed before the proposals were there

    function close() {
      list.hidden = true;
      active = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }
    function mark(to) {
      active = to;
      [...list.children].forEach((item, n) => item.setAttribute("aria-selected", String(n === to)));
      if (to < 0) return input.removeAttribute("aria-activedescendant");
      input.setAttribute("aria-activedescendant", list.children[to].id);
      list.children[to].scrollIntoView({ block: "nearest" });
    }
    function show(found) {
      const kept = active >= 0 && JSON.stringify(found) === JSON.stringify(proposals) ? active : -1;
      proposals = found;
      list.replaceChildren(...found.map((each, n) => {
        const item = document.createElement("li");
        item.id = `${list.id}-${n}`;
        item.setAttribute("role", "option");
        const text = document.createElement("span");
        const label = document.createElement("span");
        text.textContent = each.text;
        label.textContent = each.label;
        item.append(text, label);
        return item;
      }));
      list.hidden = found.length === 0;
      input.setAttribute("aria-expanded", String(found.length > 0));
      mark(wished && found.length ? 0 : kept);
      wished = false;
    }
    async function ask() {
      window.clearTimeout(timer);
      timer = 0;
      const mine = ++asked;
      const words = new URLSearchParams({ query: input.value, at: String(input.selectionStart ?? input.value.length) });
      try {
        const answer = await fetch(`${root.dataset.complete}?${words}`, { headers: { Accept: "application/json" } });
        const found = answer.ok ? await answer.json() : [];
        if (mine === asked && document.activeElement === input) show(found);
      } catch (error) {
        close(); // without the server there are no proposals; the query can still be typed
      } finally {
        answered = Math.max(answered, mine);
      }
    }
    function later() {
      window.clearTimeout(timer);
      timer = window.setTimeout(ask, WAIT_MS);
    }
    function take(n) {
      const { text, start, end } = proposals[n];
      input.setRangeText(text, start, end, "end");
      input.focus();
      ask();
    }
    input.addEventListener("input", later);
    input.addEventListener("focus", later);
    input.addEventListener("click", later);
    input.addEventListener("blur", () => { window.clearTimeout(timer); timer = 0; answered = ++asked; wished = false; close(); });
    input.addEventListener("keydown", (event) => {
      const open = !list.hidden && proposals.length > 0;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (timer || answered < asked || !open) {
          wished = true;
          if (timer || answered === asked) ask();
          return;
        }
        const step = event.key === "ArrowDown" ? 1 : -1;
        mark((active + step + proposals.length + (active < 0 && step < 0 ? 1 : 0)) % proposals.length);
      } else if (event.key === "Enter" && open && active >= 0) {
        event.preventDefault();
        take(active);
      } else if (event.key === "Tab" && open && active >= 0 && !event.shiftKey) {
        event.preventDefault();
        take(active);
      } else if (event.key === "Escape" && open) {
        event.preventDefault();
        close();
      }
    });
    list.addEventListener("mousedown", (event) => {
      const item = event.target.closest("li");
      event.preventDefault(); // the field keeps the focus
      if (item) take([...list.children].indexOf(item));
    });
  }
  for (const root of document.querySelectorAll("[data-query-box]")) box(root);

  // ---- ticked rows ----------------------------------------------------------------------------------------------
  const bar = document.querySelector("[data-ticked]");
  if (!bar) return;
  const rows = [...document.querySelectorAll("input[data-tick]")];
  const all = document.querySelector("input[data-tick-all]");
  function count() {
    const number = rows.filter((row) => row.checked).length;
    bar.querySelector("[data-ticked-count]").textContent = number ? bar.dataset.ticked.replace("{}", number) : bar.dataset.none;
    bar.querySelector("[data-needs-ticks]").disabled = number === 0;
    bar.toggleAttribute("data-any", number > 0);
    if (all) { all.checked = number === rows.length && number > 0; all.indeterminate = number > 0 && number < rows.length; }
  }
  document.addEventListener("change", (event) => {
    if (event.target === all) for (const row of rows) row.checked = all.checked;
    if (event.target === all || event.target.matches("[data-tick]")) count();
  });
  window.addEventListener("pageshow", count);
  count();
})();
