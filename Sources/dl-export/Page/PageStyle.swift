/// The parts of a page that are the same for every model.
enum PageStyle {
  static let css: HTML = #"""
    :root {
      color-scheme: light dark;
      --page: #f4f5f7; --surface: #ffffff; --sunken: #f9fafb; --ink: #1a2028; --muted: #59636f; --faint: #87919c;
      --line: #dde1e6; --edge: #9aa4af; --accent: #2563c9; --wash: #e8effb;
      --product: #2f6fd6; --activation: #c9780a; --pooling: #2c8a50; --normalisation: #7d55cc; --arithmetic: #0d8a94;
      --movement: #76818d; --decision: #c23a7e;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --page: #0f1216; --surface: #181c22; --sunken: #13171c; --ink: #e4e8ed; --muted: #9ba5b1; --faint: #707b88;
        --line: #2a313a; --edge: #5b6673; --accent: #74a6ff; --wash: #1d2a40;
        --product: #5d97f0; --activation: #e8a33c; --pooling: #52b87a; --normalisation: #a585ee; --arithmetic: #3fb5c0;
        --movement: #8d98a5; --decision: #e86ba8;
      }
    }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--page); color: var(--ink); font: 14px/1.45 system-ui, "Segoe UI", "Helvetica Neue", sans-serif; }
    main { max-width: 1800px; margin: 0 auto; padding: 22px 26px 60px; }
    h1 { font-size: 24px; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
    h2 { font-size: 15px; margin: 26px 0 8px; }
    h3 { font-size: 15px; margin: 0; overflow-wrap: anywhere; }
    h4 { font-size: 12px; font-weight: 600; color: var(--muted); margin: 16px 0 4px; }
    a { color: var(--accent); text-decoration: none; }
    a:hover { text-decoration: underline; }
    code, .mono { font-family: ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; font-size: 12px; overflow-wrap: anywhere; }
    .muted { color: var(--muted); }
    .sub { margin: 4px 0 0; color: var(--muted); overflow-wrap: anywhere; }
    .panel { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; }

    .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px; margin: 18px 0 0; }
    .figures div { padding: 10px 14px; }
    .figures dt { color: var(--muted); font-size: 12px; }
    .figures dd { margin: 0; font-size: 21px; font-weight: 600; line-height: 1.3; }
    .figures small { display: block; font-size: 12px; font-weight: 400; color: var(--faint); }

    .strips { display: grid; grid-template-columns: max-content 1fr; gap: 6px 14px; align-items: center; padding: 14px; margin-top: 10px; font-size: 12px; color: var(--muted); }
    .strips svg { width: 100%; height: 20px; display: block; border-radius: 4px; background: var(--sunken); }
    .strips a:hover rect, .strips rect:hover { opacity: .7; }
    .legend { grid-column: 2; display: flex; flex-wrap: wrap; gap: 2px 16px; }
    .legend span::before { content: ""; display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 6px; background: var(--kind); }

    .product { --kind: var(--product); } .activation { --kind: var(--activation); } .pooling { --kind: var(--pooling); }
    .normalisation { --kind: var(--normalisation); } .arithmetic { --kind: var(--arithmetic); } .movement { --kind: var(--movement); }
    .decision { --kind: var(--decision); }
    .strips rect { fill: var(--kind); }

    .work { display: grid; grid-template-columns: minmax(0, var(--drawing)) minmax(410px, 1fr); gap: 12px; align-items: start; }
    .view { position: relative; display: flex; flex-direction: column; height: min(86vh, var(--tall)); overflow: hidden; }
    .bar { display: flex; flex-wrap: wrap; gap: 6px; padding: 8px; border-bottom: 1px solid var(--line); }
    .bar button, .bar input, .back { font: inherit; font-size: 12px; color: var(--ink); background: var(--sunken); border: 1px solid var(--line); border-radius: 6px; padding: 3px 9px; }
    .bar button { cursor: pointer; min-width: 30px; }
    .bar button:hover { border-color: var(--accent); }
    .bar input { flex: 1; min-width: 90px; max-width: 220px; }
    .bar span { font-size: 12px; align-self: center; }
    .stage { position: relative; flex: 1; min-height: 0; }
    #canvas { position: absolute; inset: 0; overflow: auto; cursor: grab; display: flex; }
    #canvas.dragged { cursor: grabbing; user-select: none; }
    #drawing { flex: none; margin: auto; display: block; }
    #map { box-sizing: content-box; position: absolute; right: 16px; top: 10px; background: var(--surface); border: 1px solid var(--line); border-radius: 6px; opacity: .92; cursor: pointer; }
    #map rect.view-box { fill: var(--accent); fill-opacity: .14; stroke: var(--accent); vector-effect: non-scaling-stroke; }
    #map { --card: var(--edge); --words: none; }
    .card { fill: var(--card, var(--sunken)); stroke: var(--line); }
    .box text { fill: var(--ink); font-size: 12.5px; display: var(--words, inline); }
    .box .op { font-weight: 600; }
    .box .op.after { font-weight: 400; font-size: 12px; }
    .box .detail, .box .name, .box .shape, .box .share { font: 400 10.5px ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; fill: var(--muted); }
    .box .shape { fill: var(--faint); }
    .box .share { text-anchor: end; font-weight: 600; fill: var(--ink); }
    .box .band { fill: var(--kind); }
    .box .heat { fill: var(--accent); }
    .box .hit { fill: transparent; }
    .box a:hover { text-decoration: none; }
    .box a:hover .hit { fill: var(--accent); fill-opacity: .09; }
    .row.selected .hit { fill: var(--accent); fill-opacity: .16; }
    .box.near .card { stroke: var(--accent); stroke-width: 1.6; }
    .dim { opacity: .22; }
    .input .card, .output .card { fill: var(--surface); stroke: var(--edge); }
    .input text, .output text { text-anchor: middle; }
    .edge { fill: none; stroke: var(--edge); stroke-width: 1.3; marker-end: url(#tip); }
    .edge.long { stroke: var(--accent); stroke-opacity: .55; }
    .edge.near { stroke: var(--accent); stroke-width: 2.2; stroke-opacity: 1; }
    #tip path { fill: var(--edge); }

    .side { padding: 16px 18px; max-height: min(86vh, max(var(--tall), 560px)); overflow: auto; position: sticky; top: 10px; }
    .side article.node { display: none; }
    html:not(.js) .side article.node:target, .side article.node.shown { display: block; }
    .side .title { display: flex; gap: 10px; align-items: baseline; }
    .back { float: right; }
    .chip { color: var(--kind); font-weight: 600; white-space: nowrap; }
    dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 6px 0 0; }
    dl.facts dt { color: var(--muted); }
    dl.facts dd { margin: 0; overflow-wrap: anywhere; }

    table { border-collapse: collapse; width: 100%; font-size: 13px; }
    th { text-align: left; font-weight: 600; font-size: 12px; color: var(--muted); padding: 6px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
    td { padding: 4px 10px; border-bottom: 1px solid var(--line); vertical-align: top; }
    tr:last-child td { border-bottom: 0; }
    .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    .table { overflow: auto; max-height: 76vh; }
    .table th { position: sticky; top: 0; background: var(--surface); z-index: 1; }
    .js table.sortable th { cursor: pointer; }
    .table td:first-child { overflow-wrap: anywhere; min-width: 110px; }
    .nowrap { white-space: nowrap; }
    .side table th, .side table td { padding-left: 0; padding-right: 10px; }
    .side table th:last-child, .side table td:last-child { padding-right: 0; }
    .gauge { position: relative; }
    .gauge::before { content: ""; position: absolute; right: 4px; top: 3px; bottom: 3px; width: calc(var(--part) * .96%); background: var(--wash); border-radius: 3px; }
    .gauge span { position: relative; }

    .weights { display: grid; grid-template-columns: repeat(auto-fill, minmax(230px, 1fr)); gap: 10px; }
    .weights figure { margin: 0; padding: 10px 12px; content-visibility: auto; contain-intrinsic-size: auto 128px; }
    .weights figure:target { border-color: var(--accent); }
    figcaption { overflow-wrap: anywhere; font-size: 13px; }
    svg.bins { display: block; width: 100%; height: 46px; margin: 6px 0 0; }
    .bars { fill: var(--product); }
    .side svg.bins { max-width: 420px; }
    .ends { display: flex; flex-wrap: wrap; justify-content: space-between; border-top: 1px solid var(--line); padding-top: 2px; font-size: 11px; color: var(--faint); font-variant-numeric: tabular-nums; }
    .ends .mean { flex-basis: 100%; color: var(--muted); }
    .warn { color: var(--decision); }
    @media (max-width: 1000px) { .work { grid-template-columns: 1fr; } .side { position: static; } }
    @media print { .bar, #map { display: none; } .view, .side, .table { height: auto; max-height: none; overflow: visible; } }
    """#

  static let script: HTML = #"""
    "use strict";
    (() => {
      const one = (selector, from = document) => from.querySelector(selector);
      const all = (selector, from = document) => [...from.querySelectorAll(selector)];
      document.documentElement.classList.add("js");

      // A node is selected in the drawing and shown beside it.
      const canvas = one("#canvas"), drawing = one("#drawing");
      const center = (element) => {
        const a = canvas.getBoundingClientRect(), b = element.getBoundingClientRect();
        canvas.scrollLeft += b.left + b.width / 2 - a.left - a.width / 2;
        canvas.scrollTop += b.top + b.height / 2 - a.top - a.height / 2;
      };
      const select = (id, isMoved) => {
        all(".selected, .near, .shown").forEach((e) => e.classList.remove("selected", "near", "shown"));
        const article = /^node-\d+$/.test(id) && document.getElementById(id);
        one("#overview").hidden = Boolean(article);
        if (!article) return;
        article.classList.add("shown");
        one(".side").scrollTop = 0;
        const row = one(`[data-node="${id.slice(5)}"]`);
        if (!row) return;
        const box = row.closest(".box");
        row.classList.add("selected");
        box.classList.add("near");
        all(`.edge[data-from="${box.dataset.box}"], .edge[data-to="${box.dataset.box}"]`).forEach((e) => e.classList.add("near"));
        if (isMoved) center(row);
      };
      let wasDragged = false;
      document.addEventListener("click", (event) => {
        const link = event.target.closest('a[href^="#node-"], a[href="#overview"]');
        if (!link) return;
        event.preventDefault();
        if (wasDragged) return;
        const id = link.getAttribute("href").slice(1);
        const isInDrawing = Boolean(link.closest("#drawing"));
        history.replaceState(null, "", "#" + id);
        select(id, !isInDrawing);
        if (!isInDrawing && !link.closest(".side")) one(".work").scrollIntoView({ block: "start" });
      });
      addEventListener("hashchange", () => select(location.hash.slice(1), true));

      // Columns are sorted by a click on their head.
      all("table.sortable").forEach((table) => {
        const heads = all("th", table);
        heads.forEach((head, column) => head.addEventListener("click", () => {
          const body = table.tBodies[0], isDown = head.dataset.order !== "down";
          const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
          heads.forEach((other) => delete other.dataset.order);
          head.dataset.order = isDown ? "down" : "up";
          const rows = all("tr", body).map((row) => [key(row), row]);
          const isNumeric = rows.every(([value]) => value === "" || !isNaN(value));
          rows.sort(([a], [b]) => (isNumeric ? Number(b || -1) - Number(a || -1) : a.localeCompare(b)) * (isDown ? 1 : -1));
          body.append(...rows.map(([, row]) => row));
        }));
      });

      if (canvas) {
        const width = Number(drawing.getAttribute("width")), height = Number(drawing.getAttribute("height"));
        let zoom = 1;
        const setZoom = (wanted, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) => {
          const before = drawing.getBoundingClientRect(), frame = canvas.getBoundingClientRect();
          const [u, v] = [(frame.left + x - before.left) / zoom, (frame.top + y - before.top) / zoom];
          zoom = Math.min(3, Math.max(0.04, wanted));
          drawing.style.width = width * zoom + "px";
          drawing.style.height = height * zoom + "px";
          const after = drawing.getBoundingClientRect();
          canvas.scrollLeft += after.left + u * zoom - frame.left - x;
          canvas.scrollTop += after.top + v * zoom - frame.top - y;
          showView();
        };
        const whole = () => Math.min(canvas.clientWidth / width, canvas.clientHeight / height, 1);
        one("#nearer").addEventListener("click", () => setZoom(zoom * 1.25));
        one("#farther").addEventListener("click", () => setZoom(zoom / 1.25));
        one("#actual").addEventListener("click", () => setZoom(1));
        one("#whole").addEventListener("click", () => setZoom(whole()));
        canvas.addEventListener("wheel", (event) => {
          if (!event.ctrlKey && !event.metaKey) return;
          event.preventDefault();
          const frame = canvas.getBoundingClientRect();
          setZoom(zoom * Math.exp(-event.deltaY / 300), event.clientX - frame.left, event.clientY - frame.top);
        }, { passive: false });

        let start = null;
        canvas.addEventListener("pointerdown", (event) => {
          if (event.button === 0 && event.pointerType === "mouse") start = [event.clientX, event.clientY, canvas.scrollLeft, canvas.scrollTop];
          wasDragged = false;
        });
        addEventListener("pointermove", (event) => {
          if (!start) return;
          const [x, y] = [event.clientX - start[0], event.clientY - start[1]];
          if (Math.hypot(x, y) > 4) wasDragged = true;
          if (!wasDragged) return;
          canvas.classList.add("dragged");
          [canvas.scrollLeft, canvas.scrollTop] = [start[2] - x, start[3] - y];
        });
        addEventListener("pointerup", () => { start = null; canvas.classList.remove("dragged"); });
        canvas.addEventListener("dragstart", (event) => event.preventDefault());

        // The whole drawing, small, with what is in view.
        const map = one("#map"), view = one("#map .view-box");
        const showView = () => {
          const drawn = drawing.getBoundingClientRect(), frame = canvas.getBoundingClientRect();
          const scale = Math.min(0.18, 110 / width, (frame.height - 24) / height);
          map.style.width = width * scale + "px";
          map.style.height = height * scale + "px";
          map.style.display = drawn.width > frame.width * 1.3 || drawn.height > frame.height * 1.3 ? "" : "none";
          view.setAttribute("x", (frame.left - drawn.left) / zoom);
          view.setAttribute("y", (frame.top - drawn.top) / zoom);
          view.setAttribute("width", canvas.clientWidth / zoom);
          view.setAttribute("height", canvas.clientHeight / zoom);
        };
        const jump = (event) => {
          if (event.buttons !== 1) return;
          const frame = map.getBoundingClientRect();
          const scale = Math.max(width / frame.width, height / frame.height) * zoom;
          canvas.scrollLeft = (event.clientX - frame.left) * scale - canvas.clientWidth / 2;
          canvas.scrollTop = (event.clientY - frame.top) * scale - canvas.clientHeight / 2;
        };
        map.addEventListener("pointerdown", jump);
        map.addEventListener("pointermove", jump);
        canvas.addEventListener("scroll", showView);
        addEventListener("resize", showView);
        setZoom(Math.max(0.75, Math.min(1, (canvas.clientWidth - 20) / width)));
        canvas.scrollTop = 0;
        const first = one(".box").getBoundingClientRect(), frame = canvas.getBoundingClientRect();
        canvas.scrollLeft += first.left + first.width / 2 - frame.left - frame.width / 2;

        // Found nodes stay bright.
        const search = one("#search");
        const found = () => all("#graph .row").filter((row) => row.textContent.toLowerCase().includes(search.value.toLowerCase()));
        search.addEventListener("input", () => {
          const rows = new Set(search.value ? found() : []);
          all("#graph .row").forEach((row) => row.classList.toggle("dim", search.value !== "" && !rows.has(row)));
        });
        let next = 0;
        search.addEventListener("keydown", (event) => {
          if (event.key !== "Enter") return;
          const rows = found();
          if (rows.length) select("node-" + rows[next++ % rows.length].dataset.node, true);
        });
      }
      if (location.hash) select(location.hash.slice(1), true);
    })();
    """#
}
