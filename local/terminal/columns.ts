/** Cells of a terminal that a character takes: two for the wide ones of East Asia (Unicode's UAX #11, its large blocks). */
const cellsOf = (char: string): number =>
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u.test(
    char,
  )
    ? 2
    : 1;

/** In cells of a terminal. */
export const widthOf = (text: string): number => [...text].reduce((sum, char) => sum + cellsOf(char), 0);

/** The text, cut with an ellipsis at its end where it is wider than the columns. */
export const clipped = (text: string, columns: number): string =>
  widthOf(text) <= columns ? text : `${taken([...text], columns - 1).join('')}…`;

/** The text, cut with an ellipsis in its middle where it is wider: names that begin alike differ at their ends. */
export function shortened(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  const head = taken([...text], Math.ceil((columns - 1) / 2));
  const tail = taken([...text].reverse(), columns - 1 - widthOf(head.join(''))).reverse();
  return `${head.join('')}…${tail.join('')}`;
}

/** The text in a column of that width. */
export function column(text: string, columns: number): string {
  const kept = shortened(text, columns);
  return kept + ' '.repeat(columns - widthOf(kept));
}

/** The text in lines that fit, broken between words where that is possible. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (widthOf(longer) <= columns) line = longer;
    else {
      if (line !== '') lines.push(line);
      line = word;
    }
    while (widthOf(line) > columns) {
      const head = taken([...line], columns).join('');
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  return [...lines, line];
}

/** A terminal must not obey what a key contains. */
export const printable = (text: string): string =>
  text.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** As many of the characters, from the first, as fit. */
function taken(chars: readonly string[], columns: number): string[] {
  let width = 0;
  const end = chars.findIndex((char) => {
    width += cellsOf(char);
    return width > columns;
  });
  return end === -1 ? [...chars] : chars.slice(0, end);
}
