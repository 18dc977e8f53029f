// The filters of a view, each of which can be turned round or taken away.

import { described } from "./typed-query.js";
import { html } from "./vendor/htm-preact.js";
import { cleared, isNarrow } from "./view.js";

export function Filters({ view, navigate }) {
  const change = (filters) => navigate({ ...view, filters });
  const without = (list, at) => list.filter((_, each) => each !== at);
  if (!view.filters.length && !view.phrases.length) return null;
  return html`<ul class="chips" aria-label="Filters">
    ${view.filters.map((filter, at) => {
      const said = described(filter);
      const turned = view.filters.map((each, other) => (other === at ? { ...each, not: !each.not } : each));
      return html`<li key=${said} class=${filter.not ? "chip not" : "chip"}>
        <button type="button" onClick=${() => change(turned)} title=${filter.not ? "Show these instead" : "Leave these out instead"}>${said}</button>
        <button type="button" class="remove" aria-label=${`Remove: ${said}`} onClick=${() => change(without(view.filters, at))}>×</button>
      </li>`;
    })}
    ${view.phrases.map(
      (phrase, at) => html`<li key=${`phrase ${phrase}`} class="chip">
        <span>record has “${phrase}”</span>
        <button type="button" class="remove" aria-label=${`Remove: record has ${phrase}`} onClick=${() => navigate({ ...view, phrases: without(view.phrases, at) })}>×</button>
      </li>`,
    )}
    ${isNarrow(view) && html`<li><button type="button" class="quiet" onClick=${() => navigate({ ...view, ...cleared() })}>Clear</button></li>`}
  </ul>`;
}
