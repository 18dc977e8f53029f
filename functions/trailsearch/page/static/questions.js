// The questions that investigators ask: a list, what each needs, its answer, and a view that is saved as one more.

import { get, post } from "./api.js";
import { Dialog, followed, Popover, Problem, useAnswer } from "./parts.js";
import { moment } from "./times.js";
import { html, useState } from "./vendor/htm-preact.js";
import { asAddress, asObject, fromObject } from "./view.js";

/** The menu of all questions, which typing narrows. */
export function QuestionsMenu({ view, navigate }) {
  return html`<${Popover} label="Questions" name="Questions">
    ${(close) => html`<${List} view=${view} navigate=${navigate} close=${close} />`}
  </${Popover}>`;
}

function List({ view, navigate, close }) {
  const [typed, setTyped] = useState("");
  const { answer, error } = useAnswer("questions", (signal) => get("questions", undefined, {}, signal));
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (each) =>
    words.every((word) => `${each.name} ${each.title} ${each.text}`.toLowerCase().includes(word));
  if (error) return html`<${Problem} error=${error} />`;
  return html`<div class="questions">
    <input type="text" aria-label="Find a question" placeholder="Find a question" autofocus value=${typed} onInput=${(event) => setTyped(event.target.value)} />
    <ul>${(answer ?? []).filter(matches).map((each) => {
      const to = { ...view, page: "questions", question: each.name, given: {}, event: "" };
      const follow = followed(navigate, to);
      return html`<li key=${each.name}><a href=${asAddress(to)} onClick=${(event) => {
        follow(event);
        close();
      }}>${each.title}<span class="dim mono">${each.name}</span></a></li>`;
    })}</ul>
  </div>`;
}

/** One question: what it needs, and its answer. */
export function Question({ view, navigate }) {
  const { answer: all, error } = useAnswer("questions", (signal) => get("questions", undefined, {}, signal));
  if (error) return html`<${Problem} error=${error} />`;
  if (!all) return html`<p class="dim">Loading…</p>`;
  const question = all.find((each) => each.name === view.question);
  if (!question) {
    return html`<section class="page"><h1>Questions</h1><ul class="list">${all.map((each) => {
      const to = { ...view, page: "questions", question: each.name, given: {}, event: "" };
      return html`<li key=${each.name}><a href=${asAddress(to)} onClick=${followed(navigate, to)}>${each.title}</a><p class="dim">${each.text}</p></li>`;
    })}</ul></section>`;
  }
  const given = Object.fromEntries(
    question.needs.map((need) => [need.name, view.given[need.name] ?? need.default ?? ""]),
  );
  return html`<section class="page">
    <h1>${question.title}</h1>
    <p class="dim">${question.text}</p>
    ${question.needs.length > 0 && html`<${Needs} key=${question.name} question=${question} given=${given} view=${view} navigate=${navigate} />`}
    ${isAnswerable(question, given, view) && html`<${Reply} question=${question} given=${given} view=${view} navigate=${navigate} />`}
  </section>`;
}

const TIMES = ["since", "until"];

function isAnswerable(question, given, view) {
  const has = (name) => Boolean(given[name] || (TIMES.includes(name) && view[name]));
  return question.needs.every((need) => (need.or ?? [need.name]).some(has));
}

function Needs({ question, given, view, navigate }) {
  const [typed, setTyped] = useState(given);
  const submit = (event) => {
    event.preventDefault();
    navigate({ ...view, given: Object.fromEntries(Object.entries(typed).filter(([, text]) => text.trim())) });
  };
  return html`<form class="needs" onSubmit=${submit}>
    ${question.needs.map((need) => html`<label key=${need.name}><span>${need.name}</span><input type="text" class="mono" name=${need.name} value=${typed[need.name]} onInput=${(event) => setTyped({ ...typed, [need.name]: event.target.value })} /><span class="dim">${need.help}</span></label>`)}
    <button type="submit" class="primary">Ask</button>
  </form>`;
}

