import { CELLS_MAX, type Cell, type History, type Kind, kindAt } from './cells.ts';

export type Look = {
  readonly history: History;
  readonly time: number;
  readonly working: ReadonlySet<number>;
};
export type Colours = Readonly<Record<Kind, string>> & { readonly border: string; readonly cursor: string };

/** Where cells lie: `each` slices a cell, `side` CSS pixels from one to the next. */
export type Grid = {
  readonly cells: number;
  readonly each: number;
  readonly columns: number;
  readonly side: number;
  readonly gap: number;
  readonly height: number;
};

const HEIGHT_MAX = 420;
const SIDE_MAX = 26;

/** Pure: the largest cells that fit the width without growing too tall. */
export function gridOf(slices: number, width: number): Grid {
  const each = Math.max(1, Math.ceil(slices / CELLS_MAX));
  const cells = Math.ceil(slices / each);
  let side = SIDE_MAX;
  while (side > 2 && Math.ceil(cells / Math.floor(width / side)) * side > HEIGHT_MAX) side -= 1;
  const columns = Math.max(1, Math.floor(width / side));
  return {
    cells,
    each,
    columns,
    side,
    gap: side >= 14 ? 3 : side >= 8 ? 2 : side >= 4 ? 1 : 0,
    height: Math.ceil(cells / columns) * side,
  };
}

/** A cell of several slices has the kind that prevails in it, and the share of its slices that are held. */
export function cellAt({ history, time, working }: Look, { each }: Grid, at: number): Cell {
  if (each === 1) {
    const kind = kindAt(history, at, time, working);
    return { kind, share: kind === 'missing' || kind === 'working' ? 0 : 1 };
  }
  const counts = { before: 0, sent: 0, damaged: 0, working: 0, missing: 0 };
  const end = Math.min(history.slices, (at + 1) * each);
  for (let one = at * each; one < end; one += 1) counts[kindAt(history, one, time, working)] += 1;
  const held = counts.before + counts.sent + counts.damaged;
  const share = held / Math.max(1, end - at * each);
  if (counts.damaged > 0) return { kind: 'damaged', share };
  if (held > 0) return { kind: counts.before > counts.sent ? 'before' : 'sent', share };
  return { kind: counts.working > 0 ? 'working' : 'missing', share };
}

/** `cursor` is the cell that the keyboard stands on, or -1. */
export function draw(
  canvas: HTMLCanvasElement,
  look: Look,
  grid: Grid,
  { colours, cursor }: { readonly colours: Colours; readonly cursor: number },
): void {
  const { columns, side, gap, cells, each } = grid;
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [columns * side, grid.height];
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext('2d');
  if (!context) return;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  const inner = side - gap;
  const radius = side >= 14 ? 3 : side >= 8 ? 1.5 : 0;
  for (let at = 0; at < cells; at += 1) {
    const [x, y] = [(at % columns) * side, Math.floor(at / columns) * side];
    const { kind, share } = cellAt(look, grid, at);
    const box = (colour: string, alpha: number) => {
      context.globalAlpha = alpha;
      context.fillStyle = colour;
      context.beginPath();
      context.roundRect(x, y, inner, inner, radius);
      context.fill();
    };
    if (share < 1) box(colours[kind === 'working' ? 'working' : 'missing'], 1);
    if (share > 0) box(colours[kind], share);
    context.globalAlpha = 1;
    if (side >= 8 && kind === 'before') stripe(context, { x, y, inner }, colours.border);
    if (side >= 8 && kind === 'damaged') dot(context, { x, y, inner }, colours.border);
    if (side >= 4 && starts(look.history, at, each)) {
      context.fillStyle = colours.cursor;
      context.fillRect(x - Math.min(gap, 2), y, Math.max(1, Math.min(gap - 1, 2)), inner);
    }
    if (at === cursor) {
      context.strokeStyle = colours.cursor;
      context.lineWidth = 2;
      context.strokeRect(x - 1, y - 1, inner + 2, inner + 2);
    }
  }
}

const starts = ({ borders }: History, at: number, each: number): boolean =>
  each === 1 && at > 0 && borders.has(at);

type Square = { readonly x: number; readonly y: number; readonly inner: number };

/** A mark beside the colour, for whoever tells these colours apart badly. */
function stripe(context: CanvasRenderingContext2D, { x, y, inner }: Square, colour: string): void {
  context.strokeStyle = colour;
  context.lineWidth = Math.max(1, inner / 9);
  context.beginPath();
  context.moveTo(x + inner * 0.25, y + inner * 0.75);
  context.lineTo(x + inner * 0.75, y + inner * 0.25);
  context.stroke();
}

function dot(context: CanvasRenderingContext2D, { x, y, inner }: Square, colour: string): void {
  context.fillStyle = colour;
  context.beginPath();
  context.arc(x + inner / 2, y + inner / 2, inner / 5, 0, 2 * Math.PI);
  context.fill();
}
