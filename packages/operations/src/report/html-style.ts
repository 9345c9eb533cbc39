/**
 * The whole style of the report page. Colours meet WCAG AA on their background in both schemes (4.5:1 for text); paper always
 * gets the light ones. No outcome is told by colour alone.
 */
export const htmlStyle = `
:root { color-scheme: light dark; --page: #ffffff; --text: #1b1f24; --soft: #57606a; --line: #d0d7de; --band: #f6f8fa;
  --bar: #2f6fb5; --pass: #116329; --warn: #7d4e00; --fail: #a40e26; --pass-back: #dafbe1; --warn-back: #fff3c4; --fail-back: #ffe3e6; }
@media screen and (prefers-color-scheme: dark) {
  :root { --page: #0f1318; --text: #e6edf3; --soft: #9aa7b4; --line: #333c46; --band: #171d24;
    --bar: #5b9fe3; --pass: #6fdd8b; --warn: #f0c04a; --fail: #ff9aa4; --pass-back: #10301b; --warn-back: #3a2c05; --fail-back: #45131a; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 64rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
p, ul { margin: .5rem 0; }
a { color: inherit; }
a:focus-visible, .scroll:focus-visible { outline: 2px solid var(--bar); outline-offset: 2px; }
code { font: .9em ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere; }
.verdict { border: 1px solid currentColor; border-left-width: .5rem; border-radius: .3rem; padding: .75rem 1rem; }
.verdict strong { font-size: 1.25rem; }
.verdict p { margin: .15rem 0 0; color: var(--text); }
.pass { color: var(--pass); background: var(--pass-back); }
.warn { color: var(--warn); background: var(--warn-back); }
.fail { color: var(--fail); background: var(--fail-back); }
.tag { display: inline-block; min-width: 3.6rem; padding: .05rem .5rem; border-radius: .25rem; border: 1px solid currentColor;
  font-size: .85rem; font-weight: 600; text-align: center; white-space: nowrap; }
.soft { color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.25rem; margin: 1.25rem 0; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .4rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 600; font-size: .9rem; }
tbody th { font-weight: 600; }
th:last-child, td:last-child { padding-right: 0; }
th.number, td.number { padding-left: .75rem; padding-right: 1.25rem; }
th.number:last-child, td.number:last-child { padding-right: 0; }
td.id code { overflow-wrap: normal; }
th.number, td.number { text-align: right; white-space: nowrap; }
.values { margin-top: .35rem; font-size: .9rem; color: var(--soft); }
.values code { color: var(--text); }
:target { background: var(--band); }
figure { margin: 0 0 1rem; }
.chart { display: block; overflow: visible; }
.chart text { fill: var(--text); font-size: .875rem; dominant-baseline: central; }
.chart .value { fill: var(--soft); }
.chart .bar { fill: var(--bar); }
@media (max-width: 36rem) {
  table { font-size: .875rem; } th, td { padding-right: .5rem; } th.number, td.number { padding-left: 0; padding-right: .6rem; } .tag { white-space: normal; min-width: 0; }
}
@media screen and (max-width: 30rem) {
  .chart { display: none; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; }
}
@media print {
  @page { margin: 16mm; }
  html { font-size: 10pt; }
  body { max-width: none; padding: 0; }
  .scroll { overflow: visible; }
  .bar, .tag, .verdict { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h2 { break-after: avoid; } tr, figure, .verdict { break-inside: avoid; }
}
`;
