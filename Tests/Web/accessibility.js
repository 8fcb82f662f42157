// What can be checked about accessibility without a person. Evaluates to a list of complaints; run in the page that is looked at.
(() => {
  const complaints = [];
  const isShown = (node) => node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && !node.closest('[hidden]');
  const selector = (node) => node.tagName.toLowerCase() + (node.id && `#${node.id}`) + [...node.classList].map((name) => `.${name}`).join('');
  const describe = (node) => `${selector(node)} "${(node.innerText ?? '').trim().slice(0, 30)}"`;
  const complain = (node, what) => complaints.push(`${what}: ${describe(node)}`);
  const textOf = (ids) => (ids ?? '').split(/\s+/).filter(Boolean).map((id) => document.getElementById(id)?.textContent ?? '').join(' ').trim();

  // Names.
  const nameOf = (node) => (node.getAttribute('aria-label') ?? '').trim() || textOf(node.getAttribute('aria-labelledby'))
    || [...(node.labels ?? [])].map((label) => label.textContent).join(' ').trim() || node.textContent.trim()
    || [...node.querySelectorAll('img')].map((image) => image.alt).join(' ').trim();
  for (const node of document.querySelectorAll('a[href], button, input, select, textarea, [role=progressbar], [role=region], article')) {
    if (isShown(node) && !nameOf(node)) complain(node, 'no name');
  }
  for (const node of document.querySelectorAll('img')) if (!node.hasAttribute('alt')) complain(node, 'no alt');
  for (const attribute of ['aria-labelledby', 'aria-describedby', 'for']) {
    for (const node of document.querySelectorAll(`[${attribute}]`)) {
      for (const id of node.getAttribute(attribute).split(/\s+/)) if (!document.getElementById(id)) complain(node, `${attribute} names nothing (${id})`);
    }
  }
  const ids = [...document.querySelectorAll('[id]')].map((node) => node.id);
  const twice = ids.filter((one, index) => ids.indexOf(one) !== index);
  if (twice.length > 0) complaints.push(`ids that are there twice: ${twice}`);

  // Structure.
  if (!document.documentElement.lang) complaints.push('the page has no language');
  if (!document.title) complaints.push('the page has no title');
  if ([...document.querySelectorAll('main')].filter(isShown).length !== 1) complaints.push('there is not one main');
  const headings = [...document.querySelectorAll('h1, h2, h3, h4')].filter(isShown);
  if (headings.filter((node) => node.tagName === 'H1').length !== 1) complaints.push('there is not one h1');
  headings.reduce((before, node) => {
    const level = Number(node.tagName[1]);
    if (level > before + 1) complain(node, 'a level of headings is left out');
    return level;
  }, 0);
  if (!document.querySelector('[aria-live]') || !document.querySelector('[role=alert]')) complaints.push('there is no live region');
  for (const node of document.querySelectorAll('[tabindex]')) if (Number(node.getAttribute('tabindex')) > 0) complain(node, 'a tab order of its own');
  for (const bar of document.querySelectorAll('[role=progressbar]')) {
    const value = bar.getAttribute('aria-valuenow');
    if (value !== null && !(Number(value) >= 0 && Number(value) <= 100)) complain(bar, `a progress of ${value}`);
  }
  for (const table of document.querySelectorAll('table')) {
    if ([...table.querySelectorAll('th')].some((cell) => !cell.scope)) complain(table, 'a heading without scope');
  }

  // Contrast of text with what is behind it (WCAG 2.2, 1.4.3), and of borders of inputs (1.4.11).
  const parse = (text) => {
    const numbers = text.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
    return { r: numbers[0], g: numbers[1], b: numbers[2], a: numbers[3] ?? 1 };
  };
  const mix = (top, bottom, share) => top * share + bottom * (1 - share);
  const over = (top, bottom) => ({ r: mix(top.r, bottom.r, top.a), g: mix(top.g, bottom.g, top.a), b: mix(top.b, bottom.b, top.a), a: 1 });
  const groundOf = (node) => {
    const layers = [];
    for (let one = node; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      layers.push(colour);
      if (colour.a === 1) break;
    }
    const canvas = matchMedia('(prefers-color-scheme: dark)').matches ? 'rgb(0 0 0)' : 'rgb(255 255 255)';
    return layers.reduceRight((bottom, top) => over(top, bottom), parse(canvas));
  };
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const light = ({ r, g, b }) => [r, g, b].map((value) => linear(value / 255))
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((left, right) => left - right);
    return (high + 0.05) / (low + 0.05);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !isShown(node) || node.closest('.visually-hidden, .skip, button:disabled, noscript')) continue;
    const style = getComputedStyle(node);
    const ratio = contrast(over(parse(style.color), groundOf(node)), groundOf(node));
    const size = Number.parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if (ratio < least) complain(node, `contrast ${ratio.toFixed(2)}`);
  }
  for (const node of document.querySelectorAll('input[type=text], input[type=password]')) {
    if (!isShown(node)) continue;
    const ratio = contrast(parse(getComputedStyle(node).borderTopColor), groundOf(node.parentElement));
    if (ratio < 3) complain(node, `border contrast ${ratio.toFixed(2)}`);
  }

  // Size: nothing wider than the window, and targets that a finger can hit (WCAG 2.2, 2.5.8).
  const { scrollWidth } = document.documentElement;
  if (scrollWidth > innerWidth) complaints.push(`the page is ${scrollWidth} wide in a window of ${innerWidth}`);
  for (const node of document.querySelectorAll('button, .button, nav a, input[type=checkbox]')) {
    if (!isShown(node)) continue;
    const box = node.getBoundingClientRect();
    const least = node.type === 'checkbox' ? 20 : 24;
    if (box.width < least || box.height < least) complain(node, `a target of ${Math.round(box.width)} x ${Math.round(box.height)}`);
  }
  return complaints;
})()
