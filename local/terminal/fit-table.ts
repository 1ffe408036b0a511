import { column, widthOf } from './columns.ts';

type Columns = {
  readonly names: readonly string[];
  /** What matters most comes first: it stays where there is little room. */
  readonly priority: readonly string[];
  /** Those that may be shortened in the middle. */
  readonly elastic: ReadonlySet<string>;
};
export type FittedTable = { readonly lines: readonly string[]; readonly leftOut: readonly string[] };

const GAP = '  ';
/** A shortened value still tells so many cells, and a quarter of a wide terminal. */
const LEAST = 12;

/** A table no wider than `room`, in cells. Columns that are empty in all rows go without a word, others are named in `leftOut`. */
export function fitTable(
  { names, priority, elastic }: Columns,
  rows: readonly (readonly string[])[],
  room: number,
): FittedTable {
  const full = new Map(
    names.flatMap((name, at) => {
      const widest = rows.reduce((most, row) => Math.max(most, widthOf(row[at] ?? '')), 0);
      return widest === 0 ? [] : [[name, Math.max(widest, widthOf(name))] as const];
    }),
  );
  const least = (name: string): number =>
    Math.floor(Math.min(full.get(name) ?? 0, elastic.has(name) ? Math.max(LEAST, room / 4) : Infinity));

  const widths = new Map<string, number>();
  let left = room + GAP.length;
  for (const name of priority.filter((one) => full.has(one))) {
    const wanted = least(name) + GAP.length;
    if (wanted > left) continue;
    widths.set(name, least(name));
    left -= wanted;
  }
  for (const [name, width] of grown(widths, full, left)) widths.set(name, width);

  const shown = names.flatMap((name, at) => {
    const width = widths.get(name);
    return width === undefined ? [] : [{ name, at, width }];
  });
  const lineOf = (valueAt: (at: number) => string): string =>
    shown
      .map(({ at, width }) => column(valueAt(at), width))
      .join(GAP)
      .trimEnd();
  return {
    lines: [names, ...rows].map((row) => lineOf((at) => row[at] ?? '')),
    leftOut: [...full.keys()].filter((name) => !widths.has(name)),
  };
}

/** What is left goes to the narrowest of those that want more, so that none starves. */
function grown(
  widths: ReadonlyMap<string, number>,
  full: ReadonlyMap<string, number>,
  left: number,
): Map<string, number> {
  const grown = new Map(widths);
  let rest = left;
  while (rest > 0) {
    const wanting = [...grown].filter(([name, width]) => width < (full.get(name) ?? 0));
    if (wanting.length === 0) break;
    const [narrowest] = wanting.sort(([, one], [, other]) => one - other);
    if (!narrowest) break;
    const [name, width] = narrowest;
    const step = Math.min(
      (full.get(name) ?? 0) - width,
      Math.max(1, Math.floor(rest / wanting.length)),
      rest,
    );
    grown.set(name, width + step);
    rest -= step;
  }
  return grown;
}
