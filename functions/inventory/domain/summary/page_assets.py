"""The one style and the one script of the summary page, and the policy that allows no more."""

from __future__ import annotations

import base64
import hashlib

STYLE = """
:root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--ink:#1b1f24;--soft:#5b6470;
--line:#d9dee5;--bar:#2f6fde;--bad:#b3261e;--warn:#8a5300;--good:#1a6b34}
@media(prefers-color-scheme:dark){:root{--ground:#12161b;--card:#1b2128;--ink:#e8ebef;
--soft:#9aa5b1;--line:#323b46;--bar:#78a6ff;--bad:#ff8a80;--warn:#ffc266;--good:#7ddc98}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:1rem;background:var(--ground);color:var(--ink);
font:1rem/1.45 system-ui,sans-serif;-webkit-text-size-adjust:100%}
h1{font-size:1.5rem;margin:.2rem 0}h2{font-size:1.15rem;margin:2rem 0 .6rem}
p{margin:.3rem 0;max-width:60rem}.soft{color:var(--soft)}a{color:var(--bar)}
.tiles,.charts{margin:.9rem 0}
.tiles{display:grid;gap:.75rem;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr))}
.tile,.chart,.scroll,.note{background:var(--card);border:1px solid var(--line);border-radius:.6rem}
.tile{padding:.7rem .85rem;min-width:0}.tile b{display:block;font-size:1.3rem;line-height:1.25;
overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft);font-size:.85rem;display:block}
.tile .bad,.bad{color:var(--bad)}.tile .warn{color:var(--warn)}.tile .good{color:var(--good)}
.note{padding:.5rem .85rem;border-left:.3rem solid var(--warn);margin:.6rem 0}
.charts{display:grid;gap:.75rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,21rem),1fr))}
.chart{margin:0;padding:.6rem;min-width:0}figcaption{font-weight:600;padding:0 .2rem}
.chart svg{display:block;width:100%;height:auto}
.chart text{fill:var(--ink);font-family:system-ui,sans-serif;font-size:15px}
.chart .reactive{fill:var(--bar);fill-opacity:.4;stroke:none}
.chart .line{stroke:var(--line);fill:none}
.chart .background{fill:none}.chart .axis.y text{text-anchor:end}
.scroll{overflow:auto;max-height:32rem;margin:.6rem 0}
.scroll:focus-visible{outline:2px solid var(--bar)}
table{border-collapse:collapse;width:100%;font-size:.92rem}
caption{text-align:left;font-weight:600;padding:.6rem .8rem}
th,td{padding:.35rem .8rem;border-top:1px solid var(--line);text-align:left;
vertical-align:top;unicode-bidi:isolate}
td{max-width:24rem;overflow-wrap:break-word}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
thead th{position:sticky;top:0;background:var(--card)}
th button{all:unset;cursor:pointer;font-weight:600;white-space:nowrap}
th button:focus-visible{outline:2px solid var(--bar)}
th button::after{content:" \\2195";color:var(--soft)}
th[aria-sort=ascending] button::after{content:" \\2191"}
th[aria-sort=descending] button::after{content:" \\2193"}
footer{margin:2rem 0 1rem;color:var(--soft);font-size:.85rem}
@media(max-width:30rem){body{padding:.6rem}th,td{padding:.3rem .55rem}
.tiles{grid-template-columns:repeat(2,minmax(0,1fr))}.tile b{font-size:1.1rem}}
@media print{body{max-width:none}.scroll{overflow:visible;max-height:none}}
"""

SCRIPT = """
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
"""


def content_security_policy() -> str:
    """What the page may do: show itself and run its one script, and load nothing at all."""
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    return (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
