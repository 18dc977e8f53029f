// The search bar, with what a field or a value that is begun may become.

import { get } from "./api.js";
import { inNative, takeApart, tokenAt } from "./typed-query.js";
import { html, useEffect, useRef, useState } from "./vendor/htm-preact.js";
import { asParameters, withValue } from "./view.js";

const MOST = 12;
const PAUSE = 120;

/** The bar: Enter searches, arrows choose what is offered, Tab or Enter takes it. */
export function SearchBar({ view, navigate, environment, input }) {
  const [text, setText] = useState(view.q);
  const [offered, setOffered] = useState([]);
  const [at, setAt] = useState(-1);
  const asked = useRef(null);
  const list = useRef(null);
  useEffect(() => setText(view.q), [view.q]);
  useEffect(() => () => stopAsking(asked), []);
  useEffect(
    () => list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }),
    [at],
  );

  const offer = (choices) => {
    setOffered(choices);
    setAt(-1);
  };
  const close = () => {
    stopAsking(asked);
    offer([]);
  };
  const change = (typed, place) => {
    setText(typed);
    stopAsking(asked);
    const token = tokenAt(typed, place);
    if (!token || (token.value === null && !token.field)) return offer([]);
    if (token.value === null) return offer(fieldsFor(token, environment.fields));
    const field = environment.fields.find((each) => each.name === token.field);
    if (!field?.facet || field.kind === "time") return offer([]);
    // Fields that were offered are none of what is typed now.
    if (offered.some((each) => each.value === undefined)) offer([]);
    const stop = new AbortController();
    const parameters = asParameters({ ...view, q: view.syntax === "native" ? view.q : "" });
    const timer = setTimeout(
      () =>
        get("values", parameters, { field: field.name, prefix: token.value }, stop.signal).then(
          ({ values }) => offer(values.slice(0, MOST).map(([value, found]) => ({ token, value, found }))),
          () => stop.signal.aborted || offer([]),
        ),
      PAUSE,
    );
    asked.current = () => {
      clearTimeout(timer);
      stop.abort();
    };
    return undefined;
  };
  const take = (choice) => {
    const place = input.current.selectionStart ?? text.length;
    const rest = [text.slice(0, choice.token.start), text.slice(place)];
    if (choice.value === undefined) {
      const begun = `${rest[0]}${choice.token.not ? "-" : ""}${choice.name}:`;
      change(begun + rest[1], begun.length);
      input.current.value = begun + rest[1];
      input.current.setSelectionRange(begun.length, begun.length);
      return;
    }
    close();
    if (view.syntax === "native") {
      setText(
        `${rest[0]}${choice.token.not ? "NOT " : ""}${inNative(environment.backend, choice.token.field, choice.value)} ${rest[1].trimStart()}`,
      );
      return;
    }
    const q = rest.join("").replace(/\s+/g, " ").trim();
    setText(q);
    const several = environment.fields.find((each) => each.name === choice.token.field)?.kind === "literals";
    navigate({
      ...withValue(view, choice.token.field, choice.value, { negated: choice.token.not, several }),
      q,
      event: "",
    });
  };
  const search = () => {
    close();
    const typed = text.trim();
    if (view.syntax === "native") return navigate({ ...view, q: typed, event: "", page: "search" });
    const { words, filters } = takeApart(typed, environment.fields);
    setText(words);
    return navigate({ ...view, q: words, filters: [...view.filters, ...filters], event: "", page: "search" });
  };
  const onKeyDown = (event) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move && offered.length) {
      event.preventDefault();
      setAt((at + move + offered.length + (at < 0 && move < 0 ? 1 : 0)) % offered.length);
    } else if ((event.key === "Enter" || event.key === "Tab") && at >= 0) {
      event.preventDefault();
      take(offered[at]);
    } else if (event.key === "Tab" && offered.length && !event.shiftKey) {
      event.preventDefault();
      take(offered[0]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      search();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      if (offered.length) close();
      else input.current.blur();
    }
  };
  const hint =
    view.syntax === "native" ? "Query in the domain's own language" : "Words, or field:value, as actor:alice";
  return html`<form class="bar" role="search" onSubmit=${(event) => event.preventDefault()}>
    <div class="combo">
      <input ref=${input} type="text" role="combobox" aria-label="Search" aria-autocomplete="list" aria-controls="offered" aria-expanded=${offered.length > 0} aria-activedescendant=${at >= 0 ? `offered-${at}` : null} autocomplete="off" autocapitalize="none" spellcheck=${false} placeholder=${hint} value=${text}
        onInput=${(event) => change(event.target.value, event.target.selectionStart)} onKeyDown=${onKeyDown} onBlur=${close} />
      <ul id="offered" role="listbox" aria-label="What it may become" hidden=${!offered.length} ref=${list}>
        ${offered.map(
          (
            choice,
            index,
          ) => html`<li key=${choice.value ?? choice.name} id=${`offered-${index}`} role="option" aria-selected=${index === at} onPointerDown=${(
            event,
          ) => {
            event.preventDefault();
            take(choice);
          }}>
            <span class="mono">${choice.value ?? `${choice.name}:`}</span><span class="dim">${choice.value === undefined ? choice.kind : choice.found.toLocaleString("en-GB")}</span>
          </li>`,
        )}
      </ul>
    </div>
    <select aria-label="How the query is written" value=${view.syntax} onChange=${(event) => navigate({ ...view, syntax: event.target.value, q: text.trim() })}>
      <option value="simple" selected=${view.syntax !== "native"}>Words</option>
      <option value="native" selected=${view.syntax === "native"}>${environment.backend === "cloudsearch" ? "CloudSearch" : "OpenSearch"}</option>
    </select>
    <button type="submit" class="primary" onClick=${search}>Search</button>
  </form>`;
}

function stopAsking(asked) {
  asked.current?.();
  asked.current = null;
}

function fieldsFor(token, fields) {
  const begins = fields.filter(({ name }) => name.startsWith(token.field));
  const within = fields.filter(({ name }) => !name.startsWith(token.field) && name.includes(token.field));
  return [...begins, ...within]
    .filter(({ kind }) => kind !== "time")
    .slice(0, MOST)
    .map(({ name, kind }) => ({ token, name, kind }));
}
