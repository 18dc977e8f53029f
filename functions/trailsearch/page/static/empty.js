// Why nothing was found, in the words of who knows.

import { get } from "./api.js";
import { followed, Problem, useAnswer } from "./parts.js";
import { html } from "./vendor/htm-preact.js";
import { asAddress, asParameters, fromObject } from "./view.js";

export function Empty({ view, navigate }) {
  const parameters = asParameters(view);
  const { answer, error, asking } = useAnswer(parameters.toString(), (signal) =>
    get("why-empty", parameters, {}, signal),
  );
  if (error) return html`<${Problem} error=${error} />`;
  return html`<section class="nothing" aria-busy=${asking}>
    <h2>No event found</h2>
    ${!answer && html`<p class="dim">Looking for the reason…</p>`}
    <ul>${answer?.reasons.map((reason) => html`<li key=${reason.kind + reason.text} class=${reason.kind}>${reason.text} ${reason.action && html`<${Action} action=${reason.action} view=${view} navigate=${navigate} />`}</li>`)}</ul>
  </section>`;
}

function Action({ action, view, navigate }) {
  const to = fromObject(action.view, view);
  return html`<a href=${asAddress(to)} onClick=${followed(navigate, to)}>${action.label}</a>`;
}
