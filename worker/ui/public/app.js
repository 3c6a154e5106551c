import { addressOf, readAddress, writeAddress } from "./address.js";
import { describeIndex, SearchFailure, search } from "./api.js";
import { createChoices } from "./choices.js";
import { colophon } from "./colophon.js";
import { entryOf } from "./entry.js";
import { listenForKeys } from "./keyboard.js";
import { element, nearnessOf, renderHit } from "./render.js";
import { voiceOf } from "./voices.js";

/** @import { Answer, Question } from "./api.js" */
/** @import { Filter } from "./voices.js" */

const FIRST_HITS = 20;
const MOST_HITS = 200;
/** Milliseconds without a key before a search starts: below what a hand notices, above the gap within a burst. */
const PAUSE = 70;
/** Milliseconds before waiting shows; most answers are faster and never flicker. */
const PATIENCE = 200;

const field = /** @type {HTMLInputElement} */ (byId("query"));
const form = /** @type {HTMLFormElement} */ (byId("search"));
const more = /** @type {HTMLButtonElement} */ (byId("more"));
const entries = byId("entries");
const notice = byId("notice");

let voice = voiceOf(undefined);
/** @type {Question | undefined} */
let question;
/** @type {Filter | undefined} */
let filter;
/** Chosen values of the filter; empty for everything. */
let choice = "";
/** Shows the choice, once there is something to choose. @type {(value: string) => void} */
let showChoice = () => {};
let k = FIRST_HITS;
/** Aborts the search under way: only the newest question may be answered. */
let newest = new AbortController();
let pause = 0;

/** @param {string} id */
function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`The page has no #${id}.`);
  return node;
}

/**
 * Asks for what the page now looks for, and shows the answer unless a newer question has come meanwhile.
 *
 * @param {number} [hits]
 */
async function ask(hits = FIRST_HITS) {
  clearTimeout(pause);
  newest.abort();
  const mine = new AbortController();
  newest = mine;
  k = hits;
  label();
  if (question === undefined) return showNothingAsked();
  const waiting = setTimeout(() => document.body.classList.add("waiting"), PATIENCE);
  mine.signal.addEventListener("abort", () => clearTimeout(waiting));
  try {
    const answer = await search(question, { k, filter: chosenFilter(), signal: mine.signal });
    if (!mine.signal.aborted) showAnswer(answer);
  } catch (error) {
    if (!mine.signal.aborted) showFailure(error);
  } finally {
    clearTimeout(waiting);
    if (newest === mine) document.body.classList.remove("waiting");
  }
}

/** @returns {Record<string, string>} */
function chosenFilter() {
  const known = filter?.choices.some(([value]) => value === choice && value !== "");
  return filter && known ? { [filter.field]: choice } : {};
}

/** The sentence that the field ends, and the title of the tab. */
function label() {
  const near = question !== undefined && "id" in question;
  byId("label").textContent = near ? voice.nearLabel : voice.label;
  document.title = field.value.trim() === "" ? voice.title : `${field.value.trim()} · ${voice.title}`;
}

function showNothingAsked() {
  document.body.classList.remove("waiting");
  byId("examples").hidden = voice.examples.length === 0;
  byId("answer").hidden = true;
  notice.hidden = true;
  say("");
}

/** @param {Answer & { milliseconds: number }} answer */
function showAnswer(answer) {
  const { hits } = answer;
  byId("examples").hidden = true;
  notice.hidden = true;
  const first = hits[0];
  const last = hits.at(-1);
  if (first === undefined || last === undefined) {
    byId("answer").hidden = true;
    return tell("Nothing is near that. Other words may find it.");
  }
  if (question !== undefined && "id" in question && field.value === "") {
    field.value = entryOf(
      hits.find((hit) => hit.id === /** @type {{ id: string }} */ (question).id) ?? first,
    ).head;
    label();
  }
  const nearness = nearnessOf(hits);
  const kept = k > FIRST_HITS ? entries.childElementCount : 0;
  entries.replaceChildren(...hits.map((hit, i) => renderHit(hit, nearness[i] ?? 0)));
  const milliseconds = Math.max(1, Math.round(answer.milliseconds));
  byId("first-guide").textContent = entryOf(first).head;
  byId("last-guide").textContent = entryOf(last).head;
  byId("folio").textContent = `${milliseconds} ms · version ${answer.version.slice(0, 8)}`;
  byId("answer").hidden = false;
  byId("answer").classList.remove("stale");
  const focusWasOnMore = document.activeElement === more;
  more.hidden = hits.length < k || k >= MOST_HITS;
  // Who asked for more goes on with the first new answer; the button may be gone, and focus with it.
  if (kept > 0 && (focusWasOnMore || document.activeElement === document.body)) {
    entries.children[kept]?.querySelector("a")?.focus({ preventScroll: true });
  }
  say(`${voice.count(hits.length)} in ${milliseconds} milliseconds. Nearest: ${entryOf(first).head}.`);
}

