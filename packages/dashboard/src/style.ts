/**
 * One style for all pages. Text meets WCAG AA (4.5:1) on its background in both schemes, and no state is told by colour alone.
 */
export const style = `
:root { color-scheme: light dark; --page: #f5f6f4; --panel: #ffffff; --text: #1a2126; --soft: #56616b; --line: #dce1e0;
  --accent: #0b5f63; --accent-text: #ffffff; --band: #eef2f1;
  --good: #116329; --good-back: #dff5e4; --warn: #7a4a00; --warn-back: #fff0c9; --bad: #a40e26; --bad-back: #ffe5e8;
  --busy: #0a4f9e; --busy-back: #e0edff; --calm: #4d5863; --calm-back: #e9edf0;
  --created: #1d7a5f; --updated: #3d74b8; --unchanged: #b4bec4; --quarantined: #d08a17; --conflicts: #c03a4a; }
@media (prefers-color-scheme: dark) {
  :root { --page: #0e1315; --panel: #161d20; --text: #e6ecee; --soft: #9aa8b0; --line: #2a3438;
    --accent: #6fd0d2; --accent-text: #06282a; --band: #1c2528;
    --good: #76dd93; --good-back: #10301c; --warn: #f0c354; --warn-back: #382a07; --bad: #ff9ca8; --bad-back: #43141c;
    --busy: #8ec0ff; --busy-back: #122c4c; --calm: #b3bfc7; --calm-back: #252f34;
    --created: #45b892; --updated: #6ba4e8; --unchanged: #4b575e; --quarantined: #e0a63c; --conflicts: #e8697a; }
}
* { box-sizing: border-box; }
html { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif; }
body { margin: 0; background: var(--page); color: var(--text); overflow-wrap: break-word; }
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: .2em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: .2rem; }
code, .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size: .92em; }
.top { background: var(--panel); border-bottom: 1px solid var(--line); }
.top > div { max-width: 72rem; margin: 0 auto; padding: .7rem 1.25rem; display: flex; flex-wrap: wrap; gap: .4rem 1.5rem; align-items: center; }
.mark { font-weight: 700; font-size: 1.1rem; letter-spacing: -.01em; color: var(--text); text-decoration: none; }
.mark svg { vertical-align: -.2em; margin-right: .4rem; color: var(--accent); }
.top nav { display: flex; gap: 1.1rem; }
.top nav a { color: var(--soft); text-decoration: none; padding: .2rem 0; border-bottom: 2px solid transparent; }
.top nav a[aria-current] { color: var(--text); border-color: var(--accent); }
.who { margin-left: auto; display: flex; gap: .8rem; align-items: center; color: var(--soft); font-size: .9rem; }
main { max-width: 72rem; margin: 0 auto; padding: 1.75rem 1.25rem 4rem; }
h1 { font-size: 1.5rem; line-height: 1.25; letter-spacing: -.01em; margin: 0 0 .35rem; display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; }
h2 { font-size: 1.05rem; margin: 0 0 .8rem; }
.lead { color: var(--soft); margin: 0 0 1.5rem; }
.panel { background: var(--panel); border: 1px solid var(--line); border-radius: .6rem; padding: 1.1rem 1.25rem; margin: 0 0 1.25rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .5rem 1rem .5rem 0; border-bottom: 1px solid var(--line); }
tbody tr:last-child > * { border-bottom: 0; }
thead th { color: var(--soft); font-weight: 600; font-size: .85rem; white-space: nowrap; }
tbody th { font-weight: 600; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; white-space: nowrap; }
.number + :not(.number) { padding-left: .75rem; }
.tight { white-space: nowrap; }
.zero { color: var(--soft); }
.chip { display: inline-flex; gap: .4rem; align-items: center; padding: .08rem .55rem; border-radius: 1rem; font-size: .82rem; font-weight: 600; white-space: nowrap; }
.chip svg { flex: none; }
.good { color: var(--good); background: var(--good-back); } .warn { color: var(--warn); background: var(--warn-back); }
.bad { color: var(--bad); background: var(--bad-back); } .busy { color: var(--busy); background: var(--busy-back); }
.calm { color: var(--calm); background: var(--calm-back); }
.notice { border-radius: .6rem; padding: .85rem 1.1rem; margin: 0 0 1.25rem; border: 1px solid currentColor; }
.notice p { margin: .2rem 0 0; color: var(--text); }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(13rem, 45%), 1fr)); gap: .9rem 1.5rem; margin: 0; }
dt { color: var(--soft); font-size: .82rem; } dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.soft { color: var(--soft); } .small { font-size: .88rem; }
.bar { display: block; width: 100%; height: .7rem; border-radius: .35rem; overflow: hidden; background: var(--band); }
.created { fill: var(--created); } .updated { fill: var(--updated); } .unchanged { fill: var(--unchanged); }
.quarantined { fill: var(--quarantined); } .conflicts { fill: var(--conflicts); }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; list-style: none; padding: 0; margin: .9rem 0 0; font-size: .85rem; color: var(--soft); }
.legend svg { margin-right: .35rem; }
td.wide { min-width: 9rem; vertical-align: middle; }
details > summary { cursor: pointer; color: var(--accent); } details[open] > summary { margin-bottom: .6rem; }
.tag { display: inline-block; padding: .05rem .5rem; border-radius: .3rem; font-size: .8rem; font-weight: 700; }
.panel > p:last-child, .panel > ul:last-child { margin-bottom: 0; }
.panel > p:first-of-type { margin-top: 0; }
.empty { text-align: center; padding: 2.5rem 1rem; color: var(--soft); }
.pager { display: flex; justify-content: space-between; margin-top: .25rem; }
form.sign { max-width: 26rem; margin: 10vh auto 0; } form.sign h1 { margin-bottom: .3rem; }
label { display: block; font-weight: 600; margin: 1.1rem 0 .35rem; }
input { width: 100%; font: inherit; color: inherit; background: var(--page); border: 1px solid var(--soft); border-radius: .4rem; padding: .55rem .7rem; }
button { font: inherit; font-weight: 600; cursor: pointer; border: 0; border-radius: .4rem; padding: .55rem 1.1rem; background: var(--accent); color: var(--accent-text); }
form.sign button { width: 100%; margin-top: 1rem; }
button.quiet { background: none; color: var(--accent); padding: 0; font-weight: 400; text-decoration: underline; text-underline-offset: .2em; }
@media (max-width: 40rem) { .who { margin-left: 0; width: 100%; } main { padding-top: 1.1rem; } .panel { padding: .9rem; } table { font-size: .92rem; } }
@media print { .top nav, .who form { display: none; } body { background: #fff; } .panel { break-inside: avoid; } }
`;
