// A list that grows by a button: the next page is asked for only when it is wanted.

import { h } from "../core/dom.js";

/** `load(cursor)` resolves to `{ items, next }`; `add(items)` puts them on the screen. */
export function moreButton(next, load, add) {
  const box = h("div", { class: "more" });
  let cursor = next;
  const button = h("button", { class: "button", type: "button" }, "Show more");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const page = await load(cursor);
      add(page.items);
      cursor = page.next;
      if (!cursor) box.replaceChildren();
    } catch (error) {
      if (error.name !== "AbortError") button.textContent = `${error.message} – try again`;
    } finally {
      button.disabled = false;
    }
  });
  if (cursor) box.append(button);
  return box;
}
