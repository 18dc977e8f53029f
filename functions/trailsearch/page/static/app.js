// The page: its address is its state, and every change of it a step that Back takes back.

import { FEW_VALUES, useAnswers, useEvent } from "./answers.js";
import { address, get } from "./api.js";
import { DeadLetters } from "./dead-letters.js";
import { Empty } from "./empty.js";
import { Facets } from "./facets.js";
import { Filters } from "./filters.js";
import { Histogram } from "./histogram.js";
import { KeysDialog, useKeys } from "./keyboard.js";
import { count, followed, Popover, Problem, useAnswer } from "./parts.js";
import { Question, QuestionsMenu, SaveDialog } from "./questions.js";
import { Record } from "./record.js";
import { Columns, Results } from "./results.js";
import { SearchBar } from "./searchbar.js";
import { Status } from "./status.js";
import { ThemeButton } from "./theme.js";
import { TimePicker, ZoneButton } from "./timepicker.js";
import { html, render, useEffect, useRef, useState } from "./vendor/htm-preact.js";
import { asAddress, asParameters, everything, fromAddress } from "./view.js";

const FIRST_VISIT = "-24h";
const PAGES = [
  ["search", "Search"],
  ["status", "Status"],
  ["dead-letters", "Dead letters"],
];

function App() {
  const [view, navigate] = useAddress();
  const [dialog, setDialog] = useState("");
  const input = useRef(null);
  const { answer: environment, error } = useAnswer("environment", (signal) =>
    get("environment", undefined, {}, signal),
  );
  // Events and their times are asked for while the environment is.
  const answers = useAnswers(view, environment);
  useEffect(() => {
    document.title = `${{ search: view.q || "Search", questions: view.question || "Questions", status: "Status", "dead-letters": "Dead letters" }[view.page]} · Trailsearch${environment ? ` ${environment.environment}` : ""}`;
  }, [view, environment]);
  useKeys({
    "/": () => {
      if (view.page !== "search") navigate({ ...view, page: "search" });
      setTimeout(() => input.current?.select());
      return true;
    },
    "?": () => {
      setDialog("keys");
      return true;
    },
  });
  return html`
    <a class="skip" href="#main">To the content</a>
    <header class="top">
      <a class="name" href="?page=search&since=-24h" onClick=${followed(navigate, { ...everything(), since: FIRST_VISIT })}>Trailsearch</a>
      ${environment && html`<span class="environment" title=${environment.backend}>${environment.environment}</span>`}
      <nav aria-label="Pages">
        ${PAGES.map(([page, name]) => {
          const to = { ...view, page, event: "", question: "", given: {} };
          return html`<a key=${page} href=${asAddress(to)} aria-current=${view.page === page ? "page" : null} onClick=${followed(navigate, to)}>${name}</a>`;
        })}
        <${QuestionsMenu} view=${view} navigate=${navigate} />
      </nav>
      <div class="tools">
        <${ZoneButton} view=${view} navigate=${navigate} />
        <${ThemeButton} />
        <button type="button" class="quiet icon" aria-label="Keys" title="Keys (?)" onClick=${() => setDialog("keys")}>?</button>
      </div>
    </header>
    <main id="main">
      ${error && html`<${Problem} error=${error} />`}
      ${environment && view.page === "search" && html`<${Search} view=${view} navigate=${navigate} environment=${environment} answers=${answers} input=${input} save=${() => setDialog("save")} />`}
      ${environment && view.page === "questions" && html`<${Question} view=${view} navigate=${navigate} />`}
      ${environment && view.page === "status" && html`<${Status} view=${view} />`}
      ${environment && view.page === "dead-letters" && html`<${DeadLetters} view=${view} />`}
    </main>
    ${dialog === "keys" && html`<${KeysDialog} onClose=${() => setDialog("")} />`}
    ${dialog === "save" && html`<${SaveDialog} view=${view} onClose=${() => setDialog("")} />`}
  `;
}

