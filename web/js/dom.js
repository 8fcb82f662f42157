// Small helpers for the document. Text is always set as text: nothing from outside is ever parsed as HTML.

/** An element: h('p', {class: 'note', onclick: f}, 'text', child). */
export function h(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const find = (selector, root = document) => root.querySelector(selector);

/** Sets the text only where it changed, so that screen readers do not repeat themselves. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setHidden(node, isHidden) { node.hidden = isHidden; }

/** Says something to screen readers, not more often than they can read it. */
export class Announcer {
  #last = '';
  #at = -Infinity;

  constructor(node, { everyMilliseconds = 8000 } = {}) { Object.assign(this, { node, everyMilliseconds }); }

  /** At once. */
  say(text) {
    this.#at = performance.now();
    this.#last = text;
    // The same sentence again is news to nobody unless the region was empty between.
    this.node.textContent = '';
    requestAnimationFrame(() => { this.node.textContent = text; });
  }

  /** Where something else was said, and a while ago. */
  mention(text) {
    if (text !== this.#last && performance.now() - this.#at >= this.everyMilliseconds) this.say(text);
  }
}

/** A progress bar with its numbers for screen readers. `set(share, text)`; share 0…1, or null while nobody knows. */
export function progressBar(label) {
  const fill = h('div', { class: 'bar-fill' });
  const node = h('div', { class: 'bar', role: 'progressbar', 'aria-label': label, 'aria-valuemin': 0, 'aria-valuemax': 100 }, fill);
  return {
    node,
    set(share, text) {
      node.classList.toggle('bar-unknown', share === null);
      if (share === null) {
        node.removeAttribute('aria-valuenow');
      } else {
        const percent = Math.round(Math.min(1, Math.max(0, share)) * 1000) / 10;
        node.setAttribute('aria-valuenow', String(Math.floor(percent)));
        fill.style.setProperty('transform', `scaleX(${percent / 100})`);
      }
      if (text) node.setAttribute('aria-valuetext', text);
    },
  };
}
