// Where an investigation goes on from an event: all that had the same actor, address, key, role or resource, or was near.

import { valuesOf } from "./fields.js";
import { followed } from "./parts.js";
import { around } from "./times.js";
import { html } from "./vendor/htm-preact.js";
import { asAddress, cleared, having, only } from "./view.js";

const NEAR = 5 * 60_000;
const MOST_RESOURCES = 4;
const KEYS = ["access_key_id", "issued_access_key_id"];

/** Give what an event leads to: a label, what it is about, and the view. */
export function pivotsOf(event, view) {
  const of = (label, fields, value) => ({ label, value, view: only(view, having(fields, value)) });
  const keys = new Set(KEYS.flatMap((field) => valuesOf(event, field)));
  const resources = [...new Set([...valuesOf(event, "resource_names"), ...valuesOf(event, "resource_arns")])];
  const time = valuesOf(event, "event_time")[0];
  return [
    ...valuesOf(event, "actor").map((value) => of("Actor", "actor", value)),
    ...valuesOf(event, "source_ip_address").map((value) => of("IP", "source_ip_address", value)),
    ...[...keys].map((value) => of("Key", KEYS, value)),
    ...valuesOf(event, "session_issuer_arn").map((value) => of("Role", "session_issuer_arn", value)),
    ...resources
      .slice(0, MOST_RESOURCES)
      .map((value) =>
        of(
          "Resource",
          value.startsWith("arn:") ? ["resource_names", "resource_arns"] : "resource_names",
          value,
        ),
      ),
    ...(time
      ? [
          {
            label: "± 5 minutes",
            value: "",
            view: { ...view, ...cleared(), ...around(time, NEAR), event: "" },
          },
        ]
      : []),
  ];
}

export function Pivots({ event, view, navigate }) {
  return html`<nav class="pivots" aria-label="All events with the same">
    ${pivotsOf(event, view).map(
      (
        each,
      ) => html`<a key=${`${each.label} ${each.value}`} href=${asAddress(each.view)} onClick=${followed(navigate, each.view)} title=${each.value}>
        <span class="dim">${each.label}</span> ${each.value && html`<span class="mono">${each.value}</span>`}
      </a>`,
    )}
  </nav>`;
}
