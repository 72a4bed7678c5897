"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);
  document.documentElement.classList.add("script");
  const cases = all(".case").map((element) => ({ element, text: element.textContent.toLowerCase() }));
  const toggles = all("[data-toggle]");
  const filters = Object.fromEntries(all("[data-filter]").map((input) => [input.dataset.filter, input]));
  let onlyRed = false;

  const matches = ({ element, text }, outcomes, words) =>
    outcomes.has(element.dataset.outcome) &&
    (!onlyRed || element.classList.contains("red")) &&
    (!filters.level.value || element.dataset.level === filters.level.value) &&
    (!filters.profile.value || element.dataset.profile === filters.profile.value) &&
    words.every((word) => text.includes(word));

  const apply = () => {
    const outcomes = new Set(toggles.filter((one) => one.ariaPressed === "true").map((one) => one.dataset.toggle));
    const words = filters.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const entry of cases) {
      entry.element.hidden = !matches(entry, outcomes, words);
      shown += entry.element.hidden ? 0 : 1;
    }
    for (const section of all(".profile")) section.hidden = !one(`#${CSS.escape(section.id)} .case:not([hidden])`);
    one("[data-shown]").value = `${shown} of ${cases.length}`;
    one("[data-nothing]").hidden = shown > 0;
  };

  const reset = () => {
    onlyRed = false;
    for (const toggle of toggles) toggle.ariaPressed = "true";
    for (const input of Object.values(filters)) input.value = "";
  };
  const actions = {
    red: () => { reset(); onlyRed = true; },
    all: reset,
    fold: () => { for (const { element } of cases) element.open = false; },
  };
  for (const button of all("[data-action]"))
    button.addEventListener("click", () => { actions[button.dataset.action](); apply(); });
  for (const toggle of toggles)
    toggle.addEventListener("click", () => { toggle.ariaPressed = String(toggle.ariaPressed !== "true"); apply(); });
  for (const input of Object.values(filters)) input.addEventListener("input", apply);
  one(".tools").addEventListener("submit", (event) => event.preventDefault());

  const copied = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.body.appendChild(document.createElement("textarea"));
      area.value = text;
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };
  for (const button of all("[data-copy]"))
    button.addEventListener("click", async () => {
      await copied(button.parentElement.querySelector("code").textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });

  const openLinked = () => {
    const name = decodeURIComponent(location.hash.slice(1));
    const linked = document.getElementById(name) ?? (name && one(`.case[id^="${CSS.escape(name)}~"]`));
    if (linked?.matches(".case, .cause")) { linked.hidden = false; linked.open = true; linked.scrollIntoView(); }
  };
  addEventListener("hashchange", openLinked);
  openLinked();
  addEventListener("beforeprint", () => { for (const { element } of cases) if (element.matches(".red")) element.open = true; });
  apply();
})();
