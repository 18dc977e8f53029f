// One event: who did what, where it leads, and the record as it was delivered, of which every value is a filter.

import { searchedBy, service, valuesOf } from "./fields.js";
import { Json, Marked, markedIn, parsed } from "./json.js";
import { Pivots } from "./pivots.js";
import { moment } from "./times.js";
import { html, useEffect, useMemo, useRef, useState } from "./vendor/htm-preact.js";
import { chosen, withPhrase, withValue } from "./view.js";

function onPressed(event, choose) {
  if (event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  event.stopPropagation();
  choose(event);
}

export function Record({ event, highlights, view, navigate, environment, close }) {
  const [leaveOut, setLeaveOut] = useState(false);
  const [copied, setCopied] = useState("");
  const top = useRef(null);
  const record = useMemo(() => parsed(event.raw), [event.raw]);
  const words = useMemo(() => markedIn(highlights, view.phrases), [highlights, view.phrases]);
  useEffect(() => {
    top.current.scrollTop = 0;
    setCopied("");
  }, [event.id]);
  const kinds = Object.fromEntries(environment.fields.map((each) => [each.name, each.kind]));

  const scalar = (value, path, text) => {
    const kind = value === null ? "null" : typeof value;
    const said = html`<span class=${`json-${kind}`}>${kind === "string" ? '"' : ""}<${Marked} text=${text} words=${words} />${kind === "string" ? '"' : ""}</span>`;
    const found = value === null ? null : searchedBy(event, path, kind === "number" ? text : value);
    if (!found) return said;
    const by = found.field ? `${found.field} is ${found.value}` : `record has “${found.phrase}”`;
    const choose = (click) => {
      const negated = leaveOut !== click.altKey;
      const narrowed = found.field
        ? withValue(view, found.field, found.value, { negated, several: kinds[found.field] === "literals" })
        : withPhrase(view, found.phrase, negated);
      navigate({ ...narrowed, page: "search" });
    };
    const state = found.field
      ? chosen(view, found.field, found.value)
      : view.phrases.includes(found.phrase)
        ? "only"
        : "";
    // No <button>: its text could neither be selected nor flow on with what is around it.
    return html`<span role="button" tabindex="0" class=${`scalar ${state}`} title=${`${leaveOut ? "Leave out" : "Show only"}: ${by}. With Alt, the opposite.`} onClick=${(click) => String(getSelection()) || choose(click)} onKeyDown=${(pressed) => onPressed(pressed, choose)}>${said}</span>`;
  };
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(event.raw);
      setCopied("Copied");
    } catch {
      setCopied("The browser does not let it be copied");
    }
  };

  const title = `${service(event)}:${event.event_name ?? "event"}`;
  return html`<aside class="record" aria-label="Record" ref=${top} tabindex="-1">
    <div class="record-head">
      <h2 class="mono">${title}</h2>
      <button type="button" class="quiet icon" aria-label="Close the record" title="Esc" onClick=${close}>×</button>
      <p>${moment(event.event_time, view.zone)} ${view.zone === "local" ? "" : "UTC"} · ${event.actor ?? "nobody named"}${event.outcome && event.outcome !== "success" ? html` · <strong class=${event.outcome}>${event.outcome}</strong>` : ""}</p>
      ${valuesOf(event, "error_message").map((text) => html`<p class="message" tabindex="0" key=${text}>${text}</p>`)}
    </div>
    <${Pivots} event=${event} view=${view} navigate=${navigate} />
    <div class="record-tools">
      <div class="switch" role="group" aria-label="What a click on a value does">
        <button type="button" aria-pressed=${!leaveOut} onClick=${() => setLeaveOut(false)}>Only these</button>
        <button type="button" aria-pressed=${leaveOut} onClick=${() => setLeaveOut(true)}>Leave out</button>
      </div>
      <span role="status" class="dim">${copied}</span>
      <button type="button" class="quiet" onClick=${copy}>Copy JSON</button>
    </div>
    <div class="json mono">${record === null ? html`<${Marked} text=${String(event.raw ?? "This event has no record.")} words=${words} />` : html`<${Json} value=${record} scalar=${scalar} />`}</div>
    <p class="dim mono log">${event.log_file}</p>
  </aside>`;
}
