import type { MapView } from '../../shared/api/map-schemas.ts';
import type { TransferView } from '../../shared/api/views.ts';
import { countsAt, historyOf, type Kind, kindAt, workingSlices } from '../console/page/cells.ts';
import { bytesText, clockText, percent } from '../console/page/format.ts';
import { nameOf } from '../console/page/names.ts';
import { clipped, column, printable, wrapped } from '../terminal/columns.ts';

const MARKS: Readonly<Record<Kind, string>> = {
  before: '▓',
  sent: '█',
  damaged: '!',
  working: '▒',
  missing: '·',
};
/** Rows of the slice map, at most; a cell stands for more slices then. */
const MAP_ROWS = 8;

/** One line a transfer: name, bar, figures. */
export function linesOfAll(transfers: readonly TransferView[], columns: number): string[] {
  if (transfers.length === 0) return ['nothing was relayed yet'];
  return transfers.map((transfer) => {
    const figures = figuresOf(transfer);
    const name = Math.max(8, Math.min(40, Math.floor(columns * 0.35)));
    const wide = columns - name - figures.length - 13;
    const drawn = wide >= 8 ? `${bar(shareOf(transfer), Math.min(30, wide))} ` : '';
    return clipped(
      `${transfer.id.slice(0, 8)}  ${column(printable(nameOf(transfer)), name)}  ${drawn}${figures}`,
      columns,
    );
  });
}

/** One transfer with its steps, its slices and, where it stopped, the way out. */
export function linesOfOne(transfer: TransferView, map: Omit<MapView, 'etag'>, columns: number): string[] {
  const history = historyOf(map);
  const counts = countsAt(history, Number.MAX_VALUE);
  const { reason } = transfer;
  const sliced = map.calls.length > 0 || map.heldBefore.length > 0;
  return [
    clipped(
      `${printable(nameOf(transfer))} → ${transfer.target.bucket}/${printable(transfer.target.path)}`,
      columns,
    ),
    clipped(
      `${bar(shareOf(transfer), Math.max(8, Math.min(50, columns - 45)))} ${figuresOf(transfer)}`,
      columns,
    ),
    ...(sliced ? ['', ...mapLines(map, columns), ''] : []),
    ...(sliced
      ? [
          clipped(
            `${MARKS.before} held before ${counts.before}  ${MARKS.sent} sent ${counts.sent}  ${MARKS.working} in work  ${MARKS.missing} missing ${counts.missing}`,
            columns,
          ),
        ]
      : []),
    ...(reason ? wrapped(`error: ${printable(reason.message)}`, columns) : []),
    ...(reason?.wayOut ? wrapped(`what to do: ${printable(reason.wayOut)}`, columns) : []),
  ];
}

function mapLines(map: Omit<MapView, 'etag'>, columns: number): string[] {
  const history = historyOf(map);
  const working = workingSlices(map, true);
  const each = Math.max(1, Math.ceil(history.slices / (columns * MAP_ROWS)));
  const marks = Array.from({ length: Math.ceil(history.slices / each) }, (_, cell) => {
    const kinds = Array.from({ length: Math.min(each, history.slices - cell * each) }, (_, at) =>
      kindAt(history, cell * each + at, Number.MAX_VALUE, working),
    );
    const worst = (['damaged', 'missing', 'working', 'sent', 'before'] as const).find((kind) =>
      kinds.includes(kind),
    );
    return MARKS[worst ?? 'missing'];
  });
  const rows = Math.ceil(marks.length / columns);
  return Array.from({ length: rows }, (_, row) => marks.slice(row * columns, (row + 1) * columns).join(''));
}

const shareOf = ({ progress }: TransferView): number =>
  percent(progress.bytes.held, progress.bytes.total) / 100;

function bar(share: number, width: number): string {
  const full = Math.round(share * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}

function figuresOf({ state, progress, reason }: TransferView): string {
  const { held, total } = progress.bytes;
  if (state !== 'sending')
    return [state, bytesText(total), reason && `(${reason.error})`].filter(Boolean).join(' ');
  const rate = progress.bytesPerSecond === undefined ? '' : ` ${bytesText(progress.bytesPerSecond)}/s`;
  const left = progress.secondsLeft === undefined ? '' : ` ${clockText(progress.secondsLeft)} left`;
  return `${Math.floor(percent(held, total))}% ${bytesText(held)} of ${bytesText(total)}${rate}${left}`;
}
