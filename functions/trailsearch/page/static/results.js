// The events that were found: a table that goes on as far as there are any.

import { service, valuesOf } from "./fields.js";
import { Popover } from "./parts.js";
import { moment } from "./times.js";
import { Component, html, useEffect, useRef } from "./vendor/htm-preact.js";
import { COLUMNS } from "./view.js";

const SAID = {
  event_time: "Time",
  actor: "Who",
  event_name: "What",
  resource_names: "On what",
  source_ip_address: "From",
  aws_region: "Region",
  error_code: "Error",
};
/** How far below the window the next page is asked for. */
const AHEAD = "600px";

export function Results({ view, navigate, environment, pages, at, open, next, loadMore, loading, waiting }) {
  const sortable = new Set(environment.fields.filter((each) => each.sortable).map((each) => each.name));
  const [sorted, order] = view.sort.split(" ");
  const sort = (name) =>
    navigate({ ...view, sort: `${name} ${sorted === name && order === "desc" ? "asc" : "desc"}`, event: "" });
  let before = 0;
  return html`<div class="results">
    <table role="table" aria-label="Events">
      <thead role="rowgroup"><tr role="row">
        ${view.columns.map((name) => {
          const head =
            name === "event_time"
              ? `Time (${view.zone === "local" ? "local" : "UTC"})`
              : (SAID[name] ?? name);
          const direction = sorted === name ? (order === "asc" ? "ascending" : "descending") : null;
          return html`<th key=${name} role="columnheader" scope="col" aria-sort=${direction} class=${`of-${name}`}>
            ${sortable.has(name) ? html`<button type="button" onClick=${() => sort(name)}>${head}<span aria-hidden="true">${direction === "ascending" ? " ↑" : direction ? " ↓" : ""}</span></button>` : head}
          </th>`;
        })}
      </tr></thead>
      ${pages.map((page, number) => {
        const start = before;
        before += page.events.length;
        const here = at >= start && at < before ? at - start : -1;
        return html`<${Page} key=${number} page=${page} start=${start} at=${here} columns=${view.columns} zone=${view.zone} opened=${view.event} open=${open} />`;
      })}
    </table>
    ${next && html`<${More} key=${next} loadMore=${loadMore} loading=${loading} waiting=${waiting} />`}
  </div>`;
}

/** One page of events, which is drawn anew only if something of itself has changed. */
class Page extends Component {
  shouldComponentUpdate(next) {
    return ["page", "at", "columns", "zone", "opened"].some((name) => next[name] !== this.props[name]);
  }

  render({ page, start, at, columns, zone, opened, open }) {
    return html`<tbody role="rowgroup">
      ${page.events.map((event, index) => {
        const excerpts = shortest(page.highlights?.[index]);
        const classes = `${event.id === opened ? "opened" : ""} ${index === at ? "at" : ""} ${event.outcome === "denied" || event.outcome === "failed" ? `ended-${event.outcome}` : ""}`;
        const onClick = (click) => {
          if (!String(getSelection())) open(start + index, click);
        };
        return html`<tr key=${event.id} role="row" class=${classes} aria-current=${index === at ? "true" : null} onClick=${onClick} data-at=${start + index}>
          ${columns.map((name, column) => html`<${Cell} key=${name} name=${name} event=${event} zone=${zone} first=${column === 0} withService=${!columns.includes("event_source")} />`)}
        </tr>
        ${
          excerpts.length > 0 &&
          html`<tr key=${`${event.id} excerpts`} role="row" class=${`excerpts ${classes}`} onClick=${onClick}><td role="cell" colspan=${columns.length}>
          ${excerpts.map(([field, found]) => html`<p key=${field} class="mono"><span class="dim">${field} </span>${found.slice(0, 2).map((pieces) => pieces.map(([text, marked]) => (marked ? html`<mark>${text}</mark>` : text)))}</p>`)}
        </td></tr>`
        }`;
      })}
    </tbody>`;
  }
}

/** Give the excerpts of one field: the record has the words of all others, too, and says least by them. */
function shortest(highlights) {
  const all = Object.entries(highlights ?? {}).filter(([, found]) => found.length);
  const others = all.filter(([field]) => field !== "raw");
  return (others.length ? others : all).slice(0, 1);
}

function Cell({ name, event, zone, first, withService }) {
  const values = valuesOf(event, name);
  let shown = values.join(", ");
  if (name === "event_time") shown = values.length ? moment(values[0], zone) : "";
  else if (name === "resource_names") shown = resource(values);
  else if (name === "error_code" && !values.length) shown = String(event.error_message ?? "").slice(0, 120);
  const inside =
    name === "event_name" && withService
      ? html`<span class="dim">${service(event)}${service(event) && ":"}</span>${shown}`
      : shown;
  return html`<td role="cell" class=${`of-${name}`} title=${values.length > 1 || shown.length > 40 ? values.join("\n") : null}>
    ${first ? html`<button type="button" class="open">${inside || "–"}</button>` : inside}
  </td>`;
}

/** Name the first thing that it was done to, and say how many others are named. */
function resource(values) {
  const names = values.filter((each) => !each.startsWith("arn:"));
  const list = names.length ? names : values;
  return list.length > 1 ? `${list[0]} +${list.length - 1}` : (list[0] ?? "");
}

/**
 * Asks for the next page as soon as it comes near the window, unless something else of the view is still waited for; it is
 * a button for whoever does not scroll.
 */
function More({ loadMore, loading, waiting }) {
  const button = useRef(null);
  useEffect(() => {
    if (waiting) return undefined;
    const seen = new IntersectionObserver(
      (entries) => entries.some((each) => each.isIntersecting) && loadMore(),
      {
        rootMargin: AHEAD,
      },
    );
    seen.observe(button.current);
    return () => seen.disconnect();
  }, [waiting]);
  return html`<button type="button" class="quiet more" ref=${button} disabled=${loading} onClick=${loadMore}>${loading ? "Loading…" : "More events"}</button>`;
}

/** Which fields are the columns of the table. */
export function Columns({ view, navigate, environment }) {
  const show = (columns) => navigate({ ...view, columns }, { replace: true });
  const change = (name) =>
    show(
      view.columns.includes(name) ? view.columns.filter((each) => each !== name) : [...view.columns, name],
    );
  const names = environment.fields.map((each) => each.name).filter((name) => name !== "raw");
  return html`<${Popover} label="Columns" name="Columns" align="end">
    ${() => html`<fieldset class="columns"><legend>Columns</legend>
      ${names.map((name) => html`<label key=${name}><input type="checkbox" checked=${view.columns.includes(name)} disabled=${view.columns.length === 1 && view.columns[0] === name} onChange=${() => change(name)} /> ${name}</label>`)}
      <button type="button" class="quiet" onClick=${() => show(COLUMNS)}>As usual</button>
    </fieldset>`}
  </${Popover}>`;
}
