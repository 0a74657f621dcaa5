// What the theme leaves out for those who hear pages, or work them by keyboard alone.
function mend() {
  // A section that has a page of its own has no words in its label: they stand in the link beside it.
  for (const nav of document.querySelectorAll("nav.md-nav[aria-labelledby]")) {
    const label = document.getElementById(nav.getAttribute("aria-labelledby"));
    const link = nav.parentElement.querySelector(".md-nav__link");
    if (label && link && !label.textContent.trim()) {
      nav.removeAttribute("aria-labelledby");
      nav.setAttribute("aria-label", link.textContent.trim());
    }
  }
  // Each block of code has a landmark, for the button that copies it.
  document.querySelectorAll("nav.md-code__nav").forEach((nav, number) => nav.setAttribute("aria-label", `Code ${number + 1}`));
  // What scrolls by itself must be reached by keys.
  for (const wide of document.querySelectorAll(".md-typeset__scrollwrap")) {
    if (wide.scrollWidth > wide.clientWidth) wide.setAttribute("tabindex", "0");
    else wide.removeAttribute("tabindex");
  }
  // A corner of a table that says nothing heads nothing.
  for (const corner of document.querySelectorAll(".md-typeset th:empty")) corner.replaceWith(document.createElement("td"));
  // The page of addresses that do not exist has nothing to skip to.
  const title = document.querySelector("main h1");
  if (title && !title.id && !document.getElementById("__skip")) title.id = "__skip";
}
new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
window.addEventListener("resize", mend);
mend();
