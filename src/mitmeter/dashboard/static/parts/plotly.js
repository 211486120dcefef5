// Brings plotly in when a page first needs it, and dresses its charts in our colours.

import { colour } from "./colours.js";

let coming = null;

/** The library, loaded once. It sets a global; modules are not what it is made of. */
export function loadPlotly() {
  coming ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "assets/plotly.min.js";
    const takeStyles = keepStylesOut();
    script.addEventListener("load", () => {
      takeStyles();
      resolve(globalThis.Plotly);
    });
    script.addEventListener("error", () => {
      takeStyles();
      coming = null;
      reject(new Error("the chart library did not load"));
    });
    document.head.append(script);
  });
  return coming;
}

/** The bundle brings a style sheet for its maps, which we do not draw and our content policy
 *  refuses: until the returned function is called, none gets into the page. */
function keepStylesOut() {
  document.head.appendChild = (node) => (node instanceof HTMLStyleElement ? node : Node.prototype.appendChild.call(document.head, node));
  return () => delete document.head.appendChild;
}

// The locale's decimal mark and thousands separator, in the order plotly takes them.
const SEPARATORS = ["decimal", "group"].map((type) => new Intl.NumberFormat().formatToParts(12345.6).find((part) => part.type === type)?.value ?? " ").join("");

const CONFIG = { displayModeBar: false, responsive: false, doubleClick: false, scrollZoom: false, showTips: false, staticPlot: false };

/** What all our charts share; `height` in CSS pixels. */
export function layout(height, more = {}) {
  const soft = colour("soft");
  const line = colour("line");
  const axis = { gridcolor: line, zerolinecolor: colour("control"), linecolor: line, tickcolor: line, tickfont: { color: soft, size: 12 }, fixedrange: true, automargin: false };
  return {
    height, autosize: true, margin: { l: 62, r: 18, t: 8, b: 34 }, paper_bgcolor: colour("card"), plot_bgcolor: colour("card"),
    font: { family: "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', 'DejaVu Sans', sans-serif", size: 12, color: colour("ink") },
    showlegend: false, separators: SEPARATORS, hovermode: "x unified", dragmode: "zoom",
    hoverlabel: { bgcolor: colour("card"), bordercolor: colour("control"), font: { color: colour("ink"), size: 12 }, align: "left", namelength: -1 },
    xaxis: { ...axis, type: "linear", showgrid: false, fixedrange: false, ...more.xaxis },
    yaxis: { ...axis, tickformat: ",~g", ...more.yaxis },
    ...(more.yaxis2 ? { yaxis2: { ...axis, overlaying: "y", side: "right", showgrid: false, ...more.yaxis2 } } : {}),
    ...(more.rest ?? {}),
  };
}

export function plotInto(plotly, place, traces, look) {
  plotly.react(place, traces, look, CONFIG);
  // It keeps a drawing off the screen to measure text by.
  document.getElementById("js-plotly-tester")?.setAttribute("aria-hidden", "true");
}

export function axisTicks(ticks) {
  return { tickmode: "array", tickvals: ticks.map((tick) => tick.at), ticktext: ticks.map((tick) => tick.text) };
}
