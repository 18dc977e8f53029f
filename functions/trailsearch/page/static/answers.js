// What a view asks of the server: events page by page, counts over time, and the values of fields.

import { get } from "./api.js";
import { useAnswer } from "./parts.js";
import { useEffect, useRef, useState } from "./vendor/htm-preact.js";
import { asParameters } from "./view.js";

const PAGE = 50;
const BUCKETS = 60;
export const FEW_VALUES = 8;
const MANY_VALUES = 50;

/** Ask for all that the search of a view shows. */
export function useAnswers(view, environment) {
  const parameters = asParameters(view);
  const key = parameters.toString();
  const isSearch = view.page === "search";
  const [size, setSize] = useState(FEW_VALUES);
  const known = environment?.fields.filter((each) => each.facet).map((each) => each.name) ?? [];
  const facet = view.facets.filter((name) => known.includes(name));

  // Nothing that is counted depends on the order.
  const counted = new URLSearchParams(parameters);
  counted.delete("sort");
  const first = useAnswer(isSearch ? key : null, (signal) =>
    get("search", parameters, { size: PAGE }, signal),
  );
  const histogram = useAnswer(isSearch ? counted.toString() : null, (signal) =>
    get("histogram", counted, { buckets: BUCKETS }, signal),
  );
  const facets = useAnswer(isSearch && facet.length ? `${counted} ${facet} ${size}` : null, (signal) =>
    get("facets", counted, { facet, size }, signal),
  );
  return {
    ...usePages(first, key, parameters),
    first,
    histogram,
    facets,
    size,
    moreValues: () => setSize(MANY_VALUES),
  };
}

/** Keep the pages that were asked for after the first. */
function usePages(first, key, parameters) {
  const [more, setMore] = useState({ of: null, pages: [], loading: false, error: null });
  const current = useRef(null);
  current.current = { first, key, more };
  useEffect(() => setMore({ of: first.answer, pages: [], loading: false, error: null }), [first.answer]);
  const fresh = more.of === first.answer;
  const pages = first.answer ? [first.answer, ...(fresh ? more.pages : [])] : [];
  const next = pages.at(-1)?.next ?? null;
  const busy = useRef(false);
  const loadMore = async () => {
    if (busy.current || !next) return;
    busy.current = true;
    const of = first.answer;
    setMore((before) => ({ ...before, loading: true, error: null }));
    try {
      const page = await get("search", parameters, { size: PAGE, after: next });
      if (current.current.first.answer === of)
        setMore((before) => ({ ...before, pages: [...before.pages, page], loading: false }));
    } catch (error) {
      if (current.current.first.answer === of) setMore((before) => ({ ...before, loading: false, error }));
    } finally {
      busy.current = false;
    }
  };
  return { pages, next, loadMore, loading: more.loading, moreError: more.error };
}

/** Ask for the one event that an address names, if no page has it. */
export function useEvent(id, pages) {
  const at = pages.flatMap((page) => page.events).findIndex((each) => each.id === id);
  const asked = new URLSearchParams([
    ["filter", JSON.stringify({ fields: ["event_id"], is: "is", values: [id], not: false })],
  ]);
  const { answer, error, of } = useAnswer(id && at < 0 ? id : null, (signal) =>
    get("search", asked, { size: 1 }, signal),
  );
  if (!id) return { event: null };
  if (at < 0)
    return of === id
      ? {
          event: answer?.events[0] ?? null,
          error,
          highlights: answer?.highlights?.[0],
          gone: answer && !answer.events.length,
        }
      : { event: null };
  let before = 0;
  for (const page of pages) {
    if (at < before + page.events.length)
      return { event: page.events[at - before], highlights: page.highlights?.[at - before] };
    before += page.events.length;
  }
  return { event: null };
}
