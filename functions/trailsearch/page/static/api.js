// All requests of the page go to its own server.

/** What the server, or the search domain behind it, does not do; says why in its words. */
export class Refused extends Error {
  constructor(status, said) {
    super(said.message || `The server answered ${status}.`);
    this.name = said.error || "Refused";
    this.status = status;
    this.hint = said.hint || "";
  }
}

const GONE = "The command that serves this page has ended, or does not answer: start make ui again.";

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, { error: "NotServed", message: "This page has no server.", hint: GONE });
  }
  let said = {};
  try {
    said = await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    if (answer.ok) throw new Refused(answer.status, { message: "The server's answer cannot be read." });
  }
  if (!answer.ok) throw new Refused(answer.status, said);
  return said;
}

/** Ask the server; `more` is added to the parameters, a list as one parameter for each. */
export function get(name, parameters = new URLSearchParams(), more = {}, signal = undefined) {
  return ask(address(name, parameters, more), { signal, headers: { Accept: "application/json" } });
}

/** Give the address of an answer, for a link that downloads it. */
export function address(name, parameters, more = {}) {
  const all = new URLSearchParams(parameters);
  for (const [key, value] of Object.entries(more)) {
    for (const each of [value].flat()) all.append(key, each);
  }
  const text = all.toString();
  return `/api/${name}${text ? `?${text}` : ""}`;
}

/** Have the server do something. */
export function post(name, body) {
  return ask(`/api/${name}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body),
  });
}
