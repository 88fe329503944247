// The preview's own script: one view at a time, reached by arrow keys, and a fresh page whenever a file is saved.
"use strict";

const main = document.querySelector("main[data-issue]");
const views = document.getElementById("views");
const tabs = [...views.querySelectorAll("a")];
const panel = (tab) => document.getElementById(tab.hash.slice(1));
let chosen = tabs[0];

// Views are tabs (WAI-ARIA Authoring Practices): arrows move and show, Tab goes on into the panel.
views.setAttribute("role", "tablist");
function dress() {
  for (const tab of tabs) {
    const own = panel(tab);
    const isChosen = tab === chosen;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", own.id);
    tab.setAttribute("aria-selected", String(isChosen));
    tab.tabIndex = isChosen ? 0 : -1;
    own.setAttribute("role", "tabpanel");
    own.setAttribute("aria-labelledby", tab.id);
    own.hidden = !isChosen;
  }
}

function choose(tab, focus) {
  chosen = tab;
  dress();
  if (focus) tab.focus();
  tab.scrollIntoView({ block: "nearest", inline: "nearest" });
}

views.addEventListener("keydown", (event) => {
  const at = tabs.indexOf(chosen);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const tab = tabs[(to + tabs.length) % tabs.length];
  choose(tab, true);
  history.replaceState(null, "", tab.hash);
});

// An address may name a view, or a line of the manuscript.
function follow(focus) {
  const name = decodeURIComponent(location.hash.slice(1));
  const tab = tabs.find((one) => one.hash === `#${name}`);
  if (tab) return choose(tab, focus);
  if (!/^L\d+$/.test(name)) return;
  choose(document.getElementById("to-manuscript"), false);
  const line = document.getElementById(name);
  if (!line) return;
  line.scrollIntoView({ block: "center" });
  if (focus) line.focus({ preventScroll: true });
}

addEventListener("hashchange", () => follow(true));
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  // The same address a second time is no change of it.
  if (link && link.hash === location.hash) {
    event.preventDefault();
    follow(true);
  }
});

// The new mail is loaded behind the old one and takes its place, and its reader's, once it is there.
function exchange(frame, address) {
  const late = frame.parentElement.querySelector("iframe.arriving");
  if ((late ?? frame).getAttribute("src") === address) return;
  late?.remove();
  const fresh = frame.cloneNode(false);
  fresh.src = address;
  fresh.loading = "eager";
  fresh.classList.add("arriving");
  fresh.addEventListener("load", () => {
    const from = frame.contentWindow;
    if (from) fresh.contentWindow.scrollTo(from.scrollX, from.scrollY);
    fresh.classList.remove("arriving");
    frame.remove();
  }, { once: true });
  frame.after(fresh);
}

// Puts in what has changed and leaves the rest alone, so that nobody loses the place that he was reading at.
function replace(id, next) {
  const old = document.getElementById(id);
  const fresh = next.getElementById(id);
  if (!old || !fresh || old.outerHTML === fresh.outerHTML) return;
  const said = document.getElementById("state");
  old.replaceWith(document.adoptNode(fresh));
  // A status is read out when its words change, not when it is put in anew.
  const state = fresh.querySelector("#state");
  if (said && state) {
    const words = state.textContent;
    if (said.textContent !== words) said.textContent = words;
    state.replaceWith(said);
  }
}

function refreshPanel(id, next) {
  const old = document.getElementById(id);
  const fresh = next.getElementById(id);
  const before = [...old.querySelectorAll("iframe:not(.arriving)")];
  const after = [...fresh.querySelectorAll("iframe")];
  if (before.length !== after.length || before.length === 0) {
    const scrolls = old.querySelector("pre, .lines");
    const at = scrolls ? scrolls.scrollTop : 0;
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    old.replaceChildren(...fresh.childNodes);
    const again = old.querySelector("pre, .lines");
    if (again) again.scrollTop = at;
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    return;
  }
  const heads = [old.querySelector(".inbox"), fresh.querySelector(".inbox")];
  if (heads[0] && heads[1]) heads[0].replaceWith(document.adoptNode(heads[1]));
  before.forEach((frame, at) => {
    // In a view that nobody sees, a frame fetches nothing until somebody does.
    if (old.hidden) frame.replaceWith(document.adoptNode(after[at]));
    else exchange(frame, after[at].getAttribute("src"));
  });
}

let asked = null;
function refresh(event) {
  // The mail first, which is what one looks at; all else comes with the page.
  if (event.data === "clean") {
    for (const frame of panel(chosen).querySelectorAll("iframe:not(.arriving)")) {
      exchange(frame, `/${main.dataset.issue}/mail/${event.lastEventId}/${frame.dataset.view}`);
    }
  }
  asked?.abort();
  asked = new XMLHttpRequest();
  asked.open("GET", location.pathname);
  asked.responseType = "document";
  asked.addEventListener("load", (event) => {
    const next = event.target.responseXML;
    const fresh = next?.querySelector("main[data-issue]");
    if (!fresh) return;
    document.title = next.title;
    Object.assign(main.dataset, fresh.dataset);
    for (const id of ["summary", "findings", "stale"]) replace(id, next);
    for (const tab of tabs) refreshPanel(panel(tab).id, next);
    dress();
  });
  asked.send();
}

// The server answers when there is news, and hangs up, and is asked again. Who finds nobody says so, and knocks now and then.
function listen() {
  const events = new EventSource(`/${main.dataset.issue}/events/${main.dataset.revision}`);
  let heard = false;
  events.addEventListener("open", () => {
    heard = true;
    main.classList.remove("alone");
  });
  events.addEventListener("fresh", refresh);
  events.addEventListener("error", () => {
    if (!heard) {
      events.close();
      main.classList.add("alone");
      document.getElementById("state").textContent = "The preview has ended; start it again to go on";
      setTimeout(listen, 1000);
    }
    heard = false;
  });
}

listen();
document.documentElement.classList.add("scripted");
dress();
follow(false);
