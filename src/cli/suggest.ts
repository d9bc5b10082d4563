/** The nearest known word to one that is unknown, for "Did you mean …?". */

/** Edits of one letter (insertion, removal, replacement, swap of neighbours) from `a` to `b`. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const replaced = (last[j - 1] ?? 0) + (same ? 0 : 1);
      let best = Math.min(replaced, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** The one of `words` that `wrong` was probably meant to be; `null` if none is near. */
export function nearest(wrong: string, words: readonly string[]): string | null {
  // Somebody's first letters are a better hint than a near miss in the middle.
  const begun = wrong.length >= 3 ? words.filter((word) => word.startsWith(wrong)) : [];
  if (begun.length === 1) return begun[0] ?? null;
  let best: string | null = null;
  let bestDistance = Math.floor(Math.min(wrong.length, 30) / 3) + 1;
  for (const word of words) {
    if (Math.abs(word.length - wrong.length) >= bestDistance) continue;
    const edits = distance(wrong, word);
    if (edits >= bestDistance) continue;
    best = word;
    bestDistance = edits;
  }
  return best;
}

/** " Did you mean …?", or nothing. */
export function suggestion(wrong: string, words: readonly string[]): string {
  const word = nearest(wrong, words);
  return word === null ? "" : ` Did you mean ${word}?`;
}
