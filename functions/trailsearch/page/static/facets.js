// The most frequent values of fields, with how many events have them: each can be asked for, or left out.

import { count } from "./parts.js";
import { html } from "./vendor/htm-preact.js";
import { chosen, withValue } from "./view.js";

export function Facets({ view, navigate, answer, environment, size, more, busy }) {
  const fields = environment.fields.filter((each) => each.facet && each.kind !== "time");
  const open = view.facets.map((name) => fields.find((each) => each.name === name)).filter(Boolean);
  const closed = fields.filter((each) => !view.facets.includes(each.name));
  const show = (facets) => navigate({ ...view, facets }, { replace: true });
  return html`<details class=${busy ? "facets stale" : "facets"} open=${matchMedia("(min-width: 800px)").matches}>
    <summary><h2>Fields</h2></summary>
    ${open.map(
      (field) => html`<section key=${field.name} class="facet">
        <h3><button type="button" aria-expanded="true" title="Close" onClick=${() => show(view.facets.filter((name) => name !== field.name))}>${field.name}</button><span class="dim">${distinct(answer, field.name)}</span></h3>
        <${Values} field=${field} view=${view} navigate=${navigate} answer=${answer} />
        ${answer?.facets?.[field.name]?.length >= size && answer.distinct?.[field.name] !== size && html`<button type="button" class="quiet small" onClick=${more}>More</button>`}
      </section>`,
    )}
    <ul class="closed" aria-label="Other fields">
      ${closed.map((field) => html`<li key=${field.name}><button type="button" class="quiet small" aria-expanded="false" onClick=${() => show([...view.facets, field.name])}>${field.name}</button></li>`)}
    </ul>
  </details>`;
}

function distinct(answer, name) {
  const facet = answer?.facets?.[name];
  if (!facet) return "";
  const all = answer.distinct?.[name];
  return all === null || all === undefined ? "1,000+" : count(all);
}

function Values({ field, view, navigate, answer }) {
  const values = answer?.facets?.[field.name] ?? [];
  // What is chosen stays in sight, to be taken back.
  const named = new Set(values.map(([value]) => value));
  const left = view.filters
    .filter((each) => each.is === "is" && each.fields.join() === field.name)
    .flatMap((each) => each.values)
    .filter((value) => !named.has(value));
  const most = values[0]?.[1] ?? 1;
  const several = field.kind === "literals";
  const choose = (value, negated) =>
    navigate({ ...withValue(view, field.name, value, { negated, several }), event: "" });
  const row = (value, found) => {
    const state = chosen(view, field.name, value);
    return html`<li key=${value} class=${state}>
      ${found !== null && html`<svg class="share" aria-hidden="true" viewBox="0 0 100 1" preserveAspectRatio="none"><rect width=${(100 * found) / most} height="1" /></svg>`}
      <button type="button" class="value" aria-pressed=${state === "only"} title=${`${value}\nClick: these alone. Alt and click: all but these.`} onClick=${(event) => choose(value, event.altKey)}>
        <span class="name mono">${value}</span> <span class="number">${found === null ? "" : count(found)}</span>
      </button>
      <button type="button" class="leave-out" aria-pressed=${state === "not"} aria-label=${`Leave out ${value}`} title="Leave these out" onClick=${() => choose(value, true)}>−</button>
    </li>`;
  };
  if (answer && !values.length && !left.length) return html`<p class="dim none">no value</p>`;
  return html`<ul class="values">${left.map((value) => row(value, null))}${values.map(([value, found]) => row(value, found))}</ul>`;
}
