// Before the page is painted, so that it never flashes in the other colours. theme.js has the rest.
try {
  const chosen = localStorage.getItem("theme");
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
} catch {
  // Where nothing may be stored, the system's colours count.
}
