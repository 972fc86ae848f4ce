// Runs before the first paint: applies the theme that the viewer chose, otherwise the system's.
(() => {
  const stored = "ratelimiter-theme";
  const system = matchMedia("(prefers-color-scheme: dark)");

  const chosen = () => {
    try {
      return localStorage.getItem(stored);
    } catch {
      return null;
    }
  };
  const current = () => chosen() ?? (system.matches ? "dark" : "light");

  const apply = () => {
    const theme = current();
    document.documentElement.dataset.theme = theme;
    for (const sheet of document.querySelectorAll("link[data-theme]")) {
      sheet.media = sheet.dataset.theme === theme ? "all" : "not all";
    }
  };

  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", apply);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-toggle]")) {
      try {
        localStorage.setItem(stored, current() === "dark" ? "light" : "dark");
      } catch {
        // Storage is unavailable; the system's theme stays.
      }
      apply();
    }
  });
})();
