// Builds elements. Text only ever becomes text: nothing here, or anywhere, parses markup.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element: attributes by name, `on` for listeners, `vars` for CSS custom properties. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

export function icon(name, className = "icon") {
  return s("svg", { class: className, "aria-hidden": "true" }, s("use", { href: `assets/icons.svg#${name}` }));
}

/** Text for screen readers only. */
export function spoken(text) {
  return h("span", { class: "seen-not" }, text);
}

export function replace(parent, ...children) {
  parent.replaceChildren(...flat(children));
  return parent;
}

/** Sets text without touching the document when it is already there. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === "vars") {
      for (const [property, text] of Object.entries(value)) element.style.setProperty(property, text);
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...flat(children));
  return element;
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}
