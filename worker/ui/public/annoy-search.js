/*! <annoy-search>, Apache-2.0. Made from worker/ui/element by `npm run build:element`; edit it there. */
var v=class extends Error{constructor(o){super(o??"not reached"),this.reason=o}};function H(e){let o=new Map,t=new AbortController;return{abort:()=>t.abort(),async ask(n,r,i){t.abort();let l=new AbortController;t=l;let f=Object.fromEntries(Object.entries(r).filter(([,c])=>c.length>0)),p=JSON.stringify({query:n,k:12,prefix:!0,include:["metadata","highlights"],...Object.keys(f).length>0&&{filter:f},...i.length>0&&{facets:i}}),u=o.get(p);if(u)return u;try{let c=await re(`${e}/v1/search`,p,l.signal);o.set(p,c);let[h]=o.keys();if(o.size>40&&h!==void 0&&o.delete(h),!l.signal.aborted)return c}catch(c){if(!l.signal.aborted)throw c}return new Promise(()=>{})}}}async function re(e,o,t){let n=await fetch(e,{method:"POST",headers:{"content-type":"application/json"},body:o,signal:t}).catch(()=>{throw new v}),r=await n.json().catch(()=>{});if(n.ok&&Array.isArray(r?.hits))return r;throw new v(r?.detail??`status ${n.status}`)}function s(e,o,...t){let n=document.createElement(e);for(let[r,i]of Object.entries(o))i!==void 0&&i!==!1&&n.setAttribute(r,i===!0?"":String(i));return n.append(...t),n}var ie=0;function A(){return`as${ie++}`}function U({text:e,ranges:o}){let t=[],n=0;for(let{start:r,end:i}of o)r<n||i>e.length||(t.push(e.slice(n,r),s("mark",{part:"mark"},e.slice(r,i))),n=i);return t.push(e.slice(n)),t}var ae=12;function $(e,o,t,n){let r={},i=Object.fromEntries(o.map(f=>[f,[]]));function l(f,{value:p,count:u}){let c=s("input",{type:"checkbox",checked:i[f]?.includes(p)});return c.addEventListener("change",()=>{let h=i[f]??[];i[f]=c.checked?[...h,p]:h.filter(g=>g!==p),n()}),s("label",{part:"filter"},c,s("span",{dir:"auto"},String(p)),s("span",{class:"count"},String(u)))}return{selection:i,update(f){for(let g of o){let m=f[g]??[],b=r[g];b?i[g]?.length===0&&(r[g]=b.map(({value:k})=>({value:k,count:m.find(C=>C.value===k)?.count??0}))):r[g]=m.slice(0,ae)}let p=e.getRootNode().activeElement,u=()=>[...e.querySelectorAll("input")],c=p instanceof HTMLInputElement?u().indexOf(p):-1,h=o.filter(g=>(r[g]?.length??0)>1);e.replaceChildren(...h.map(g=>s("fieldset",{},s("legend",{},t(g)),...(r[g]??[]).map(m=>l(g,m))))),e.hidden=h.length===0,u()[c]?.focus()}}}function q(e){return e.map(({title:o,crumbs:t,whole:n,sections:r})=>{let i=A(),l=[s("span",{id:i,part:"title",class:"title",dir:"auto"},o)];return t.length>0&&l.push(s("span",{part:"breadcrumbs",class:"crumbs",dir:"auto"},t.join(" › "))),s("div",{role:"group",part:"page",class:"page","aria-labelledby":i},n?F(n,...l):s("div",{role:"presentation",class:"head"},...l),...r.map(f=>F(f,s("span",{part:"section",class:"section",dir:"auto"},f.title))))})}function F(e,...o){let{id:t,position:n,url:r,excerpt:i}=e,l=s("a",{id:A(),role:"option",part:"option",class:"option",tabindex:-1,href:r,"aria-selected":"false","data-id":t,"data-position":n},...o);return i!==void 0&&i.text.trim()!==""&&l.append(s("span",{part:"excerpt",class:"excerpt",dir:"auto"},...U(i))),l}function D(e,o){let t=A();return s("div",{role:"group",part:"recent",class:"page","aria-labelledby":t},s("span",{id:t,class:"label",role:"presentation"},o),...e.map(n=>s("div",{id:A(),role:"option",part:"option",class:"option","aria-selected":"false","data-query":n},s("span",{dir:"auto"},n))))}function G(e,o){let t=()=>[...e.querySelectorAll("[role=option]")],n=()=>e.querySelector("[aria-selected=true]"),r=i=>{n()?.setAttribute("aria-selected","false"),i?.setAttribute("aria-selected","true"),i?o.setAttribute("aria-activedescendant",i.id):o.removeAttribute("aria-activedescendant"),i?.scrollIntoView({block:"nearest"})};return{current:n,set:r,first:()=>r(t()[0]),move(i){let l=t(),f=l.indexOf(n());r(l[(f+i+l.length)%l.length])}}}var B={open:"Search",label:"Search this site",placeholder:"Search by words or meaning",close:"Close",searching:"Searching…",found:{one:"{count} result",other:"{count} results"},nothing:"Nothing found for “{query}”.",unreachable:"The search could not be reached.",offline:"You are offline.",failed:"The search failed: {reason}",retry:"Try again",recent:"Recent searches",forget:"Forget them",filters:"Filters",toSelect:"to select",toOpen:"to open",toClose:"to close"};function T(e,o,t){let n=e;if(typeof n!="string"){let r=se(o).select(Number(t.count));n=n[r]??n.other??""}return n.replace(/\{(\w+)\}/g,(r,i)=>String(t[i]??r))}function se(e){try{return new Intl.PluralRules(e)}catch{return new Intl.PluralRules("en")}}var J="annoy-search:recent";function P(){try{let e=JSON.parse(localStorage.getItem(J)??"[]");return Array.isArray(e)?e.filter(o=>typeof o=="string").slice(0,5):[]}catch{return[]}}function V(e){_([e,...P().filter(o=>o!==e)].slice(0,5))}function Y(){_([])}function _(e){try{localStorage.setItem(J,JSON.stringify(e))}catch{}}function W(e,o){let t=new Map;for(let[n,r]of e.entries()){let i=r.metadata??{},l=ce(i,o),f=l&&le(l),p=f??(w(i.source)||r.id),u=t.get(p);u===void 0&&(u={title:de(i,r.id),url:f,crumbs:pe(i.breadcrumbs),whole:void 0,sections:[]},t.set(p,u));let c=w(i.section)||w(i.heading),h={id:r.id,position:n,url:l?.href,title:c,excerpt:r.highlights?.[0]};c===""||c===u.title?u.whole??=h:u.sections.some(g=>g.url===h.url&&g.title===c)||u.sections.push(h)}return[...t.values()]}function ce(e,o){let t=w(e.url);if(t===""||!URL.canParse(t,o))return;let n=new URL(t,o);if(n.protocol!=="https:"&&n.protocol!=="http:")return;let r=w(e.anchor);return r!==""&&n.hash===""&&(n.hash=r),n}function le(e){let o=new URL(e);return o.hash="",o.href}function de(e,o){return w(e.title)||w(e.source).split("/").at(-1)||o}function w(e){return typeof e=="string"?e.trim():""}function pe(e){return Array.isArray(e)?e.filter(o=>typeof o=="string"):[]}function Q(e,o){document.addEventListener("keydown",t=>{if(t.defaultPrevented||t.isComposing)return;let n=t.key.toLowerCase()==="k"&&(t.ctrlKey||t.metaKey)&&!t.altKey&&!t.shiftKey,r=t.key==="/"&&!t.ctrlKey&&!t.metaKey&&!t.altKey&&!ue(t);!n&&!r||(t.preventDefault(),e())},{signal:o})}function ue(e){let[o]=e.composedPath();return o instanceof HTMLElement&&(o.isContentEditable||/^(?:input|textarea|select)$/i.test(o.tagName))}function X(){return/Mac|iPhone|iPad/.test(navigator.platform)?"⌘K":"Ctrl K"}var Z=()=>{let e=new CSSStyleSheet;return e.replaceSync(fe),e},fe=`
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
:host([hidden]), [hidden] { display: none; }
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
.open {
  display: inline-flex;
  gap: 12px;
  align-items: center;
  padding: 7px 10px 7px 14px;
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
form { display: flex; gap: 8px; align-items: center; padding: 6px 10px 6px 18px; border-bottom: 1px solid var(--line); }
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
.crumbs { margin-inline-start: 10px; }
.label { padding: 6px 10px; }
.section { font-weight: 500; }
.head ~ .option, .option ~ .option { margin-inline-start: 12px; }
.excerpt { display: -webkit-box; overflow: hidden; -webkit-box-orient: vertical; -webkit-line-clamp: 3; }
mark { border-radius: 2px; background: var(--mark); color: var(--ink); }
.notice { padding: 22px 18px; }
.notice:empty { display: none; }
.text-button { padding: 0 4px; color: var(--faint); text-decoration: underline; }
.foot { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: center; padding: 8px 18px; border-top: 1px solid var(--line); color: var(--faint); font-size: 0.8125em; }
.foot .text-button { margin-inline-start: auto; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 480px) {
  dialog { inset: 0; width: 100vw; max-width: 100vw; height: 100dvh; max-height: 100dvh; border: 0; border-radius: 0; }
  .keys, .open kbd { display: none; }
}
`;function ee(e){let o=s("button",{type:"button",part:"button",class:"open","aria-haspopup":"dialog","aria-keyshortcuts":"/ Control+K Meta+K"},e.open,s("kbd",{"aria-hidden":"true"},X())),t=s("input",{type:"search",role:"combobox",part:"input","aria-label":e.label,"aria-controls":"list","aria-expanded":"false","aria-autocomplete":"list",placeholder:e.placeholder,autocomplete:"off",autocapitalize:"off",spellcheck:"false",enterkeyhint:"go",maxlength:500,dir:"auto"}),n=s("button",{type:"button",class:"close"},e.close),r=s("form",{role:"search"},t,n),i=s("div",{part:"filters",class:"filters",role:"group","aria-label":e.filters,hidden:!0}),l=s("div",{id:"list",role:"listbox",part:"results","aria-label":e.label}),f=s("div",{part:"notice",class:"notice"}),p=s("div",{class:"unseen",role:"status"}),u=s("div",{class:"scroll"},l,f),c=s("button",{type:"button",class:"text-button",hidden:!0},e.forget),h=s("div",{part:"footer",class:"foot"},...he([["↑ ↓",e.toSelect],["↵",e.toOpen],["Esc",e.toClose]]),c),g=s("dialog",{part:"dialog","aria-label":e.label},r,i,u,p,h);return{open:o,dialog:g,form:r,field:t,close:n,filters:i,list:l,notice:f,status:p,forget:c}}function he(e){return e.map(([o,t])=>s("span",{class:"keys","aria-hidden":"true"},s("kbd",{},o),` ${t}`))}var ge=60,be=250,me=globalThis.HTMLElement??class{},I=class extends me{messages={};#e;#t;connectedCallback(){this.#e=new AbortController,this.#t=this.#o(this.#e.signal),this.hasAttribute("no-shortcuts")||Q(this.#t,this.#e.signal)}disconnectedCallback(){this.#e?.abort()}open(){this.#t?.()}#o(o){let t={...B,...xe(this.getAttribute("messages")),...this.messages},n=this.closest("[lang]")?.getAttribute("lang")||"en",r=(this.getAttribute("endpoint")??new URL(import.meta.url).origin).replace(/\/+$/,""),i=(this.getAttribute("filters")??"").split(/\s+/).filter(Boolean),l=!this.hasAttribute("no-recent"),f=this.shadowRoot??this.attachShadow({mode:"open"});f.adoptedStyleSheets=[Z()];let p=ee(t),{dialog:u,field:c,list:h,notice:g,status:m}=p;f.replaceChildren(p.open,u);let b=G(h,c),k=H(r),C=$(p.filters,i,a=>String(t[a]??a),x),O=0,K=0;function N(a,...d){clearTimeout(K),h.classList.remove("waiting"),h.replaceChildren(...a),g.replaceChildren(...d),c.setAttribute("aria-expanded",String(a.length>0)),b.set(void 0)}function M(){let a=l?P():[];N(a.length>0?[D(a,t.recent)]:[]),p.forget.hidden=a.length===0,m.textContent=""}let te=(a,d)=>{let y=W(a.hits,document.baseURI),S=a.hits.length;a.facets&&C.update(a.facets);let E=S===0?T(t.nothing,n,{query:d}):"";N(q(y),E),b.first(),m.textContent=E||T(t.found,n,{count:S}),this.dispatchEvent(new CustomEvent("annoy-search",{detail:{query:d,count:S,version:a.version},bubbles:!0}))};function oe(a){if(!(a instanceof v))throw a;let d=a.reason!==void 0?T(t.failed,n,{reason:a.reason}):navigator.onLine?t.unreachable:t.offline,y=s("button",{type:"button",class:"text-button"},t.retry);y.addEventListener("click",()=>{c.focus(),x()}),N([],d," ",y),m.textContent=d}async function x(){clearTimeout(O),clearTimeout(K);let a=c.value.trim();if(a==="")return k.abort(),M();p.forget.hidden=!0,K=setTimeout(()=>{h.classList.add("waiting"),m.textContent=t.searching},be);try{te(await k.ask(a,C.selection,i),a)}catch(d){oe(d)}}let R=(a,d)=>{let{query:y,id:S,position:E}=a.dataset;if(y!==void 0)return c.value=y,c.focus(),x();let L=a instanceof HTMLAnchorElement?a.href:void 0,z={query:c.value.trim(),id:S,url:L,position:Number(E)};this.hasAttribute("insight")&&navigator.sendBeacon(`${r}/v1/selections/${E}`);let ne=this.dispatchEvent(new CustomEvent("annoy-search-select",{detail:z,bubbles:!0,cancelable:!0}));l&&V(z.query),ne?d instanceof KeyboardEvent&&L&&(d.ctrlKey||d.metaKey?window.open(L,"_blank","noopener"):location.assign(L)):d.preventDefault(),d instanceof MouseEvent&&(d.ctrlKey||d.metaKey||d.shiftKey)||u.close()};c.addEventListener("input",()=>{clearTimeout(O),c.value.trim()===""?x():O=setTimeout(x,ge)}),c.addEventListener("keydown",a=>{if(a.isComposing)return;let d=b.current();if(a.key==="ArrowDown")b.move(1);else if(a.key==="ArrowUp")b.move(-1);else if(a.key==="Enter"&&d)R(d,a);else if(a.key!=="Enter")return;a.preventDefault()}),p.form.addEventListener("submit",a=>a.preventDefault()),h.addEventListener("click",a=>{let d=a.target.closest("[role=option]");d&&R(d,a)}),h.addEventListener("mousemove",a=>{let d=a.target.closest("[role=option]");d&&d!==b.current()&&b.set(d)}),p.forget.addEventListener("click",()=>{Y(),M(),c.focus()}),p.close.addEventListener("click",()=>u.close()),u.addEventListener("mousedown",a=>{a.target===u&&u.close()}),addEventListener("online",()=>u.open&&x(),{signal:o});let j=()=>{u.open||u.showModal(),c.focus(),c.select(),h.childElementCount===0&&x()};return p.open.addEventListener("click",j),j}};function xe(e){try{let o=JSON.parse(e??"{}");return typeof o=="object"&&o!==null?o:{}}catch{return console.warn("annoy-search: the attribute messages is not JSON."),{}}}globalThis.customElements&&!customElements.get("annoy-search")&&customElements.define("annoy-search",I);export{I as AnnoySearch};
