/** Which of the stored chunks to compare before going on: the first, the last, and some between, chosen anew each time. */
export function samplesOf(stored, { most = 4, random = Math.random } = {}) {
  const sorted = [...stored].sort((left, right) => left - right);
  if (sorted.length <= most) return sorted;
  const chosen = new Set([sorted[0], sorted.at(-1)]);
  while (chosen.size < most) chosen.add(sorted[Math.floor(random() * sorted.length)]);
  return [...chosen];
}
