// The order of the categories.
import { bindDragOrder } from "../behaviours/drag-order.js";

const list = document.querySelector("[data-moves]");

// The first one has nowhere to go up, and the last one nowhere down.
function showEnds() {
  for (const [way, end] of [["up", "firstElementChild"], ["down", "lastElementChild"]]) {
    for (const button of list.querySelectorAll(`button[value=${way}]`)) {
      button.disabled = button.closest("[data-category]") === list[end];
    }
  }
}

bindDragOrder(list, { kind: "category", onMoved: showEnds });