function Reply({ question, given, view, navigate }) {
  const parameters = new URLSearchParams();
  for (const name of TIMES) if (view[name]) parameters.set(name, view[name]);
  for (const [name, text] of Object.entries(given)) if (text) parameters.set(name, text);
  const path = `questions/${encodeURIComponent(question.name)}`;
  const { answer, error, asking } = useAnswer(`${path}?${parameters}`, (signal) =>
    get(path, parameters, {}, signal),
  );
  if (error) return html`<${Problem} error=${error} />`;
  if (!answer) return html`<p class="dim" role="status">Asking…</p>`;
  const to = answer.query && fromObject(answer.query, view);
  return html`<div class=${asking ? "stale" : ""}>
    ${answer.notes?.map((note) => html`<p key=${note}>${note}</p>`)}
    ${answer.findings?.map((each) => html`<${Table} key=${each.title} title=${each.title} columns=${each.columns} rows=${each.rows} views=${each.views} view=${view} navigate=${navigate} />`)}
    ${answer.rows.length > 0 && html`<${Table} title="Events" columns=${answer.columns} rows=${answer.rows} views=${answer.views} view=${view} navigate=${navigate} />`}
    ${!answer.rows.length && !answer.findings?.length && html`<p>Nothing.</p>`}
    ${to && html`<p><a href=${asAddress(to)} onClick=${followed(navigate, to)}>All these events in the search</a></p>`}
  </div>`;
}

function Table({ title, columns, rows, views, view, navigate }) {
  if (!rows.length) return html`<h2>${title}</h2><p class="dim">nothing</p>`;
  const cell = (row, at, place) => {
    const said = [row[place] ?? ""].flat().join(", ");
    const text = columns[place] === "event_time" && said ? moment(said, view.zone) : said;
    const led = place === 0 && views?.[at];
    if (!led) return text;
    const to = fromObject(led, view);
    return html`<a href=${asAddress(to)} onClick=${followed(navigate, to)}>${text || "–"}</a>`;
  };
  return html`<h2>${title}</h2><div class="scroll" tabindex="0" role="region" aria-label=${title}><table class="plain">
    <thead><tr>${columns.map((each) => html`<th key=${each} scope="col">${each}</th>`)}</tr></thead>
    <tbody>${rows.map((row, at) => html`<tr key=${at}>${columns.map((each, place) => html`<td key=${each}>${cell(row, at, place)}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

/** Saves what is searched for as a question, in a file of its own. */
export function SaveDialog({ view, onClose }) {
  const [title, setTitle] = useState("");
  const [name, setName] = useState("");
  const [said, setSaid] = useState(null);
  const [error, setError] = useState(null);
  const named =
    name ||
    title
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "");
  const save = async (event) => {
    event.preventDefault();
    try {
      setError(null);
      const { columns, facets } = view;
      setSaid(
        await post("questions", {
          name: named,
          title: title.trim(),
          view: { ...asObject(view), columns, facets },
        }),
      );
    } catch (refused) {
      setError(refused);
    }
  };
  return html`<${Dialog} title="Save as a question" onClose=${onClose}>
    ${
      said
        ? html`<p role="status">Saved in <span class="mono">${said.file}</span>. It is in the menu, and in make ask.</p><div class="actions"><button type="button" class="primary" onClick=${onClose}>Close</button></div>`
        : html`<form onSubmit=${save}>
          <label>The question <input type="text" name="title" required autofocus placeholder="Who changed the billing role?" value=${title} onInput=${(event) => setTitle(event.target.value)} /></label>
          <label>Its name <input type="text" name="name" class="mono" pattern="[a-z0-9\\-]+" placeholder=${named} value=${name} onInput=${(event) => setName(event.target.value)} /></label>
          ${error && html`<${Problem} error=${error} />`}
          <div class="actions"><button type="button" onClick=${onClose}>Cancel</button><button type="submit" class="primary">Save</button></div>
        </form>`
    }
  </${Dialog}>`;
}
