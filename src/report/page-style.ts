import { Html } from './html.ts';

/**
 * The style of the page. Light by default and on paper, dark where the reader's system is. Contrast of
 * text is at least 4.5 to 1 in both; the two runs differ in form (bars, line) and not in colour alone.
 */
export const PAGE_STYLE = new Html(`
:root{color-scheme:light dark;--page:#f6f6f3;--card:#fff;--ink:#14140f;--soft:#55544e;--grid:#e6e5df;--axis:#8d8c85;--this:#2f74d0;--area:#2f74d033;--before:#14140f;--warn:#b45309;--good:#15703a;--good-back:#dcf3e3;--bad:#a61b1b;--bad-back:#fbe3e1;--plain-back:#e9e8e3}
@media screen and (prefers-color-scheme:dark){:root{--page:#121211;--card:#1c1c1a;--ink:#f4f3ee;--soft:#b5b4ac;--grid:#32322f;--axis:#7d7c75;--this:#5b9bee;--area:#5b9bee40;--before:#f4f3ee;--warn:#f0a04b;--good:#7fdca0;--good-back:#143722;--bad:#ff9d94;--bad-back:#461b19;--plain-back:#33332f}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",Arial,sans-serif;-webkit-text-size-adjust:100%}
main{max-width:1180px;margin:0 auto;padding:24px 16px 40px}
h1{font-size:30px;line-height:1.2;margin:2px 0 6px;overflow-wrap:anywhere}
h2{font-size:17px;margin:0 0 4px;overflow-wrap:anywhere}
h3{font-size:15px;margin:20px 0 4px;font-weight:600;overflow-wrap:anywhere}
p{margin:0 0 8px}
code{font:0.92em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;overflow-wrap:anywhere}
.eyebrow,.lead,.more,.run,footer{color:var(--soft)}
.eyebrow{margin:0;font-size:13px}
.lead{font-size:14px}
.more{font-size:13px;margin-top:4px}
.missing{color:var(--soft);font-style:italic;overflow-wrap:anywhere}
.failure{background:var(--bad-back);color:var(--ink);border-left:4px solid var(--bad);padding:10px 14px;border-radius:4px;overflow-wrap:anywhere}
.status{display:inline-block;vertical-align:middle;font-size:14px;line-height:1;font-weight:600;padding:6px 10px;border-radius:99px;background:var(--plain-back);color:var(--ink)}
.status.good{background:var(--good-back);color:var(--good)}
.status.bad{background:var(--bad-back);color:var(--bad)}
.count{font-weight:400;color:var(--soft)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:16px 0 12px}
.tile,.card{background:var(--card);border:1px solid var(--grid);border-radius:8px}
.tile{padding:12px 14px}
.tile dt{font-size:13px;color:var(--soft)}
.tile dd{margin:0}
.tile b{display:block;white-space:nowrap;font-size:22px;line-height:1.25;font-weight:650}
.tile span{font-size:13px;color:var(--soft)}
.tile.bad b{color:var(--bad)}
.cards{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:12px}
.card{padding:16px 18px;min-width:0}
.wide{grid-column:1/-1}
.narrow{max-width:600px}
.pair{display:grid;grid-template-columns:minmax(0,6fr) minmax(0,5fr);gap:12px 36px;align-items:center}
.chart{display:block;width:100%;height:auto;max-width:620px;margin:8px 0 4px}
.chart text{font-family:inherit;fill:var(--ink);font-size:13px}
.chart .tick,.chart .unit{fill:var(--soft);font-size:12px}
.halo{paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
.grid{stroke:var(--grid);fill:none}
.axis{stroke:var(--axis);fill:none}
rect.this{fill:var(--this)}
rect.warn{fill:var(--warn)}
rect:hover{opacity:.7}
.area{fill:var(--area)}
.line{fill:none;stroke:var(--this);stroke-width:2;stroke-linejoin:round}
path.before{fill:none;stroke:var(--before);stroke-width:1.8;stroke-linejoin:round}
.mark{fill:none;stroke:var(--ink);stroke-width:1.2;stroke-dasharray:4 3}
.legend{font-size:13px;color:var(--soft);margin:4px 0 0}
.key{display:inline-block;width:16px;margin:0 5px 0 0;vertical-align:middle}
.key.this{height:11px;background:var(--this)}
.key.before{height:0;border-top:2px solid var(--before);margin-left:12px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:14px;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:4px 10px 4px 0;border-bottom:1px solid var(--grid);vertical-align:top;font-weight:400;overflow-wrap:anywhere}
thead th{color:var(--soft);font-size:13px;overflow-wrap:normal}
tbody th{min-width:6em}
.n{text-align:right;white-space:nowrap;overflow-wrap:normal}
details{margin-top:8px;font-size:14px}
summary{cursor:pointer;color:var(--soft)}
details .scroll{max-height:320px;overflow-y:auto}
.details{margin:8px 0 0;font-size:14px}
.details div{display:grid;grid-template-columns:150px minmax(0,1fr);gap:12px;padding:4px 0;border-bottom:1px solid var(--grid)}
.details dt{color:var(--soft)}
.details dd{margin:0;overflow-wrap:anywhere}
footer{font-size:13px;margin-top:16px}
@media (max-width:820px){.cards,.pair{grid-template-columns:minmax(0,1fr)}}
@media (max-width:500px){main{padding:16px 8px 32px}.card{padding:14px 12px}.details div{grid-template-columns:minmax(0,1fr);gap:0}.tiles{grid-template-columns:repeat(2,minmax(0,1fr));gap:8px}h1{font-size:25px}.chart text{font-size:15px}.chart .tick,.chart .unit{font-size:14px}}
@media print{body{background:#fff;font-size:12px}main{max-width:none;padding:0}.card,.tile{break-inside:avoid}.card.wide{break-inside:auto}.cards{grid-template-columns:repeat(2,minmax(0,1fr))}.pair{grid-template-columns:minmax(0,6fr) minmax(0,5fr)}.tiles{grid-template-columns:repeat(auto-fit,minmax(105px,1fr))}.tile b{font-size:17px}details:not([open]),summary{display:none}details .scroll{max-height:none}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
`);
