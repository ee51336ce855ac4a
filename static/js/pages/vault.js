// The list of codes, and every page that shows some of them.
import { bindCardMenu } from "../behaviours/card-menu.js";
import { bindCodesRefresh } from "../behaviours/codes-refresh.js";
import { bindCopyCode } from "../behaviours/copy-code.js";
import { bindCountdown } from "../behaviours/countdown.js";
import { bindDragOrder } from "../behaviours/drag-order.js";
import { bindFavourite } from "../behaviours/favourite.js";
import { bindListKeys } from "../behaviours/list-keys.js";
import { bindNextCode } from "../behaviours/next-code.js";
import { bindNotesSearch } from "../behaviours/notes-search.js";
import { bindSearchFilter } from "../behaviours/search-filter.js";
import { bindSelection } from "../behaviours/selection.js";
import { bindShowCode } from "../behaviours/show-code.js";
import { announce } from "../lib/announce.js";
import { readCards } from "../lib/code-card.js";
import { fill } from "../lib/codes.js";
import { pageLoad, ServerClock } from "../lib/server-clock.js";

const list = document.querySelector("[data-codes]");
if (list) {
  const cards = readCards(list);
  const clock = new ServerClock();
  clock.set({ server: Number(list.dataset.now), ...pageLoad() });
  let tick = () => {};
  const refreshing = bindCodesRefresh(list, cards, clock, { onRefresh: () => tick() });
  tick = bindCountdown(cards, clock, {
    onTick: refreshing.showStale,
    onTurn: (card) => announce(fill(list.dataset.textTurned, card.title)),
  });
  const copy = bindCopyCode(list, cards, clock);
  let refilter = () => {};
  const notes = bindNotesSearch(list, cards, { refilter: () => refilter() });
  refilter = bindSearchFilter(list, cards, {
    notes,
    onEnter: () => {
      const first = cards.find((card) => !card.isHidden && card.code);
      if (first) copy(first);
    },
  });
  bindListKeys(list, cards);
  bindShowCode(list, cards);
  bindNextCode(list, cards);
  bindFavourite(list);
  bindCardMenu(list);
  bindSelection(list, cards);
  bindDragOrder(list);
} else {
  bindListKeys(document.body, []);
}
