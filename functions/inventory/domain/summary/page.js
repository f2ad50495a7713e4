document.querySelectorAll("th button").forEach(button => button.addEventListener("click", () => {
  const head = button.parentNode, heads = [...head.parentNode.children];
  const body = head.closest("table").tBodies[0], column = heads.indexOf(head);
  const numeric = head.classList.contains("number");
  const current = head.getAttribute("aria-sort");
  const down = current ? current === "ascending" : numeric;
  const order = new Intl.Collator(undefined, {numeric: true});
  const key = row => {
    const cell = row.cells[column];
    return numeric ? parseFloat(cell.dataset.value ?? "-Infinity") : cell.textContent;
  };
  const compare = (a, b) => numeric ? (a > b) - (a < b) : order.compare(a, b);
  const keyed = [...body.rows].map(row => [key(row), row]);
  keyed.sort((a, b) => down ? compare(b[0], a[0]) : compare(a[0], b[0]));
  body.append(...keyed.map(pair => pair[1]));
  heads.forEach(other => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
}));
