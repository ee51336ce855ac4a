// [data-card-menu]: a link to the entry's page becomes the button of a menu. The page has one menu
// and lends it to the card that asks, as a vault may have a thousand cards.
export function bindCardMenu(list) {
  const template = document.querySelector("[data-card-menu-template]");
  if (!template) return;
  const menu = template.content.firstElementChild;
  let lender = null;

  function giveBack() {
    menu.remove();
    if (lender) lender.hidden = false;
    lender = null;
  }

  function lend(link) {
    giveBack();
    lender = link;
    for (const item of menu.querySelectorAll("[data-to]")) point(item, link.href + item.dataset.to);
    const website = menu.querySelector("[data-to-website]");
    website.hidden = !link.dataset.website;
    if (link.dataset.website) website.href = link.dataset.website;
    const summary = menu.querySelector("summary");
    summary.setAttribute("aria-labelledby", link.getAttribute("aria-labelledby"));
    link.hidden = true;
    link.after(menu);
    menu.open = true;
    summary.focus();
  }

  list.addEventListener("click", (event) => {
    const link = event.target.closest("[data-card-menu]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    lend(link);
  });
}

function point(item, address) {
  if (item instanceof HTMLAnchorElement) item.href = address;
  else item.setAttribute("formaction", address);
}
