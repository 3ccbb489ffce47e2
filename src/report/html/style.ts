/** The report's look: a typeset page, in the reader's light or dark, and on paper. No font, picture or script is fetched. */
export const css = `
:root { color-scheme: light dark; --ink: #1b1b1a; --faint: #66655f; --rule: #c9c7be; --hair: #e6e4dc; --ground: #fdfdfb;
  --panel: #f5f4ef; --link: #234f7d; --good: #2c6e3f; --bad: #9b2f22; --warn: #8a5a00;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", "Book Antiqua", Charter, Georgia, serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e2da; --faint: #9c9a91; --rule: #55534c; --hair: #33322e;
  --ground: #181816; --panel: #21201d; --link: #8fb8e0; --good: #86c596; --bad: #e58f80; --warn: #d9ad5b; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 62rem; background: var(--ground); color: var(--ink);
  font: 1.0625rem/1.5 var(--serif); font-variant-numeric: lining-nums; overflow-wrap: break-word; }
header, nav, section > p, section > .text { max-width: 46rem; }
h1 { margin: 0 0 .4rem; font-size: 1.75rem; line-height: 1.2; font-weight: 600; letter-spacing: -.005em; }
h2 { margin: 3rem 0 .9rem; padding-bottom: .25rem; border-bottom: 1px solid var(--rule); font-size: 1.2rem; font-weight: 600; }
h3 { margin: 1.8rem 0 .5rem; font-size: 1.0625rem; font-weight: 600; }
p { margin: .5rem 0; }
a { color: var(--link); text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
.about { color: var(--faint); font-size: .9rem; }
nav { margin-top: 1.1rem; font-size: .95rem; }
nav a { margin-right: 1.1rem; white-space: nowrap; }
figure { margin: 1.6rem 0 2.2rem; }
figcaption { max-width: 46rem; margin-bottom: .55rem; }
figcaption b, .number { font-weight: 600; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: lining-nums tabular-nums; }
.data { border-top: 1.5px solid var(--ink); border-bottom: 1.5px solid var(--ink); font-size: .95rem; line-height: 1.3; }
.data thead th { padding-top: .3rem; padding-bottom: .3rem; border-bottom: 1px solid var(--ink); font-weight: 600; vertical-align: bottom; }
.data th, .data td { padding: .22rem 0 .22rem 1.15rem; text-align: right; vertical-align: top; white-space: nowrap; }
.data th:first-child { position: sticky; left: 0; z-index: 1; min-width: 6rem; padding-left: 0; padding-right: .6rem;
  background: var(--ground); text-align: left; font-weight: 400; white-space: normal; }
.data tbody tr + tr > * { border-top: 1px solid var(--hair); }
.data td a { color: inherit; }
.data small, .data .paper { display: block; color: var(--faint); font-size: .8rem; }
.data .paper { font-style: italic; }
.sd, .sign { color: var(--faint); font-size: .8rem; }
.best { font-weight: 700; }
.second { text-decoration: underline; text-underline-offset: .15em; }
.stale, .absent { color: var(--faint); }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
.notes { max-width: 46rem; margin: .6rem 0 0; padding: 0; list-style: none; color: var(--faint); font-size: .84rem; line-height: 1.42; }
.plot { max-width: 100%; }
.plot svg { display: block; max-width: 100%; height: auto; color: var(--ink); }
/* a chart keeps its letters readable on a narrow screen: it scrolls */
.plot svg.marks { min-width: 30rem; }
.work { margin-top: 1.2rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); gap: 1.2rem; }
.pictures svg { display: block; width: 100%; height: auto; border: 1px solid var(--hair); }
.pictures figure { margin: 0; }
.pictures figcaption { font-size: .84rem; color: var(--faint); }
details { margin: .2rem 0; }
details[open] { margin-bottom: 1.1rem; }
summary { cursor: pointer; }
summary:hover { color: var(--link); }
.lineage { font-size: .92rem; }
.lineage h3 { margin-top: 1.3rem; }
.inside { margin: .3rem 0 0 .35rem; padding-left: .9rem; border-left: 1px solid var(--rule); }
.tree { margin: .3rem 0; padding: 0; list-style: none; line-height: 1.45; }
.tree li { padding-left: calc(var(--depth) * 1.1rem); }
.tree span, .facts dt { color: var(--faint); }
.facts { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr; gap: .05rem 1rem; margin: .3rem 0 .7rem; }
.facts dt { overflow-wrap: anywhere; }
.facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.facts + .facts { border-top: 1px solid var(--hair); padding-top: .35rem; }
code, pre { font-family: var(--mono); font-size: .8rem; }
pre { margin: .5rem 0 1.2rem; padding: .8rem 1rem; overflow-x: auto; background: var(--panel); line-height: 1.5; }
.comment { color: var(--faint); }
@media (max-width: 40rem) { body { padding: 1.4rem 1rem 3rem; font-size: 1rem; } h1 { font-size: 1.45rem; }
  .data { font-size: .88rem; } .data th, .data td { padding-left: .85rem; } .facts { grid-template-columns: 1fr; }
  .facts dd { padding-left: 1rem; } .tree li { padding-left: calc(var(--depth) * .6rem); } }
@media print { :root { --ground: #fff; --ink: #000; --faint: #444; --link: #000; --panel: #fff; --rule: #999; --hair: #ccc; }
  body { max-width: none; padding: 0; font-size: 10pt; } nav, .lineage { display: none; } .scroll { overflow: visible; }
  figure, .data tr { break-inside: avoid; } h2, figcaption { break-after: avoid; }
  pre { overflow: visible; white-space: pre-wrap; padding: 0; } .data th:first-child { position: static; } }
`;

/** Opens what a link leads to: a number's link leads into a closed list. Everything is there without it. */
export const script = `
function openTarget() {
  let at = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (const target = at; at; at = at.parentElement) if (at.tagName === 'DETAILS') at.open = true;
  const found = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (found) found.scrollIntoView();
}
addEventListener('hashchange', openTarget);
openTarget();
`;
