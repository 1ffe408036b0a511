import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { SliceMap } from './api.ts';
import { countsAt, type History, type Kind, workingSlices } from './cells.ts';
import { bytesText, countText, timeText } from './format.ts';
import { Replay } from './replay.ts';
import { cellAt, draw, gridOf, type Look } from './slice-map.ts';
import { html, useSpeech } from './ui.ts';

const LEGEND = [
  ['before', 'heldBefore'],
  ['sent', 'sent'],
  ['damaged', 'damaged'],
  ['working', 'working'],
  ['missing', 'missing'],
] as const;

/** Every slice of the transfer, now or at a time of its history. */
export function MapView({ map, history, over }: { map: SliceMap; history: History; over: boolean }) {
  const says = useSpeech();
  const [time, setTime] = useState<number>();
  const [cursor, setCursor] = useState(-1);
  const [width, setWidth] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const legend = useRef<HTMLUListElement>(null);
  const look: Look = {
    history,
    time: time ?? Number.MAX_VALUE,
    working: workingSlices(map, time === undefined),
  };
  const grid = useMemo(
    () => (width === 0 ? undefined : gridOf(history.slices, width)),
    [history.slices, width],
  );
  const counts = useMemo(() => countsAt(history, look.time), [map, time]);

  useEffect(() => {
    const watcher = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    if (box.current) watcher.observe(box.current);
    return () => watcher.disconnect();
  }, []);
  useEffect(() => {
    if (!grid || !canvas.current || !legend.current) return;
    draw(canvas.current, look, grid, { colours: coloursOf(legend.current), cursor });
  });

  const words = (at: number): string => {
    if (!grid || at < 0) return '';
    const { kind, share } = cellAt(look, grid, at);
    const from = at * grid.each;
    if (grid.each > 1)
      return says('bucket', {
        from: from + 1,
        to: Math.min(history.slices, from + grid.each),
        share: Math.floor(share * 100),
      });
    return says('slice', {
      n: at + 1,
      all: history.slices,
      from: bytesText(from * history.sliceSize),
      what: says(LEGEND.find(([one]) => one === kind)?.[1] ?? 'missing'),
    });
  };
  const point = (event: PointerEvent) => {
    if (!grid) return;
    const column = Math.floor(event.offsetX / grid.side);
    const at = Math.floor(event.offsetY / grid.side) * grid.columns + column;
    setCursor(column < grid.columns && at < grid.cells ? at : -1);
  };
  const walk = (event: KeyboardEvent) => {
    if (!grid) return;
    const steps: Record<string, number> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: grid.columns,
      ArrowUp: -grid.columns,
    };
    const step = new Map(Object.entries(steps)).get(event.key);
    if (step === undefined) return;
    event.preventDefault();
    setCursor((before) => Math.min(grid.cells - 1, Math.max(0, before + step)));
  };
  const number = (count: number) => countText(count, says.language);
  return html`<section class="card map" aria-labelledby="map">
    <div class="card-head"><h2 id="map">${says('map')}</h2>
      <span class="hint">${grid && grid.each > 1 ? says('each', { n: number(grid.each) }) : says('one', { size: bytesText(history.sliceSize) })}</span></div>
    <ul class="legend" ref=${legend}>${LEGEND.map(([kind, word]) => html`<li data-kind=${kind}><i class=${kind} aria-hidden="true"></i>${says(word)}${countOf(kind, counts, number)}</li>`)}</ul>
    <div ref=${box} class="canvas-box">
      <canvas ref=${canvas} tabindex="0" role="img" data-sent=${counts.sent} data-before=${counts.before} data-missing=${counts.missing}
        aria-label=${says('mapLabel', { total: number(history.slices), size: bytesText(history.sliceSize), before: number(counts.before), sent: number(counts.sent), missing: number(counts.missing) })}
        onPointerMove=${point} onPointerLeave=${() => setCursor(-1)} onKeyDown=${walk} onBlur=${() => setCursor(-1)}></canvas>
    </div>
    <p class="pointed" aria-live="polite">${words(cursor) || ' '}</p>
    <${Replay} history=${history} time=${time} setTime=${setTime} over=${over} label=${timeText(time ?? history.to, says.language)} />
  </section>`;
}

function countOf(
  kind: Kind,
  counts: { before: number; sent: number; missing: number },
  text: (count: number) => string,
) {
  if (kind === 'working' || kind === 'damaged') return null;
  return html` <b>${text(counts[kind])}</b>`;
}

/** The colours as the style sheet has them just now: the swatches of the legend wear them. */
function coloursOf(legend: HTMLElement) {
  const worn = (kind: Kind): string => {
    const swatch = legend.querySelector(`i.${kind}`);
    return swatch ? getComputedStyle(swatch).backgroundColor : 'gray';
  };
  const { color } = getComputedStyle(legend);
  const card = getComputedStyle(legend.closest('.card') ?? legend).backgroundColor;
  return {
    before: worn('before'),
    sent: worn('sent'),
    damaged: worn('damaged'),
    working: worn('working'),
    missing: worn('missing'),
    border: card,
    cursor: color,
  };
}
