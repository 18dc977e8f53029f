// Whether all is well: what make status says.

import { get } from "./api.js";
import { Problem, useAnswer } from "./parts.js";
import { moment } from "./times.js";
import { html, useEffect, useState } from "./vendor/htm-preact.js";

const EVERY = 30_000;

export function Status({ view }) {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setTurn((before) => before + 1), EVERY);
    return () => clearInterval(timer);
  }, []);
  const { answer, error, asking } = useAnswer(`status ${turn}`, (signal) =>
    get("status", undefined, {}, signal),
  );
  return html`<section class="page" aria-busy=${asking}>
    <div class="page-head"><h1>Status</h1><button type="button" class="quiet" onClick=${() => setTurn(turn + 1)}>Look again</button></div>
    ${error && html`<${Problem} error=${error} />`}
    ${!answer && !error && html`<p class="dim">Looking at queues, Pipe, executions, search domain and alarms…</p>`}
    ${
      answer &&
      html`<div class=${answer.well ? "verdict well" : "verdict bad"} role="status">
      ${answer.well ? "✓ All is well." : html`<ul>${answer.problems.map((each) => html`<li key=${each}>✗ ${each}</li>`)}</ul>`}
    </div>
    <dl class="lines">${answer.lines.map(([name, said]) => html`<div key=${name}><dt>${name}</dt><dd>${said}</dd></div>`)}</dl>
    <${Executions} last=${answer.executions?.last ?? []} zone=${view.zone} />`
    }
  </section>`;
}

function Executions({ last, zone }) {
  if (!last.length) return null;
  return html`<h2>Last executions</h2><div class="scroll" tabindex="0" role="region" aria-label="Last executions"><table class="plain">
    <thead><tr><th scope="col">Began</th><th scope="col">Status</th><th scope="col">Name</th><th scope="col">Why</th></tr></thead>
    <tbody>${last.map(
      (each) =>
        html`<tr key=${each.name}><td class="mono">${moment(each.started_at, zone)}</td><td class=${each.status === "FAILED" ? "failed" : ""}>${each.status}</td><td class="mono">${each.name}</td><td>${[each.error, String(each.cause ?? "").split("\n")[0]].filter(Boolean).join(": ")}</td></tr>`,
    )}</tbody>
  </table></div>`;
}
