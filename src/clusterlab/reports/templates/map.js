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
    const rings = markNear(view, size);
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
      .map(({ order, ...trace }) => trace)
      .concat(rings);
  }

  // Rings around the image that is looked at and its neighbours, so that the map shows where they lie.
  function markNear(view, size) {
    if (state.pinned === null) return [];
    const ring = (rows, width, grow) => ({
      type: hasWebGL ? "scattergl" : "scatter",
      mode: "markers",
      x: rows.map((row) => view.x[row]),
      y: rows.map((row) => view.y[row]),
      hoverinfo: "skip",
      marker: { symbol: "circle-open", size: size + grow, color: colour("--ink"), line: { width } },
    });
    return [ring(listNear(state.pinned).map((one) => one.row), 1.5, 4), ring([state.pinned], 3, 8)];
  }

  function listNear(row) {
    if (!data.neighbours) return [];
    const { k, rows, distances } = data.neighbours;
    const places = Array.from({ length: k }, (_, rank) => row * k + rank);
    return places.map((at) => ({ row: rows[at], distance: distances[at] }));
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

  const titleOf = (colouring) =>
    colouring.tags ? `${colouring.name} (${colouring.tags.join(", ")})` : colouring.name;

  function listFacts(row) {
    return data.colourings.map((colouring) => {
      const group = colouring.groups[colouring.codes[row]];
      const own = colouring.values && colouring.value[row];
      if (colouring.values) return [titleOf(colouring), own >= 0 ? colouring.values[own] : group.name];
      return [titleOf(colouring), group.called ? nameOf(group) : group.name.replace(/^cluster /, "")];
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

  const thumbOf = (row) => shownThumbs.get(String(row)) || data.thumbs[row];

  function fillCard(row) {
    const source = thumbOf(row);
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

  // Where the map was zoomed so that the point is outside, its card would point at nothing.
  function showPoint(row) {
    const { xaxis, yaxis } = host._fullLayout;
    const view = data.views[state.view];
    const [x, y] = [xaxis.l2p(view.x[row]), yaxis.l2p(view.y[row])];
    fillCard(row);
    placeCard(x + xaxis._offset, y + yaxis._offset);
    card.hidden = x < 0 || y < 0 || x > xaxis._length || y > yaxis._length;
  }

  function unpin() {
    state.pinned = null;
    card.classList.remove("pinned");
    card.hidden = true;
    at("map-near").hidden = true;
    return draw();
  }

  function pin(row) {
    state.pinned = row;
    card.classList.add("pinned");
    fillNear(row);
    return draw().then(() => showPoint(row));
  }

  function fillNear(row) {
    const near = listNear(row);
    at("map-near").hidden = near.length === 0;
    at("near-id").textContent = data.ids[row];
    at("near-own").replaceChildren(...markOf(row));
    at("near-list").replaceChildren(...near.map(makeNear));
  }

  // What an image is in the colours that the map has now.
  function markOf(row) {
    const colouring = data.colourings[state.colouring];
    const group = colouring.groups[colouring.codes[row]];
    const swatch = makeElement("i");
    const name = makeElement("bdi");
    swatch.style.background = group.colour;
    name.append(colouring.values || group.called ? listFacts(row)[state.colouring][1] : group.name);
    return [swatch, name];
  }

  function makeNear({ row, distance }) {
    const item = makeElement("li");
    const button = makeElement("button");
    const source = thumbOf(row);
    const picture = source ? makeElement("img") : makeElement("span", "no thumbnail kept");
    if (source) Object.assign(picture, { src: source, alt: "" });
    const mark = makeElement("span");
    mark.className = "own";
    mark.append(...markOf(row));
    picture.classList.add("picture");
    button.type = "button";
    button.title = data.ids[row];
    button.append(picture, makeElement("code", shortened(data.ids[row])), mark);
    button.append(makeElement("small", `distance ${distance}`));
    // The button goes with its list, and the keyboard's place with it: keep it beside the map.
    button.addEventListener("click", () => pin(row).then(() => at("map-near").focus({ preventScroll: true })));
    item.append(button);
    return item;
  }

  // The end of an id tells images apart; its beginning is often the same folder.
  const shortened = (id) => (id.length > 24 ? `…${id.slice(-23)}` : id);

  function search() {
    const asked = at("map-search").value.trim().toLowerCase();
    const rank = (id) => (id === asked ? 0 : id.startsWith(asked) ? 1 : 2);
    const hits = data.ids
      .map((id, row) => ({ id: id.toLowerCase(), row }))
      .filter(({ id }) => asked && id.includes(asked))
      .sort((a, b) => rank(a.id) - rank(b.id) || a.row - b.row);
    const shown = hits.slice(0, 8).map(({ row }) => {
      const item = makeElement("li");
      const button = makeElement("button", data.ids[row]);
      button.type = "button";
      button.addEventListener("click", () => choose(row));
      item.append(button);
      return item;
    });
    if (asked && !hits.length) shown.push(makeElement("li", "No image has this in its id."));
    if (hits.length > 8) shown.push(makeElement("li", `and ${(hits.length - 8).toLocaleString("en")} more`));
    at("map-found").replaceChildren(...shown);
    return hits;
  }

  function choose(row) {
    at("map-found").replaceChildren();
    at("map-search").value = data.ids[row];
    state.only.clear();
    drawLegend();
    pin(row);
  }

  function listenToSearch() {
    at("map-search").addEventListener("input", search);
    at("map-search").addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      const [first] = search();
      if (first) choose(first.row);
    });
    at("near-close").addEventListener("click", () => {
      unpin();
      at("map-search").focus({ preventScroll: true });
    });
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
      if (state.pinned === row) unpin();
      else pin(row);
    });
    host.on("plotly_relayout", () => {
      if (state.pinned !== null) showPoint(state.pinned);
      else card.hidden = true;
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && state.pinned !== null) unpin();
    });
    at("map-view").addEventListener("change", (event) => {
      state.view = Number(event.target.value);
      card.hidden = true;
      draw().then(() => state.pinned !== null && showPoint(state.pinned));
    });
    listenToSearch();
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
    if (state.pinned !== null) fillNear(state.pinned);
    return refresh();
  }

  function isolate(name) {
    setColouring(0);
    toggle(data.colourings[0].groups.findIndex((group) => group.name === name));
    at("map-section").scrollIntoView();
  }

  function find(row) {
    state.only.clear();
    drawLegend();
    pin(row);
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
