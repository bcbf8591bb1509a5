// Draws the figures of a page. Colours come from CSS tokens, so a change of theme only redraws; a click on a point opens its page.
(() => {
  "use strict";
  if (!window.Plotly) return;
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);

  // A custom property reads back as written (`light-dark(…)`); a colour that uses it reads back resolved.
  const colour = (token) => {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  };

  const resolved = (value) => {
    if (typeof value === "string") return value.startsWith("token:--") ? colour(value.slice(6)) : value;
    if (Array.isArray(value)) return value.map(resolved);
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, resolved(entry)]));
    return value;
  };

  // Narrow charts keep the direct labels and drop the notes and every second tick.
  const fitted = (layout, width) => {
    if (width >= 440) return layout;
    layout.annotations = (layout.annotations ?? []).filter((note) => note.name !== "note");
    const { tickvals, ticktext } = layout.xaxis;
    const ends = [0, tickvals.length - 1];
    if (tickvals.length > 3 && width < 340) {
      layout.xaxis.tickvals = ends.map((index) => tickvals[index]);
      layout.xaxis.ticktext = ends.map((index) => ticktext[index]);
    }
    return layout;
  };

  const open = (event) => {
    const address = event.points?.[0]?.customdata;
    if (typeof address === "string" && address.startsWith("/") && !address.startsWith("//")) location.assign(address);
  };

  const draw = (figure) => {
    const plot = figure.querySelector(".plot");
    const source = figure.querySelector('script[type="application/json"]');
    if (!plot || !source) return;
    const spec = resolved(JSON.parse(source.textContent));
    if (!spec.data?.length) return;
    const layout = fitted(spec.layout, plot.clientWidth);
    const family = getComputedStyle(document.body).fontFamily;
    layout.font = { ...layout.font, family };
    if (layout.hoverlabel?.font) layout.hoverlabel.font.family = family;
    layout.autosize = true;
    const first = !plot.dataset.drawn;
    window.Plotly.react(plot, spec.data, layout, {
      displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false, showTips: false, showAxisDragHandles: false,
    });
    plot.classList.toggle("clicks", spec.data.some((trace) => trace.customdata?.some(Boolean)));
    if (first) plot.on("plotly_click", open);
    plot.dataset.drawn = "1";
  };

  const drawAll = (scope) => scope.querySelectorAll("[data-figure]").forEach(draw);
  drawAll(document);
  document.documentElement.addEventListener("themechange", () => drawAll(document));
  document.addEventListener("htmx:afterSwap", (event) => drawAll(event.target));
  addEventListener("beforeprint", () => drawAll(document));
})();
