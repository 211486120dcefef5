// Starts the window: who we are, the shell around the pages, then the page itself.

import { loadSite } from "./core/site.js";
import { startRouter } from "./core/router.js";
import { startShell } from "./parts/shell.js";
import { explain, loading } from "./parts/states.js";
import { replace } from "./core/dom.js";

const main = document.getElementById("main");
document.getElementById("skip").addEventListener("click", (event) => {
  // The part behind # is the page's address here.
  event.preventDefault();
  main.focus();
});

replace(main, loading());
try {
  await loadSite();
  startShell();
  startRouter(main);
} catch (error) {
  if (error.status !== 401) explain(main, error);
}
addEventListener("hashchange", () => {
  if (!document.getElementById("strip").hasChildNodes()) location.reload();
});
