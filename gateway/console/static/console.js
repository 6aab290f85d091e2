// The console's own script: keeps the shelf current when its stream does not work, filters tiles as one types,
// and puts a campaign file into its field. Every page works without it.
(() => {
  "use strict";
  const feed = document.getElementById("feed");
  const live = document.getElementById("live");
  const shelf = document.getElementById("shelf");
  const find = document.getElementById("find");
  const POLL = 3000;
  let mark = feed ? feed.dataset.mark : "";
  let polling = 0;
  let streams = false; // htmx keeps a stream that was open once, and opens it again by itself
  let opening = false;

  function say(state) {
    if (live && live.dataset.state !== state) {
      live.dataset.state = state;
      live.textContent = live.dataset[state];
    }
  }

  function filter() {
    const wanted = find ? find.value.trim().toLowerCase() : "";
    for (const tile of document.querySelectorAll("#shelf .tile")) {
      tile.hidden = wanted !== "" && !tile.dataset.text.toLowerCase().includes(wanted);
    }
  }

  async function ask() {
    try {
      const answer = await fetch(`${feed.dataset.changes}&since=${encodeURIComponent(mark)}`, {
        headers: { "HX-Request": "true" },
      });
      if (answer.status === 401) { location.reload(); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      mark = answer.headers.get("x-phonefleet-mark") || mark;
      const text = await answer.text();
      if (text) await htmx.swap({ sourceElement: feed, target: feed, text, swap: "none" });
      filter();
      say("poll");
      open();
    } catch {
      say("off");
    }
  }

  // A stream that never opened, or that htmx gave up, is asked for again as htmx asks for it first.
  async function open() {
    if (streams || opening) return;
    opening = true;
    const address = new URL(feed.getAttribute("hx-sse:connect"), location.href);
    address.searchParams.set("since", mark);
    try {
      await htmx.ajax("GET", address.pathname + address.search, { source: feed });
    } finally {
      opening = false;
    }
  }

  if (feed) {
    document.addEventListener("htmx:sse:after:connection", () => {
      streams = true;
      clearInterval(polling);
      polling = 0;
      say("on");
    });
    document.addEventListener("htmx:sse:after:message", (event) => {
      mark = event.detail.message.id || mark;
      filter();
    });
    const fallBack = () => {
      if (!polling) { polling = setInterval(ask, POLL); ask(); }
    };
    document.addEventListener("htmx:sse:error", fallBack);
    document.addEventListener("htmx:sse:close", () => {
      streams = false;
      fallBack();
    });
    document.addEventListener("htmx:error", fallBack);
    document.addEventListener("htmx:response:error", fallBack);
  }

  if (find) {
    find.addEventListener("input", filter);
    filter();
  }
  const all = document.getElementById("all");
  if (all && find) {
    all.addEventListener("formdata", (event) => {
      event.formData.set("find", find.value);
      event.formData.set("show", shelf.dataset.show);
    });
  }
  if (shelf) {
    for (const choice of document.querySelectorAll('input[name="show"]')) {
      choice.addEventListener("change", () => {
        shelf.dataset.show = choice.value;
        const address = new URL(location.href);
        address.searchParams.set("show", choice.value);
        history.replaceState(null, "", address);
      });
    }
    const group = document.querySelector('select[name="group"]');
    if (group) group.addEventListener("change", () => group.form.requestSubmit());
  }

  for (const button of document.querySelectorAll("button[data-print]")) {
    button.addEventListener("click", () => print());
  }

  for (const picker of document.querySelectorAll("input[type=file][data-into]")) {
    picker.addEventListener("change", async () => {
      const field = document.getElementById(picker.dataset.into);
      if (picker.files.length && picker.files[0].size <= 1000000) field.value = await picker.files[0].text();
    });
  }
})();
