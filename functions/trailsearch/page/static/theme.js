import { html, useState } from "./vendor/htm-preact.js";

const DARK = "(prefers-color-scheme: dark)";

/** Which colours are shown: what somebody has chosen, else the system's. */
function shown() {
  return document.documentElement.dataset.theme ?? (matchMedia(DARK).matches ? "dark" : "light");
}

/** A button that changes between dark and light; the choice is kept in this browser. */
export function ThemeButton() {
  const [theme, setTheme] = useState(shown);
  const other = theme === "dark" ? "light" : "dark";
  const change = () => {
    document.documentElement.dataset.theme = other;
    try {
      localStorage.setItem("theme", other);
    } catch {
      // It is chosen until the page is loaded again.
    }
    setTheme(other);
  };
  return html`<button type="button" class="quiet icon" onClick=${change} aria-label=${`Use ${other} colours`} title=${`Use ${other} colours`}>${theme === "dark" ? "☀" : "☾"}</button>`;
}
