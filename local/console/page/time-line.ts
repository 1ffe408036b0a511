import type { TransferView } from '../../../shared/api/views.ts';
import type { SliceMap } from './api.ts';
import { bytesText, spanText, timeText } from './format.ts';
import { html, useSpeech } from './ui.ts';

type Event = {
  readonly at: number;
  readonly words: string;
  /** Where a call lies in the whole time, as shares of it. */
  readonly bar?: { readonly left: number; readonly width: number; readonly bad: boolean };
};

/** So many calls are shown, the newest. */
const SHOWN = 40;

/** When it began, each attempt, each worker call with what it sent again, and the end. */
export function TimeLine({ transfer, map }: { transfer: TransferView; map: SliceMap }) {
  const says = useSpeech();
  const from = map.createdAt;
  const to = Math.max(map.updatedAt, ...map.calls.map(({ at }) => at), from + 1);
  const over = map.state !== 'sending' && map.state !== 'opening';
  const held = map.heldBefore.map(({ at, attempt, ranges }) => ({
    at,
    words: says('attemptHeld', {
      n: attempt,
      n2: bytesText(ranges.reduce((sum, [, length]) => sum + length, 0)),
    }),
  }));
  const calls = map.calls.slice(-SHOWN).map((call) => ({
    at: call.began,
    words: [
      says('call', { n: call.sent - call.resent, time: spanText(call.at - call.began) }),
      ...(call.resent > 0 ? [says('resent', { n: call.resent })] : []),
      ...(call.damaged ? [says('damaged')] : []),
    ].join(', '),
    bar: {
      left: (call.began - from) / (to - from),
      width: (call.at - call.began) / (to - from),
      bad: Boolean(call.damaged) || call.resent > 0,
    },
  }));
  const events: Event[] = [
    { at: from, words: says('began') },
    ...held,
    ...calls,
    ...(over ? [{ at: map.updatedAt, words: says('ended', { state: says(transfer.state) }) }] : []),
  ].sort((a, b) => a.at - b.at);
  return html`<section class="card" aria-labelledby="calls">
    <div class="card-head"><h2 id="calls">${says('calls')}</h2><span class="hint">${says('attempts')}: ${map.attempts}</span></div>
    <ol class="time-line" tabindex="0" aria-labelledby="calls">${events.map(
      (event) => html`<li>
        <time>${timeText(event.at, says.language)}</time>
        <span>${event.words}</span>
        ${
          event.bar &&
          html`<span class="lane" aria-hidden="true"><i class=${event.bar.bad ? 'bad' : ''} style=${{
            marginLeft: `${event.bar.left * 100}%`,
            width: `${Math.max(0.8, event.bar.width * 100)}%`,
          }}></i></span>`
        }
      </li>`,
    )}</ol>
  </section>`;
}
