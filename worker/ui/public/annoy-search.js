/*! <annoy-search>, Apache-2.0. Made from worker/ui/element by `npm run build:element`; edit it there. */
var C=class extends Error{constructor(n){super(n??"not reached"),this.reason=n}};function U(e){let n=new Map,t=new AbortController;return{abort:()=>t.abort(),async ask(o,r,i){t.abort();let d=new AbortController;t=d;let p=Object.fromEntries(Object.entries(r).filter(([,l])=>l.length>0)),s=JSON.stringify({query:o,k:12,prefix:!0,include:["metadata","highlights"],...Object.keys(p).length>0&&{filter:p},...i.length>0&&{facets:i,facetsOf:"matches"}}),f=n.get(s);if(f)return f;try{let l=await de(`${e}/v1/search`,s,d.signal);n.set(s,l);let[g]=n.keys();if(n.size>40&&g!==void 0&&n.delete(g),!d.signal.aborted)return l}catch(l){if(!d.signal.aborted)throw l}return new Promise(()=>{})}}}async function de(e,n,t){let o=await fetch(e,{method:"POST",headers:{"content-type":"application/json"},body:n,signal:t}).catch(()=>{throw new C}),r=await o.json().catch(()=>{});if(o.ok&&Array.isArray(r?.hits))return r;throw new C(r?.detail??`status ${o.status}`)}function c(e,n,...t){let o=document.createElement(e);for(let[r,i]of Object.entries(n))i!==void 0&&i!==!1&&o.setAttribute(r,i===!0?"":String(i));return o.append(...t),o}function I(){let e="http://www.w3.org/2000/svg",n=document.createElementNS(e,"svg");for(let[o,r]of[["viewBox","0 0 20 20"],["class","glass"],["aria-hidden","true"]])n.setAttribute(String(o),String(r));let t=document.createElementNS(e,"path");return t.setAttribute("d","M8.5 3a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM12.6 12.6 17 17"),n.append(t),n}var pe=0;function K(){return`as${pe++}`}function R({text:e,ranges:n}){let t=[],o=0;for(let{start:r,end:i}of n)r<o||i>e.length||(t.push(e.slice(o,r),c("mark",{part:"mark"},e.slice(r,i))),o=i);return t.push(e.slice(o)),t}var ue=12;function fe(e){return e.slice(0,ue).sort((n,t)=>String(n.value).localeCompare(String(t.value),void 0,{numeric:!0}))}function B(e,n,t,o){let r={},i=Object.fromEntries(n.map(p=>[p,[]]));function d(p,{value:s,count:f}){let l=c("input",{type:"checkbox",checked:i[p]?.includes(s)});return l.addEventListener("change",()=>{let g=i[p]??[];i[p]=l.checked?[...g,s]:g.filter(h=>h!==s),o()}),c("label",{part:"filter"},l,c("span",{dir:"auto"},String(s)),...f===void 0?[]:[c("span",{class:"count"},String(f))])}return{selection:i,update(p){for(let h of n){let m=p[h]??[],b=i[h]??[],w=m.some(({count:y})=>y>0);r[h]=(r[h]??fe(m)).map(({value:y})=>{let L=w&&(b.length===0||b.includes(y)),O=m.find(T=>T.value===y)?.count??0;return{value:y,...L&&{count:O}}})}let s=e.getRootNode().activeElement,f=()=>[...e.querySelectorAll("input")],l=s instanceof HTMLInputElement?f().indexOf(s):-1,g=n.filter(h=>(r[h]?.length??0)>1);e.replaceChildren(...g.map(h=>c("fieldset",{},c("legend",{},t(h)),...(r[h]??[]).map(m=>d(h,m))))),e.hidden=g.length===0,f()[l]?.focus()}}}function M(e,n){let t=[...n.matchAll(G)].map(([r])=>N(r)),o=[];for(let{0:r,index:i}of e.matchAll(G)){let d=N(r);t.some(s=>d===s||s.length>2&&d.startsWith(s))&&o.push({start:i,end:i+r.length})}return o}var G=/[\p{L}\p{N}\p{M}_]+/gu;function N(e){return e.normalize("NFKD").replace(/\p{M}/gu,"").toLowerCase()}function W(e,n){let t=o=>R({text:o,ranges:M(o,n)});return e.map(({title:o,crumbs:r,whole:i,sections:d})=>{let p=K(),s=[c("span",{id:p,part:"title",class:"title",dir:"auto"},...t(o))];return r.length>0&&s.push(c("span",{part:"breadcrumbs",class:"crumbs",dir:"auto"},r.join(" › "))),c("div",{role:"group",part:"page",class:"page","aria-labelledby":p},i?J(i,...s):c("div",{role:"presentation",class:"head"},...s),...d.map(f=>J(f,c("span",{part:"section",class:"section",dir:"auto"},...t(f.title)))))})}function J(e,...n){let{id:t,position:o,url:r,excerpt:i}=e,d=c("a",{id:K(),role:"option",part:"option",class:"option",tabindex:-1,href:r,"aria-selected":"false","data-id":t,"data-position":o},...n);if(i!==void 0&&i.text.trim()!==""){let{text:p,offset:s}=i,f=s?"… ":"",l=/[.!?:;…。！？]\s*$/.test(p)?"":" …";d.append(c("span",{part:"excerpt",class:"excerpt",dir:"auto"},f,...R(i),l))}return d}function V(e,n){let t=K();return c("div",{role:"group",part:"recent",class:"page","aria-labelledby":t},c("span",{id:t,class:"label",role:"presentation"},n),...e.map(o=>c("div",{id:K(),role:"option",part:"option",class:"option","aria-selected":"false","data-query":o},c("span",{dir:"auto"},o))))}function q(e,n){let t=()=>[...e.querySelectorAll("[role=option]")],o=()=>e.querySelector("[aria-selected=true]"),r=i=>{o()?.setAttribute("aria-selected","false"),i?.setAttribute("aria-selected","true"),i?n.setAttribute("aria-activedescendant",i.id):n.removeAttribute("aria-activedescendant"),i?.scrollIntoView({block:"nearest"})};return{current:o,set:r,first:()=>r(t()[0]),move(i){let d=t(),p=d.indexOf(o());r(d[(p+i+d.length)%d.length])}}}var _={open:"Search",label:"Search this site",placeholder:"Search by words or meaning",close:"Close",searching:"Searching…",found:{one:"{count} result",other:"{count} results"},nothing:"Nothing found for “{query}”.",nearest:"No page has these words. Nearest in meaning:",unreachable:"The search could not be reached.",offline:"You are offline.",failed:"The search failed: {reason}",retry:"Try again",recent:"Recent searches",forget:"Forget them",filters:"Filters",toSelect:"to select",toOpen:"to open",toClose:"to close"};function P(e,n,t){let o=e;if(typeof o!="string"){let r=he(n).select(Number(t.count));o=o[r]??o.other??""}return o.replace(/\{(\w+)\}/g,(r,i)=>String(t[i]??r))}function he(e){try{return new Intl.PluralRules(e)}catch{return new Intl.PluralRules("en")}}var Y="annoy-search:recent";function z(){try{let e=JSON.parse(localStorage.getItem(Y)??"[]");return Array.isArray(e)?e.filter(n=>typeof n=="string").slice(0,5):[]}catch{return[]}}function Q(e){Z([e,...z().filter(n=>n!==e)].slice(0,5))}function X(){Z([])}function Z(e){try{localStorage.setItem(Y,JSON.stringify(e))}catch{}}function ee(e,n,t){let o=new Map;for(let[d,p]of e.entries()){let s=p.metadata??{},f=ge(s,n),l=f&&me(f),g=l??(x(s.source)||p.id),h=o.get(g);h===void 0&&(h={title:ne(s,p.id),url:l,crumbs:be(s.breadcrumbs),whole:void 0,sections:[]},o.set(g,h));let m=x(s.section)||x(s.heading),b={id:p.id,position:d,url:f?.href,title:m,excerpt:p.highlights?.[0]};m===""||m===h.title?h.whole??=b:h.sections.some(w=>w.url===b.url&&w.title===m)||h.sections.push(b)}let r=t.trim(),i=({title:d})=>d===r?2:N(d)===N(r)?1:0;return[...o.values()].sort((d,p)=>i(p)-i(d))}function te(e,n){return e.some(({id:t,metadata:o={},highlights:r})=>r?.some(({ranges:i})=>i.length>0)||[ne(o,t),x(o.section),x(o.heading)].some(i=>M(i,n).length>0))}function ge(e,n){let t=x(e.url);if(t===""||!URL.canParse(t,n))return;let o=new URL(t,n);if(o.protocol!=="https:"&&o.protocol!=="http:")return;let r=x(e.anchor);return r!==""&&o.hash===""&&(o.hash=r),o}function me(e){let n=new URL(e);return n.hash="",n.href}function ne(e,n){return x(e.title)||x(e.source).split("/").at(-1)||n}function x(e){return typeof e=="string"?e.trim():""}function be(e){return Array.isArray(e)?e.filter(n=>typeof n=="string"):[]}function oe(e,n){document.addEventListener("keydown",t=>{if(t.defaultPrevented||t.isComposing)return;let o=t.key.toLowerCase()==="k"&&(t.ctrlKey||t.metaKey)&&!t.altKey&&!t.shiftKey,r=t.key==="/"&&!t.ctrlKey&&!t.metaKey&&!t.altKey&&!xe(t);!o&&!r||(t.preventDefault(),e())},{signal:n})}function xe(e){let[n]=e.composedPath();return n instanceof HTMLElement&&(n.isContentEditable||/^(?:input|textarea|select)$/i.test(n.tagName))}function re(){return/Mac|iPhone|iPad/.test(navigator.platform)?"⌘K":"Ctrl K"}var ie=()=>{let e=new CSSStyleSheet;return e.replaceSync(ye),e},ye=`
:host {
  --accent: var(--annoy-search-accent, light-dark(#0b57d0, #a8c7fa));
  --back: var(--annoy-search-background, light-dark(#fff, #1b1b1d));
  --ink: var(--annoy-search-text, light-dark(#1a1a1a, #ececec));
  --faint: var(--annoy-search-muted, light-dark(#5c5f66, #a6a9b0));
  --line: var(--annoy-search-border, light-dark(#dcdee3, #3b3c40));
  --lit: var(--annoy-search-active, light-dark(#eef3fd, #2a2f3a));
  --mark: var(--annoy-search-mark, light-dark(#fff0b3, #5a4a00));
  --round: var(--annoy-search-radius, 10px);
  display: inline-block;
  font: var(--annoy-search-font, inherit);
}
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
:host([theme="auto"]) { color-scheme: light dark; }
:host([hidden]), [hidden] { display: none !important; }
* { box-sizing: border-box; }
button { font: inherit; color: inherit; cursor: pointer; background: none; border: 0; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
kbd {
  padding: 1px 6px;
  border: 1px solid var(--line);
  border-radius: 4px;
  color: var(--faint);
  font: inherit;
  font-size: 0.8125em;
  white-space: nowrap;
}
.glass { flex: none; width: 1.05em; height: 1.05em; fill: none; stroke: currentColor; stroke-width: 1.7; stroke-linecap: round; }
form .glass { width: 1.25em; height: 1.25em; color: var(--faint); }
.open {
  display: inline-flex;
  gap: 10px;
  align-items: center;
  padding-block: 7px;
  padding-inline: 12px 10px;
  border: 1px solid var(--line);
  border-radius: var(--round);
  background: var(--back);
  color: var(--faint);
}
.open:hover { border-color: var(--accent); }
dialog {
  inset-block-start: min(12vh, 96px);
  width: min(640px, 100vw - 32px);
  max-height: min(720px, 100dvh - 2 * min(12vh, 96px));
  margin: 0 auto;
  padding: 0;
  overflow: hidden;
  border: 1px solid var(--line);
  border-radius: calc(var(--round) + 4px);
  background: var(--back);
  color: var(--ink);
  box-shadow: 0 16px 48px rgb(0 0 0 / 0.28);
  line-height: 1.45;
  overflow-wrap: anywhere;
}
dialog[open] { display: flex; flex-direction: column; }
dialog::backdrop { background: rgb(0 0 0 / 0.4); }
form { display: flex; gap: 10px; align-items: center; padding-block: 6px; padding-inline: 18px 10px; border-bottom: 1px solid var(--line); }
form:focus-within { border-color: var(--accent); }
input[role="combobox"] {
  flex: 1;
  min-width: 0;
  padding: 10px 0;
  border: 0;
  outline: 0;
  background: none;
  color: inherit;
  font: inherit;
  font-size: max(1.125em, 16px);
  appearance: none;
}
input::placeholder { color: var(--faint); opacity: 1; }
input::-webkit-search-cancel-button { appearance: none; }
.close { padding: 6px 10px; border-radius: 6px; color: var(--faint); }
.close:hover, .text-button:hover { color: var(--accent); }
.filters { display: flex; flex-wrap: wrap; gap: 4px 20px; padding: 8px 18px; border-bottom: 1px solid var(--line); }
fieldset { display: flex; flex-wrap: wrap; gap: 2px 12px; min-width: 0; margin: 0; padding: 0; border: 0; font-size: 0.875em; }
legend { float: inline-start; margin-inline-end: 12px; padding: 3px 0; color: var(--faint); }
label { display: inline-flex; gap: 5px; align-items: center; padding: 3px 0; }
input[type="checkbox"] { width: 16px; height: 16px; margin: 0; accent-color: var(--accent); }
.count { color: var(--faint); font-variant-numeric: tabular-nums; }
.scroll { flex: 1; overflow-y: auto; overscroll-behavior: contain; }
.waiting { opacity: 0.5; }
.page { padding: 8px; }
.page + .page { border-top: 1px solid var(--line); }
.head, .option { display: block; padding: 6px 10px; }
.option { border-radius: 6px; color: inherit; text-decoration: none; cursor: pointer; }
.option[aria-selected="true"] { background: var(--lit); box-shadow: inset 3px 0 var(--accent); }
:host(:dir(rtl)) .option[aria-selected="true"] { box-shadow: inset -3px 0 var(--accent); }
.title { font-weight: 650; }
.crumbs, .excerpt, .label { color: var(--faint); font-size: 0.875em; }
.crumbs { margin-inline: 10px; }
.label { padding: 6px 10px; }
.section { font-weight: 500; }
.head ~ .option, a.option ~ .option { margin-inline-start: 12px; }
.excerpt { display: -webkit-box; overflow: hidden; -webkit-box-orient: vertical; -webkit-line-clamp: 3; }
mark { border-radius: 2px; background: var(--mark); color: var(--ink); }
.notice { padding: 22px 18px; }
.notice:not(:has(+ :empty)) { padding-block: 12px 4px; color: var(--faint); font-size: 0.875em; }
.notice:empty { display: none; }
.text-button { padding: 0 4px; color: var(--faint); text-decoration: underline; }
.foot { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: center; padding: 8px 18px; border-top: 1px solid var(--line); color: var(--faint); font-size: 0.8125em; }
.foot .text-button { margin-inline-start: auto; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 480px) {
  dialog { inset: 0; width: 100vw; max-width: 100vw; height: 100dvh; max-height: 100dvh; border: 0; border-radius: 0; }
  .keys, .open kbd { display: none; }
}
`;function ae(e){let n=c("button",{type:"button",part:"button",class:"open","aria-haspopup":"dialog","aria-keyshortcuts":"/ Control+K Meta+K"},I(),e.open,c("kbd",{"aria-hidden":"true"},re())),t=c("input",{type:"search",role:"combobox",part:"input","aria-label":e.label,"aria-controls":"list","aria-expanded":"false","aria-autocomplete":"list",placeholder:e.placeholder,autocomplete:"off",autocapitalize:"off",spellcheck:"false",enterkeyhint:"go",maxlength:500,dir:"auto"}),o=c("button",{type:"button",class:"close"},e.close),r=c("form",{role:"search"},I(),t,o),i=c("div",{part:"filters",class:"filters",role:"group","aria-label":e.filters,hidden:!0}),d=c("div",{id:"list",role:"listbox",part:"results","aria-label":e.label}),p=c("div",{part:"notice",class:"notice"}),s=c("div",{class:"unseen",role:"status"}),f=c("div",{class:"scroll"},p,d),l=c("button",{type:"button",class:"text-button",hidden:!0},e.forget),g=c("div",{part:"footer",class:"foot"},...we([["↑ ↓",e.toSelect],["↵",e.toOpen],["Esc",e.toClose]]),l),h=c("dialog",{part:"dialog","aria-label":e.label},r,i,f,s,g);return{open:n,dialog:h,form:r,field:t,close:o,filters:i,list:d,notice:p,status:s,forget:l}}function we(e){return e.map(([n,t])=>c("span",{class:"keys","aria-hidden":"true"},c("kbd",{},n),` ${t}`))}var ve=60,ke=250,Se=globalThis.HTMLElement??class{},$=class extends Se{messages={};#e;#t;connectedCallback(){this.#e=new AbortController,this.#t=this.#n(this.#e.signal),this.hasAttribute("no-shortcuts")||oe(this.#t,this.#e.signal)}disconnectedCallback(){this.#e?.abort()}open(){this.#t?.()}#n(n){let t={..._,...Ee(this.getAttribute("messages")),...this.messages},o=this.closest("[lang]")?.getAttribute("lang")||"en",r=(this.getAttribute("endpoint")??new URL(import.meta.url).origin).replace(/\/+$/,""),i=(this.getAttribute("filters")??"").split(/\s+/).filter(Boolean),d=!this.hasAttribute("no-recent"),p=this.shadowRoot??this.attachShadow({mode:"open"});p.adoptedStyleSheets=[ie()];let s=ae(t),{dialog:f,field:l,list:g,notice:h,status:m}=s;p.replaceChildren(s.open,f);let b=q(g,l),w=U(r),y=B(s.filters,i,a=>String(t[a]??a),v),L=0,O=0;function T(a,...u){clearTimeout(O),g.classList.remove("waiting"),g.replaceChildren(...a),h.replaceChildren(...u),l.setAttribute("aria-expanded",String(a.length>0)),b.set(void 0)}function j(){let a=d?z():[];T(a.length>0?[V(a,t.recent)]:[]),s.forget.hidden=a.length===0,m.textContent=""}let se=(a,u)=>{let k=ee(a.hits,document.baseURI,u),S=a.hits.length;a.facets&&y.update(a.facets);let E=S===0?P(t.nothing,o,{query:u}):te(a.hits,u)?"":t.nearest;T(W(k,u),E),b.first();let A=P(t.found,o,{count:S});m.textContent=S===0?E:`${E} ${A}`.trim(),this.dispatchEvent(new CustomEvent("annoy-search",{detail:{query:u,count:S,version:a.version},bubbles:!0}))};function ce(a){if(!(a instanceof C))throw a;let u=a.reason!==void 0?P(t.failed,o,{reason:a.reason}):navigator.onLine?t.unreachable:t.offline,k=c("button",{type:"button",class:"text-button"},t.retry);k.addEventListener("click",()=>{l.focus(),v()}),T([],u," ",k),m.textContent=u}async function v(){clearTimeout(L),clearTimeout(O);let a=l.value.trim();if(a==="")return w.abort(),j();s.forget.hidden=!0,O=setTimeout(()=>{g.classList.add("waiting"),m.textContent=t.searching},ke);try{se(await w.ask(a,y.selection,i),a)}catch(u){ce(u)}}let D=(a,u)=>{let{query:k,id:S,position:E}=a.dataset;if(k!==void 0)return l.value=k,l.focus(),v();let A=a instanceof HTMLAnchorElement?a.href:void 0,H={query:l.value.trim(),id:S,url:A,position:Number(E)};this.hasAttribute("insight")&&navigator.sendBeacon(`${r}/v1/selections/${E}`);let le=this.dispatchEvent(new CustomEvent("annoy-search-select",{detail:H,bubbles:!0,cancelable:!0}));d&&Q(H.query),le?u instanceof KeyboardEvent&&A&&(u.ctrlKey||u.metaKey?window.open(A,"_blank","noopener"):location.assign(A)):u.preventDefault(),u instanceof MouseEvent&&(u.ctrlKey||u.metaKey||u.shiftKey)||f.close()};l.addEventListener("input",()=>{clearTimeout(L),l.value.trim()===""?v():L=setTimeout(v,ve)}),l.addEventListener("keydown",a=>{if(a.isComposing)return;let u=b.current();if(a.key==="ArrowDown")b.move(1);else if(a.key==="ArrowUp")b.move(-1);else if(a.key==="Enter"&&u)D(u,a);else if(a.key!=="Enter")return;a.preventDefault()}),s.form.addEventListener("submit",a=>a.preventDefault()),g.addEventListener("click",a=>{let u=a.target.closest("[role=option]");u&&D(u,a)}),g.addEventListener("mousemove",a=>{let u=a.target.closest("[role=option]");u&&u!==b.current()&&b.set(u)}),s.forget.addEventListener("click",()=>{X(),j(),l.focus()}),s.close.addEventListener("click",()=>f.close()),f.addEventListener("mousedown",a=>{a.target===f&&f.close()}),addEventListener("online",()=>f.open&&v(),{signal:n});let F=()=>{f.open||f.showModal(),l.focus(),l.select(),g.childElementCount===0&&v()};return s.open.addEventListener("click",F),F}};function Ee(e){try{let n=JSON.parse(e??"{}");return typeof n=="object"&&n!==null?n:{}}catch{return console.warn("annoy-search: the attribute messages is not JSON."),{}}}globalThis.customElements&&!customElements.get("annoy-search")&&customElements.define("annoy-search",$);export{$ as AnnoySearch};
