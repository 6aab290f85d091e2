// The shelf's small pictures: asked for while the page is seen, and loaded for tiles that are on the screen. A rule of a
// style sheet shows each one, so that a tile that the stream replaces keeps its picture.
(() => {
  "use strict";
  const shelf = document.getElementById("shelf");
  const wanted = document.getElementById("pictures");
  if (!shelf || !wanted) return;
  const EVERY = 10000; // ms; the ledger's note that somebody watches lasts 30 s
  const KEY = "phonefleet.pictures";
  const ADDRESS = /^\/shelf\/pictures\/[\w.~%-]+\?at=[\d.]+$/;
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const shown = new Map(); // a tile's id → the address of its picture
  let known = {};

  function draw() {
    const high = window.innerHeight;
    let changed = false;
    for (const [id, address] of Object.entries(known)) {
      if (shown.get(id) === address || !ADDRESS.test(address)) continue;
      const place = document.getElementById(id)?.getBoundingClientRect();
      if (!place || !place.height || place.bottom < 0 || place.top > high) continue;
      shown.set(id, address);
      changed = true;
    }
    for (const id of shown.keys()) {
      if (!(id in known)) changed = shown.delete(id) || changed;
    }
    if (changed) {
      sheet.replaceSync([...shown].map(([id, address]) => `#${id} a::after{background-image:url("${address}")}`).join("\n"));
    }
  }

  async function ask() {
    if (!wanted.checked || document.hidden) return;
    try {
      const answer = await fetch("/shelf/pictures", { headers: { "HX-Request": "true" } });
      if (!answer.ok) return;
      known = await answer.json();
      draw();
    } catch {
      // the line above the tiles says that there is no connection
    }
  }

  function choose() {
    shelf.classList.toggle("pictured", wanted.checked);
    if (wanted.checked) { ask(); return; }
    known = {};
    draw();
  }

  let waits = 0;
  function soon() {
    clearTimeout(waits);
    waits = setTimeout(draw, 150);
  }

  try {
    wanted.checked = localStorage.getItem(KEY) !== "off";
  } catch {
    // a browser that keeps nothing
  }
  document.getElementById("with-pictures").hidden = false;
  wanted.addEventListener("change", () => {
    try {
      localStorage.setItem(KEY, wanted.checked ? "on" : "off");
    } catch {
      // the choice holds for this page alone
    }
    choose();
  });
  addEventListener("scroll", soon, { passive: true });
  addEventListener("resize", soon);
  document.addEventListener("visibilitychange", ask);
  document.addEventListener("htmx:sse:after:message", soon);
  document.addEventListener("change", soon);
  document.addEventListener("input", soon);
  setInterval(ask, EVERY);
  choose();
})();
