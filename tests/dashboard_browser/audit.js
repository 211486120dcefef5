// Run inside a page; returns what is wrong with it, one line each. See accessibility.py.
() => {
  const faults = [];
  const shown = (node) => node.checkVisibility({ opacityProperty: true, visibilityProperty: true })
    && node.getClientRects().length > 0;
  const say = (node) => `${node.tagName.toLowerCase()}.${node.getAttribute("class") ?? ""}`
    + ` ${(node.textContent ?? "").trim().slice(0, 40)}`;

  // Names of controls and pictures.
  const byId = (ids) => ids.split(/\s+/)
    .map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
  const named = (node) => {
    const labelled = node.getAttribute("aria-labelledby");
    if (labelled && byId(labelled).trim()) return true;
    if ((node.getAttribute("aria-label") ?? "").trim()) return true;
    if (node.labels?.length && [...node.labels].some((label) => label.textContent.trim())) return true;
    return ["A", "BUTTON", "SUMMARY"].includes(node.tagName) && node.textContent.trim() !== "";
  };
  for (const node of document.querySelectorAll("a[href], button, input, select, textarea, summary, [role=img], [role=group], [role=region], dialog, nav, [tabindex='0']")) {
    if (shown(node) && !named(node)) faults.push(`no name: ${say(node)}`);
  }
  for (const node of document.querySelectorAll("svg")) {
    const hidden = node.closest("[aria-hidden=true]") || node.closest("[role=img]");
    if (shown(node) && !hidden) faults.push(`picture neither named nor hidden: ${say(node.parentElement)}`);
  }
  for (const node of document.querySelectorAll("[aria-labelledby], [aria-describedby]")) {
    for (const id of `${node.getAttribute("aria-labelledby") ?? ""} ${node.getAttribute("aria-describedby") ?? ""}`.trim().split(/\s+/)) {
      if (id && !document.getElementById(id)) faults.push(`refers to nothing: ${id}`);
    }
  }

  // Structure.
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index))) faults.push(`id twice: ${id}`);
  const levels = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
    .filter((node) => node.checkVisibility()).map((node) => Number(node.tagName[1]));
  if (levels.filter((level) => level === 1).length !== 1) faults.push(`headings of level 1: ${levels}`);
  levels.reduce((before, level) => {
    if (level > before + 1) faults.push(`heading ${level} follows ${before}`);
    return level;
  }, 0);
  if (document.querySelectorAll("main").length !== 1) faults.push("not exactly one main");
  for (const node of document.querySelectorAll("[tabindex]")) {
    if (Number(node.getAttribute("tabindex")) > 0) faults.push(`tab order forced: ${say(node)}`);
  }
  for (const cell of document.querySelectorAll("table")) {
    if (!cell.querySelector("caption, th")) faults.push(`table without heads: ${say(cell)}`);
  }

  // Contrast.
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = "#000";
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return a === 0 ? [0, 0, 0, 0] : [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((n) => top[n] * top[3] + below[n] * (1 - top[3])).concat(1);
  const ground = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none" && style.backgroundImage.includes("gradient")) return null;
      const colour = rgba(style.backgroundColor);
      layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reduceRight((below, top) => over(top, below), rgba("Canvas"));
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const node = text.parentElement;
    if (!text.textContent.trim() || seen.has(node) || !shown(node)) continue;
    if (node.closest("noscript, script, style, option, :disabled, .seen-not, .skip")) continue;
    seen.add(node);
    const style = getComputedStyle(node);
    const drawn = node.namespaceURI.endsWith("svg");
    const back = ground(node);
    if (!back) continue;
    const front = over(rgba(drawn ? style.fill : style.color), back);
    const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) faults.push(`contrast ${ratio.toFixed(2)}: ${say(node)}`);
  }

  // Nothing is wider than the window.
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) {
    const guilty = [...document.querySelectorAll("main *, .strip *")].find((node) => shown(node)
      && node.getBoundingClientRect().right > innerWidth + 1 && !node.closest(".table-box, .view-body, .skip"));
    faults.push(`wider than the window by ${wide}: ${guilty ? say(guilty) : "?"}`);
  }
  return faults;
}
