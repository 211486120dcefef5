// Runs before the first paint, so that a chosen theme never flashes. Not a module: those wait.
(function () {
  try {
    const chosen = localStorage.getItem("mitmeter.theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // A browser that keeps nothing for us follows the system's theme.
  }
})();
