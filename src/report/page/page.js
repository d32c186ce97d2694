"use strict";
// Sorts and filters the table of flagged sessions. The view can be named in the address: #sort=items&dir=descending&filter=text
(() => {
  const table = document.getElementById("flagged");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const heads = Array.from(table.tHead.rows[0].cells);
  const filter = document.getElementById("filter");
  const shown = document.getElementById("shown");
  const names = heads.map((head) => head.textContent.toLowerCase());

  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.sort ?? cell.textContent.trim();
  };
  const sort = (column, direction) => {
    const sign = direction === "descending" ? -1 : 1;
    const numbers = rows.every((row) => key(row, column) !== "" && !Number.isNaN(Number(key(row, column))));
    const compare = (a, b) => numbers ? Number(a) - Number(b) : a.localeCompare(b);
    rows.sort((a, b) => sign * compare(key(a, column), key(b, column)) || Number(key(a, 0)) - Number(key(b, 0)));
    body.append(...rows);
    heads.forEach((head, i) => {
      if (i === column) head.setAttribute("aria-sort", direction);
      else head.removeAttribute("aria-sort");
    });
  };
  const show = () => {
    const wanted = filter.value.trim().toLowerCase();
    let count = 0;
    for (const row of rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      if (!row.hidden) count += 1;
    }
    shown.textContent = `${count} of ${rows.length}`;
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => {
      sort(column, head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending");
    });
    head.replaceChildren(button);
  });
  const open = document.getElementById("open");
  open.addEventListener("click", () => {
    const all = open.textContent.startsWith("Open");
    for (const session of document.querySelectorAll(".session")) session.open = all;
    open.textContent = all ? "Close all sessions" : "Open all sessions";
  });
  open.hidden = false;
  const follow = () => {
    const view = new URLSearchParams(location.hash.slice(1));
    const column = names.indexOf(view.get("sort"));
    if (column >= 0) sort(column, view.get("dir") === "descending" ? "descending" : "ascending");
    if (view.has("filter")) filter.value = view.get("filter");
    show();
    const target = document.getElementById(location.hash.slice(1));
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  document.getElementById("tools").addEventListener("submit", (event) => event.preventDefault());
  filter.addEventListener("input", show);
  document.getElementById("tools").hidden = false;
  addEventListener("hashchange", follow);
  follow();
})();
