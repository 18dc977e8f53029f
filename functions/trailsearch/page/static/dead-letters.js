// What waits in the dead-letter queue and why, and the button that sends it back.

import { get, post } from "./api.js";
import { count, Dialog, Problem, useAnswer } from "./parts.js";
import { ago, moment } from "./times.js";
import { html, useState } from "./vendor/htm-preact.js";

export function DeadLetters({ view }) {
  const [turn, setTurn] = useState(0);
  const [picked, setPicked] = useState([]);
  const [asked, setAsked] = useState(null);
  const [said, setSaid] = useState("");
  const { answer, error, asking } = useAnswer(`letters ${turn}`, (signal) =>
    get("dead-letters", undefined, {}, signal),
  );
  const letters = answer?.letters ?? [];
  const look = () => {
    setPicked([]);
    setTurn(turn + 1);
  };
  const done = (answered) => {
    setAsked(null);
    setSaid(
      [`${count(answered.redriven)} sent back to the ingest queue.`, ...(answered.notes ?? [])].join(" "),
    );
    look();
  };
  const pick = (id) =>
    setPicked(picked.includes(id) ? picked.filter((each) => each !== id) : [...picked, id]);
  return html`<section class="page" aria-busy=${asking}>
    <div class="page-head"><h1>Dead letters</h1><button type="button" class="quiet" onClick=${look}>Look again</button></div>
    ${said && html`<p role="status" class="verdict well">${said}</p>`}
    ${error && html`<${Problem} error=${error} />`}
    ${!answer && !error && html`<p class="dim">Looking into the queue…</p>`}
    ${answer && !answer.waiting && html`<p>Nothing waits in the dead-letter queue.</p>`}
    ${
      answer?.waiting > 0 &&
      html`<div class="actions start">
        <p>${count(answer.waiting)} waiting${letters.length < answer.waiting ? `, ${count(letters.length)} shown` : ""}</p>
        <button type="button" disabled=${!picked.length} onClick=${() => setAsked(picked)}>Redrive ${count(picked.length)} chosen</button>
        <button type="button" class="primary" onClick=${() => setAsked("all")}>Redrive all</button>
      </div>
      <div class="scroll" tabindex="0" role="region" aria-label="Dead letters"><table class="plain letters">
        <thead><tr><th scope="col"><span class="unseen">Choose</span></th><th scope="col">First failed</th><th scope="col">Kind</th><th scope="col">Attempts</th><th scope="col">What</th><th scope="col">Why</th></tr></thead>
        <tbody>${letters.map(
          (each) => html`<tr key=${each.id}>
            <td><input type="checkbox" aria-label=${`Choose ${each.subject}`} checked=${picked.includes(each.id)} onChange=${() => pick(each.id)} /></td>
            <td class="mono" title=${moment(each.first_failed_at, view.zone)}>${ago(each.first_failed_at)}</td>
            <td>${each.kind}</td><td>${each.attempts}</td><td class="mono wrap">${each.subject}</td>
            <td class="wrap"><strong class="failed">${each.error}</strong> ${each.reason}${each.expired ? " It has expired: it cannot be redriven." : ""}</td>
          </tr>`,
        )}</tbody>
      </table></div>`
    }
    ${asked && html`<${Confirm} asked=${asked} waiting=${answer?.waiting ?? 0} done=${done} onClose=${() => setAsked(null)} />`}
  </section>`;
}

function Confirm({ asked, waiting, done, onClose }) {
  const [sending, setSending] = useState(false);
  const [error, setError] = useState(null);
  const many = asked === "all" ? waiting : asked.length;
  const send = async () => {
    setSending(true);
    setError(null);
    try {
      done(await post("redrive", { ids: asked }));
    } catch (refused) {
      setError(refused);
      setSending(false);
    }
  };
  return html`<${Dialog} title="Redrive" onClose=${onClose}>
    <p>${many === 1 ? "1 dead letter goes" : `${count(many)} dead letters go`} back to the ingest queue, and through the workflow again. What fails again comes back here.</p>
    ${error && html`<${Problem} error=${error} />`}
    <div class="actions"><button type="button" autofocus onClick=${onClose}>Cancel</button><button type="button" class="primary" disabled=${sending} onClick=${send}>${sending ? "Sending…" : `Redrive ${count(many)}`}</button></div>
  </${Dialog}>`;
}
