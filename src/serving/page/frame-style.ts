import { Html } from '../../report/html.ts';
import { PAGE_STYLE } from '../../report/page-style.ts';

/** The style of the operator's pages: that of the report, and what only they have. */
export const FRAME_STYLE = new Html(`${PAGE_STYLE.text}
body{overflow-wrap:anywhere}
a{color:var(--link)}
:root{--link:#1d5cb0}
@media screen and (prefers-color-scheme:dark){:root{--link:#8bbcf7}}
a,b,code,.status,time,bdi{unicode-bidi:isolate}
:focus-visible{outline:3px solid var(--this);outline-offset:2px;border-radius:2px}
.skip{position:absolute;left:-9999px}
.skip:focus{left:8px;top:8px;background:var(--card);padding:8px 12px;z-index:1}
.bar{background:var(--card);border-bottom:1px solid var(--grid)}
.bar div{max-width:1180px;margin:0 auto;padding:10px 16px;display:flex;flex-wrap:wrap;gap:6px 18px;align-items:center}
.bar nav{display:flex;flex-wrap:wrap;gap:6px 18px;flex:1}
.bar a{padding:4px 0}
.bar a[aria-current]{color:var(--ink);font-weight:650;text-decoration:none}
.path{font-size:14px;color:var(--soft);margin:0 0 8px;overflow-wrap:anywhere}
main:focus{outline:none}
.tile b{white-space:normal;overflow-wrap:anywhere}
.tile .status,td .status{white-space:nowrap;font-size:13px;padding:4px 8px;margin:1px 4px 1px 0}
h1 .status{margin-left:4px}
td p{margin:2px 0 0}
.why{color:var(--soft);font-size:13px;overflow-wrap:anywhere}
.why.bad{color:var(--bad)}
.card table th[scope=row]{font-weight:600}
th .why{font-weight:400}
.cards>.card{margin-top:0!important}
.tile b:empty{display:none}
.fields{display:flex;flex-wrap:wrap;gap:10px 14px;align-items:end;margin:10px 0 4px}
label{display:block;font-size:13px;color:var(--soft);overflow-wrap:anywhere}
input{display:block;font:inherit;font-size:16px;color:var(--ink);background:var(--page);border:1px solid var(--axis);border-radius:4px;padding:7px 9px;width:180px;max-width:100%;margin-top:3px}
input[type=password]{width:360px}
button{font:inherit;color:var(--ink);background:var(--plain-back);border:1px solid var(--axis);border-radius:4px;padding:7px 14px;min-height:40px;cursor:pointer}
button.plain{background:none;border:0;padding:4px 0;min-height:0;color:var(--link);text-decoration:underline}
.pages{display:flex;gap:18px;margin:12px 0 0}
.dashed{stroke-dasharray:5 4}
.point{fill:var(--this)}
.line,path.before{stroke-linecap:round}
.key.line{height:0;border-top:3px solid var(--this)}
.key.dash{height:0;border-top:2px dashed var(--before);margin-left:12px}
progress{width:100%;height:16px;accent-color:var(--this)}
.log{list-style:none;margin:8px 0 0;padding:0;max-height:340px;overflow:auto;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
.log li{padding:2px 0;border-bottom:1px solid var(--grid);overflow-wrap:anywhere;white-space:pre-wrap}
.log .warn{color:var(--warn)}
.log .error{color:var(--bad)}
.log span{color:var(--soft)}
.cards+.card,.card+.card,.card+.cards,.tiles+.card,form+.card{margin-top:12px}
@media (max-width:760px){.stack thead{position:absolute;left:-9999px}.stack,.stack tbody,.stack tr,.stack td,.stack th{display:block}.stack tr{padding:8px 0;border-bottom:1px solid var(--grid)}.stack td,.stack th{border:0;padding:2px 0;text-align:left;white-space:normal}.stack td[data-name]{display:grid;grid-template-columns:110px minmax(0,1fr);gap:8px}.stack td[data-name]::before{content:attr(data-name);color:var(--soft);font-size:13px}.stack td:has(>div:empty){display:none!important}}
`);
