import { type History, ratesOf } from './cells.ts';
import { bytesText, spanText } from './format.ts';
import { html, useSpeech } from './ui.ts';

const BINS = 60;
const [WIDTH, HEIGHT] = [600, 120];

/** Bytes a second over the time of the transfer. */
export function RateLine({ history }: { history: History }) {
  const says = useSpeech();
  const { rates } = ratesOf(history, BINS);
  const peak = Math.max(1, ...rates);
  const points = rates.map(
    (rate, at) => `${((at + 0.5) * WIDTH) / BINS},${HEIGHT - (rate / peak) * (HEIGHT - 8)}`,
  );
  const label = says('peak', { rate: `${bytesText(peak)}/s` });
  return html`<section class="card" aria-labelledby="rate">
    <div class="card-head"><h2 id="rate">${says('rate')}</h2><span class="hint">${label}</span></div>
    <svg class="rate" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label=${`${says('rate')}: ${label}`}>
      <polygon points=${`0,${HEIGHT} ${points.join(' ')} ${WIDTH},${HEIGHT}`} />
      <polyline points=${points.join(' ')} />
    </svg>
    <p class="axis"><span>0</span><span>${spanText(history.to - history.from)}</span></p>
  </section>`;
}
