"use strict";
// The interactive map. Names from the data reach the page through textContent only, and never
// reach plotly, which reads a part of HTML in its own labels.
(() => {
  const data = JSON.parse(document.getElementById("map-data").textContent);
  const at = (id) => document.getElementById(id);
  const host = at("map");
  const card = at("map-card");
  const shownThumbs = new Map();
  document.querySelectorAll("img[data-row]").forEach((image) => {
    if (!shownThumbs.has(image.dataset.row)) shownThumbs.set(image.dataset.row, image.src);
  });
  const state = { view: 0, colouring: 0, only: new Set(), pinned: null };
  const hasWebGL = Boolean(document.createElement("canvas").getContext("webgl"));

  function makeElement(name, text) {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    return element;
  }

  const colour = (name) => getComputedStyle(host).getPropertyValue(name).trim();
  const isShown = (group) => state.only.size === 0 || state.only.has(group);

  function makeTraces() {
    const view = data.views[state.view];
    const { groups, codes } = data.colourings[state.colouring];
    const rows = groups.map(() => []);
    codes.forEach((code, row) => rows[code].push(row));
    const size = Math.max(3, Math.min(8, 160 / Math.sqrt(codes.length)));
    const isGrey = (group) => !["class", "cluster"].includes(group.role);
    // Groups that are not chosen stay as a pale ground, so that the others keep their place.
    return groups
      .map((group, code) => ({
        type: hasWebGL ? "scattergl" : "scatter",
        mode: "markers",
        x: rows[code].map((row) => view.x[row]),
        y: rows[code].map((row) => view.y[row]),
        customdata: rows[code],
        hoverinfo: isShown(code) ? "none" : "skip",
        marker: isShown(code)
          ? { size, color: group.colour, opacity: isGrey(group) ? 0.5 : 0.8 }
          : { size: size * 0.8, color: colour("--track"), opacity: 0.8 },
        order: isShown(code) ? (isGrey(group) ? 1 : 2) : 0,
      }))
      .sort((a, b) => a.order - b.order)
      .map(({ order, ...trace }) => trace);
  }

  function draw() {
    const hidden = { visible: false };
    const layout = {
      margin: { l: 8, r: 8, t: 8, b: 8 },
      xaxis: hidden,
      yaxis: { ...hidden, scaleanchor: "x" },
      showlegend: false,
      hovermode: "closest",
      hoverdistance: 12,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--muted"), activecolor: colour("--accent") },
      // Zoom stays when the colours change, and goes when the view does.
      uirevision: state.view,
    };
    const config = {
      responsive: true,
      displaylogo: false,
      showSendToCloud: false,
      plotlyServerURL: "",
      modeBarButtons: [["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d", "toImage"]],
      modeBarButtonsToRemove: ["sendChartToCloud", "sendDataToCloud"],
    };
    return Plotly.react(host, makeTraces(), layout, config);
  }

  function drawLegend() {
    const legend = at("map-legend");
    const entries = data.colourings[state.colouring].groups.map((group, code) => {
      const button = makeElement("button");
      const swatch = makeElement("i");
      swatch.style.background = group.colour;
      button.type = "button";
      button.title = group.called || group.name;
      button.setAttribute("aria-pressed", String(isShown(code)));
      button.append(swatch, nameOf(group));
      button.append(makeElement("small", group.count.toLocaleString("en")));
      button.addEventListener("click", () => toggle(code));
      return button;
    });
    const scrolled = legend.scrollTop;
    legend.replaceChildren(...entries);
    legend.scrollTop = scrolled;
    at("map-all").hidden = state.only.size === 0;
  }

  // A cluster's name stands beside its number; struck out where its images do not bear it out.
  function nameOf(group) {
    const number = group.name.replace(/^cluster /, "");
    const text = makeElement("span", group.called ? `${number} ` : group.name);
    const called = makeElement("bdi", group.called);
    const struck = makeElement("s");
    struck.append(called);
    if (group.called) text.append("“", group.failed ? struck : called, "”");
    return text;
  }

  function toggle(code) {
    if (!state.only.delete(code)) state.only.add(code);
    refresh();
  }

  function refresh() {
    drawLegend();
    return draw();
  }

  function listFacts(row) {
    return data.colourings.map((colouring) => {
      const group = colouring.groups[colouring.codes[row]];
      const own = colouring.values && colouring.value[row];
      const title = colouring.tags ? `${colouring.name} (${colouring.tags.join(", ")})` : colouring.name;
      if (colouring.values) return [title, own >= 0 ? colouring.values[own] : group.name];
      return [title, group.called ? nameOf(group) : group.name.replace(/^cluster /, "")];
    });
  }

  function fillTexts(row) {
    const said = data.texts.filter((voice) => voice.value[row] >= 0);
    at("card-texts").replaceChildren(
      ...said.map((voice) => {
        const line = makeElement("p", voice.values[voice.value[row]]);
        line.dir = "auto";
        if (data.texts.length > 1) line.prepend(makeElement("small", voice.name));
        return line;
      }),
    );
  }

  function fillCard(row) {
    const source = shownThumbs.get(String(row)) || data.thumbs[row];
    at("card-image").hidden = !source;
    at("card-none").hidden = Boolean(source);
    if (source) at("card-image").src = source;
    at("card-id").textContent = data.ids[row];
    fillTexts(row);
    const facts = listFacts(row);
    if (data.strength) facts.push(["strength", data.strength[row].toFixed(2)]);
    const sure = data.confidence && data.confidence[row];
    if (typeof sure === "number") facts.push(["stays in its cluster", `${Math.round(100 * sure)}%`]);
    at("card-facts").replaceChildren(
      ...facts.map(([name, value]) => {
        const line = makeElement("div");
        const cell = makeElement("dd");
        cell.append(value);
        line.append(makeElement("dt", name), cell);
        return line;
      }),
    );
  }

  function placeCard(x, y) {
    card.hidden = false;
    const box = host.getBoundingClientRect();
    const left = x > box.width / 2 ? x - card.offsetWidth - 18 : x + 18;
    const top = y > box.height / 2 ? y - card.offsetHeight - 6 : y + 6;
    card.style.left = `${Math.max(4, Math.min(left, box.width - card.offsetWidth - 4))}px`;
    card.style.top = `${Math.max(4, Math.min(top, box.height - card.offsetHeight - 4))}px`;
  }

  function showPoint(row) {
    const layout = host._fullLayout;
    const view = data.views[state.view];
    fillCard(row);
    placeCard(
      layout.xaxis.l2p(view.x[row]) + layout.xaxis._offset,
      layout.yaxis.l2p(view.y[row]) + layout.yaxis._offset,
    );
  }

  function unpin() {
    state.pinned = null;
    card.classList.remove("pinned");
    card.hidden = true;
  }

  function pin(row) {
    state.pinned = row;
    showPoint(row);
    card.classList.add("pinned");
  }

  function listen() {
    host.on("plotly_hover", (event) => {
      if (state.pinned === null) showPoint(event.points[0].customdata);
    });
    host.on("plotly_unhover", () => {
      if (state.pinned === null) card.hidden = true;
    });
    host.on("plotly_click", (event) => {
      const row = event.points[0].customdata;
      const again = state.pinned === row;
      unpin();
      if (!again) pin(row);
    });
    host.on("plotly_relayout", unpin);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") unpin();
    });
    at("map-view").addEventListener("change", (event) => {
      unpin();
      state.view = Number(event.target.value);
      draw();
    });
    at("map-colouring").addEventListener("change", (event) => setColouring(Number(event.target.value)));
    at("map-all").addEventListener("click", () => {
      state.only.clear();
      refresh();
    });
    document.querySelectorAll(".isolate").forEach((button) => {
      button.addEventListener("click", () => isolate(button.dataset.cluster));
    });
    document.querySelectorAll("img.thumb[data-row]").forEach((image) => {
      image.addEventListener("click", () => find(Number(image.dataset.row)));
    });
  }

  function setColouring(colouring) {
    state.colouring = colouring;
    state.only.clear();
    at("map-colouring").value = String(colouring);
    return refresh();
  }

  function isolate(name) {
    setColouring(0);
    toggle(data.colourings[0].groups.findIndex((group) => group.name === name));
    at("map-section").scrollIntoView();
  }

  function find(row) {
    state.only.clear();
    refresh().then(() => pin(row));
    at("map-section").scrollIntoView();
  }

  // Paper has no "open" button: what is folded on the screen, but for the galleries, is printed.
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not(.gallery):not([open])")];
    opened.forEach((details) => (details.open = true));
  });
  window.addEventListener("afterprint", () => opened.forEach((details) => (details.open = false)));

  document.documentElement.classList.add("js");
  refresh().then(listen);
})();