/** Keep the view in the page's address. */
function useAddress() {
  const [view, setView] = useState(() => {
    if (!location.search) history.replaceState(null, "", asAddress({ ...everything(), since: FIRST_VISIT }));
    return fromAddress(location.search);
  });
  useEffect(() => {
    const back = () => setView(fromAddress(location.search));
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, []);
  const navigate = (to, { replace = false } = {}) => {
    const written = asAddress(to);
    if (written !== location.search) history[replace ? "replaceState" : "pushState"](null, "", written);
    setView(fromAddress(written));
  };
  return [view, navigate];
}

function Search({ view, navigate, environment, answers, input, save }) {
  const { pages, next, loadMore, loading, moreError, first, histogram, facets, size, moreValues } = answers;
  const events = pages.flatMap((page) => page.events);
  const [at, setAt] = useState(-1);
  const { event, highlights, error: eventError, gone } = useEvent(view.event, pages);
  useEffect(() => setAt(-1), [first.answer]);

  const row = (index) => document.querySelector(`tr[data-at="${index}"]`);
  const open = (index, replace = false) => {
    setAt(index);
    navigate({ ...view, event: events[index].id }, { replace });
  };
  const move = (by) => {
    if (!events.length) return false;
    const from = at < 0 ? events.findIndex((each) => each.id === view.event) : at;
    const to = Math.min(events.length - 1, Math.max(0, from + by));
    if (view.event) open(to, true);
    else setAt(to);
    row(to)?.scrollIntoView({ block: "nearest" });
    row(to)?.querySelector(".open")?.focus({ preventScroll: true });
    if (to >= events.length - 5) loadMore();
    return true;
  };
  const close = () => {
    const index = events.findIndex((each) => each.id === view.event);
    navigate({ ...view, event: "" });
    row(index)?.querySelector(".open")?.focus({ preventScroll: true });
    return true;
  };
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    Enter: (pressed) => {
      if (at < 0 || pressed.target.closest?.("button, a, summary")) return false;
      open(at);
      return true;
    },
    Escape: () => (view.event ? close() : false),
  });

  // The counts may fail alone, as where a domain takes too long to make them.
  const problem = first.error ?? histogram.error ?? facets.error;
  const found = first.answer?.found;
  const nothing = found === 0 && !first.asking;
  return html`<div class=${event ? "search with-record" : "search"}>
    <div class="ask">
      <${SearchBar} view=${view} navigate=${navigate} environment=${environment} input=${input} />
      <${TimePicker} view=${view} navigate=${navigate} />
      ${view.syntax === "native" && environment.native_syntax_url && html`<a class="small" href=${environment.native_syntax_url} rel="noreferrer" target="_blank">How it is written</a>`}
      <${Filters} view=${view} navigate=${navigate} />
    </div>
    ${problem && html`<${Problem} error=${problem} />`}
    <${Facets} key=${size === FEW_VALUES} view=${view} navigate=${navigate} answer=${facets.answer} environment=${environment} size=${size} more=${moreValues} busy=${facets.asking} />
    <div class="found">
      <${Histogram} answer=${histogram.answer} view=${view} navigate=${navigate} busy=${histogram.asking} />
      <div class="found-head">
        <p role="status">${found === undefined ? (first.error ? "" : "Searching…") : html`<strong>${count(found)}</strong> ${found === 1 ? "event" : "events"}${first.asking ? html`<span class="dim"> · searching…</span>` : first.answer.seconds !== undefined && html`<span class="dim took"> in ${first.answer.seconds.toFixed(2)} s</span>`}`}</p>
        <${Columns} view=${view} navigate=${navigate} environment=${environment} />
        <${Popover} label="Export" name="Export all events" align="end">
          ${() => html`<ul class="menu">
            ${["csv", "json"].map((format) => html`<li key=${format}><a href=${address("export", asParameters(view), { format })} download>All ${found === undefined ? "" : `${count(found)} `}as ${format.toUpperCase()}</a></li>`)}
          </ul>`}
        </${Popover}>
        <button type="button" class="quiet" onClick=${save}>Save</button>
      </div>
      ${nothing ? html`<${Empty} view=${view} navigate=${navigate} />` : first.answer && html`<div class=${first.asking ? "stale" : ""}><${Results} view=${view} navigate=${navigate} environment=${environment} pages=${pages} at=${at} open=${(index) => open(index)} next=${next} loadMore=${loadMore} loading=${loading} waiting=${histogram.asking || facets.asking} /></div>`}
      ${moreError && html`<${Problem} error=${moreError} />`}
    </div>
    ${event && html`<${Record} event=${event} highlights=${highlights} view=${view} navigate=${navigate} environment=${environment} close=${close} />`}
    ${view.event && eventError && html`<${Problem} error=${eventError} />`}
    ${view.event && gone && html`<p class="problem" role="alert">There is no event ${view.event}.</p>`}
  </div>`;
}

render(html`<${App} />`, document.body);
