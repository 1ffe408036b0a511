/** Lines that replace the ones shown before; where nobody looks at a terminal, each that is new. */
export type Screen = { readonly columns: number; show(lines: readonly string[]): void };

const PLAIN_COLUMNS = 100;

export function openScreen(out: NodeJS.WriteStream): Screen {
  let before: readonly string[] = [];
  return {
    get columns() {
      return out.isTTY ? out.columns : PLAIN_COLUMNS;
    },
    show(lines) {
      if (!out.isTTY) {
        const known = new Set(before);
        for (const line of lines) if (!known.has(line)) out.write(`${line}\n`);
      } else {
        const up = before.length > 0 ? `\x1b[${before.length}A\r\x1b[J` : '';
        const most = Math.max(1, (out.rows ?? 24) - 1);
        lines = lines.slice(0, most); // what scrolled away cannot be replaced
        out.write(`${up}${lines.join('\n')}\n`);
      }
      before = lines;
    },
  };
}
