// Live refresh: [data-refresh="10"] is fetched again every 10 seconds and replaced.
// Without this script every page works; it is reloaded by hand.
"use strict";

const area = document.querySelector("[data-refresh]");

async function refresh() {
  const isBusy = document.hidden || area.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
  if (!isBusy) {
    try {
      const answer = await fetch(location.href, { credentials: "same-origin", redirect: "error" });
      if (answer.status === 401 || answer.status === 403) {
        location.reload();
        return;
      }
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const renewed = page.querySelector("[data-refresh]");
        const focused = area.contains(document.activeElement) && document.activeElement.getAttribute("href");
        if (renewed) {
          area.replaceChildren(...renewed.childNodes);
          if (focused) area.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
        }
      }
    } catch {
      // The server is away: what is shown stays, and the next look may succeed.
    }
  }
  setTimeout(refresh, Number(area.dataset.refresh) * 1000);
}

if (area) setTimeout(refresh, Number(area.dataset.refresh) * 1000);