/** @param {unknown} error */
function showFailure(error) {
  byId("examples").hidden = true;
  if (error instanceof SearchFailure && error.code === "OFFLINE") {
    byId("answer").classList.add("stale");
    return tell(
      navigator.onLine
        ? "The search service does not answer. It may be starting."
        : "You are offline. The search goes on when the connection is back.",
      true,
    );
  }
  byId("answer").hidden = true;
  const known = error instanceof SearchFailure;
  if (!known) console.error(error);
  tell(known ? error.message : "This page failed to show the answer.", true);
}

/**
 * A sentence that everybody sees.
 *
 * @param {string} sentence
 * @param {boolean} [again] with a button that asks once more
 */
function tell(sentence, again = false) {
  notice.replaceChildren(sentence);
  if (again) {
    const button = element("button", "", "Try again");
    button.type = "button";
    button.addEventListener("click", () => {
      field.focus();
      ask(k);
    });
    notice.append(" ", button);
  }
  notice.hidden = false;
  say("");
}

/** A sentence for those who listen. @param {string} sentence */
function say(sentence) {
  byId("status").textContent = sentence;
}

/**
 * Goes to a question that was not typed: an example, a neighbour.
 *
 * @param {Question} target
 * @param {string} shown
 */
function goTo(target, shown) {
  question = target;
  field.value = shown;
  writeAddress(question, choice, "push");
  ask();
  scrollTo({ top: 0 });
}

function followAddress() {
  ({ question, choice } = readAddress());
  showChoice(choice);
  field.value = question !== undefined && "query" in question ? question.query : "";
  ask();
}

async function introduce() {
  const index = await describeIndex();
  voice = voiceOf(index?.manifest?.source?.kind);
  byId("title").textContent = voice.title;
  field.placeholder = voice.placeholder;
  const list = voice.examples.map((query) => {
    const link = element("a", "", query);
    link.href = addressOf({ query }, "");
    link.addEventListener("click", (event) => {
      if (opensElsewhere(event)) return;
      event.preventDefault();
      goTo({ query }, query);
    });
    return element("li", "", link);
  });
  byId("examples")
    .querySelector("ul")
    ?.replaceChildren(...list);
  if (index !== undefined) byId("colophon").textContent = colophon(index);
  byId("masthead-note").textContent = index?.items === undefined ? "" : voice.note(index.items);
  if (voice.filter && index?.searchable?.filter) {
    filter = voice.filter;
    showChoice = createChoices(byId("choices"), filter, (value) => {
      choice = value;
      writeAddress(question, choice, "replace");
      if (question !== undefined) ask();
    });
    showChoice(choice);
    // The address asked for a choice before it was known that there is one.
    if (choice !== "" && question !== undefined) ask();
  }
  document.body.classList.add("introduced");
  label();
  if (question !== undefined) return;
  showNothingAsked();
  // A keyboard that is always there may type at once; on a phone the field would pull up the keyboard.
  if (matchMedia("(hover: hover)").matches && document.activeElement === document.body) field.focus();
}

/** Whether the browser itself should follow: a new tab, a new window, a download. @param {MouseEvent} event */
function opensElsewhere(event) {
  return event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
}

field.addEventListener("input", () => {
  const query = field.value.trim();
  question = query === "" ? undefined : { query };
  writeAddress(question, choice, "replace");
  clearTimeout(pause);
  if (question === undefined) ask();
  else pause = setTimeout(ask, PAUSE);
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});

entries.addEventListener("click", (event) => {
  const link = /** @type {Element} */ (event.target).closest("a");
  const id = link?.dataset.near;
  if (link === null || id === undefined || opensElsewhere(event)) return;
  event.preventDefault();
  goTo({ id }, link.textContent ?? "");
  field.focus();
});

more.addEventListener("click", () => ask(Math.min(k + FIRST_HITS, MOST_HITS)));
addEventListener("popstate", followAddress);
addEventListener("online", () => !notice.hidden && ask(k));
listenForKeys({
  field,
  entries,
  clear: () => {
    field.value = "";
    field.dispatchEvent(new Event("input"));
  },
});

followAddress();
introduce();
