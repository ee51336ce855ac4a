/*
 * A little Markdown: headings, lists, quotes, code, bold, italic, rules and links. The text
 * becomes nodes and never markup, so that nothing in a note can be more than text; links lead to
 * http, https and mailto addresses alone.
 *
 *   parse(text)             -> [{tag, href, children}], where a child is text or such a node
 *   render(text, document)  -> DocumentFragment
 */

// Bounded, so that no text makes the search for an end take long.
const INLINE =
  /`([^`\n]{1,500})`|\*\*([^*\n]{1,500})\*\*|\*([^*\n]{1,500})\*|\[([^\]\n]{1,300})\]\(([^()\s]{1,2000})\)|(https?:\/\/[^\s<>"'`]{1,2000})/g;
const FENCE = /^```/;
const HEADING = /^(#{1,4})\s+(.*)$/;
const BULLET = /^\s{0,3}[-*+]\s+(.*)$/;
const NUMBER = /^\s{0,3}\d{1,9}[.)]\s+(.*)$/;
const QUOTE = /^>\s?(.*)$/;
const RULE = /^\s{0,3}(?:-{3,}|\*{3,}|_{3,})\s*$/;
// The page has its own first and second headings.
const HEADINGS = { 1: "h3", 2: "h4", 3: "h5", 4: "h6" };

export function parse(text) {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  const blocks = [];
  for (let at = 0; at < lines.length; ) at = takeBlock(lines, at, blocks);
  return blocks;
}

export function render(text, document) {
  const fragment = document.createDocumentFragment();
  fragment.append(...parse(text).map((node) => toElement(node, document)));
  return fragment;
}

/* The address when it may be followed, or null. */
export function safeHref(address) {
  try {
    const { protocol } = new URL(address);
    return ["http:", "https:", "mailto:"].includes(protocol) ? address : null;
  } catch {
    return null;
  }
}

function takeBlock(lines, at, blocks) {
  const line = lines[at];
  if (line.trim() === "") return at + 1;
  if (FENCE.test(line)) return takeFence(lines, at + 1, blocks);
  const heading = HEADING.exec(line);
  if (heading) {
    blocks.push({ tag: HEADINGS[heading[1].length], children: inline(heading[2]) });
    return at + 1;
  }
  if (RULE.test(line)) {
    blocks.push({ tag: "hr", children: [] });
    return at + 1;
  }
  for (const [pattern, tag] of [[BULLET, "ul"], [NUMBER, "ol"]]) {
    if (pattern.test(line)) return takeList(lines, at, { pattern, tag }, blocks);
  }
  if (QUOTE.test(line)) return takeQuote(lines, at, blocks);
  return takeParagraph(lines, at, blocks);
}

function takeFence(lines, at, blocks) {
  let end = at;
  while (end < lines.length && !FENCE.test(lines[end])) end += 1;
  const code = { tag: "code", children: [lines.slice(at, end).join("\n")] };
  blocks.push({ tag: "pre", children: [code] });
  return end + 1;
}

function takeList(lines, at, { pattern, tag }, blocks) {
  const items = [];
  let end = at;
  for (let match; end < lines.length && (match = pattern.exec(lines[end])); end += 1) {
    items.push({ tag: "li", children: inline(match[1]) });
  }
  blocks.push({ tag, children: items });
  return end;
}

function takeQuote(lines, at, blocks) {
  const inside = [];
  let end = at;
  for (let match; end < lines.length && (match = QUOTE.exec(lines[end])); end += 1) {
    inside.push(match[1]);
  }
  // One level: what is quoted in a quotation is a paragraph.
  blocks.push({ tag: "blockquote", children: [{ tag: "p", children: withBreaks(inside) }] });
  return end;
}

function takeParagraph(lines, at, blocks) {
  let end = at + 1;
  while (end < lines.length && !startsBlock(lines[end])) end += 1;
  blocks.push({ tag: "p", children: withBreaks(lines.slice(at, end)) });
  return end;
}

function startsBlock(line) {
  if (line.trim() === "") return true;
  return [FENCE, HEADING, BULLET, NUMBER, QUOTE, RULE].some((pattern) => pattern.test(line));
}

function withBreaks(lines) {
  return lines.flatMap((line, at) => [...(at > 0 ? [{ tag: "br", children: [] }] : []), ...inline(line)]);
}

function inline(text) {
  const found = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > from) found.push(text.slice(from, match.index));
    found.push(inlineNode(match));
    from = match.index + match[0].length;
  }
  if (from < text.length) found.push(text.slice(from));
  return found;
}

function inlineNode([whole, code, bold, italic, label, address, bare]) {
  if (code !== undefined) return { tag: "code", children: [code] };
  if (bold !== undefined) return { tag: "strong", children: [bold] };
  if (italic !== undefined) return { tag: "em", children: [italic] };
  const href = safeHref(bare ?? address);
  return href === null ? whole : { tag: "a", href, children: [label ?? bare] };
}

function toElement(node, document) {
  if (typeof node === "string") return document.createTextNode(node);
  const element = document.createElement(node.tag);
  if (node.href !== undefined) {
    element.setAttribute("href", node.href);
    element.setAttribute("rel", "noopener noreferrer");
    element.setAttribute("target", "_blank");
  }
  element.append(...node.children.map((child) => toElement(child, document)));
  return element;
}
