/** Cells of a terminal that a character takes: two for the wide ones of East Asia (Unicode's UAX #11, its large blocks). */
const cellsOf = (char: string): number =>
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u.test(
    char,
  )
    ? 2
    : 1;

/** The text, cut with an ellipsis where it is wider than the columns. */
export function clipped(text: string, columns: number): string {
  let [kept, width] = ['', 0];
  for (const char of text) {
    const wide = cellsOf(char);
    if (width + wide > columns) {
      while (width >= columns && kept !== '') {
        const last = [...kept].at(-1) ?? '';
        kept = kept.slice(0, -last.length);
        width -= cellsOf(last);
      }
      return `${kept}…`;
    }
    kept += char;
    width += wide;
  }
  return kept;
}

/** The text in a column of that width. */
export function column(text: string, columns: number): string {
  const kept = clipped(text, columns);
  const width = [...kept].reduce((sum, char) => sum + cellsOf(char), 0);
  return kept + ' '.repeat(columns - width);
}

/** A terminal must not obey what a key contains. */
export const printable = (text: string): string =>
  text.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
