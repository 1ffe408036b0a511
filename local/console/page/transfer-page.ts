import { useEffect } from 'preact/hooks';
import type { TransferView } from '../../../shared/api/views.ts';
import { Actions } from './actions.ts';
import { api } from './api.ts';
import { historyOf } from './cells.ts';
import { bytesText, clockText, percent, spanText } from './format.ts';
import { Trouble } from './list-view.ts';
import { MapView } from './map-view.ts';
import { nameOf } from './names.ts';
import { usePolled } from './polling.ts';
import { Facts, Proof } from './proof.ts';
import { RateLine } from './rate-line.ts';
import { Steps } from './steps.ts';
import { TimeLine } from './time-line.ts';
import { html, useSpeech } from './ui.ts';

export function TransferPage({ id, pollMs }: { id: string; pollMs: number }) {
  const says = useSpeech();
  const { value, error, again } = usePolled(
    async () => {
      const [transfer, map] = await Promise.all([api.look(id), api.map(id)]);
      return { transfer, map };
    },
    pollMs,
    [id],
    ({ transfer, map }) => isOver(transfer) && map.state === transfer.state,
  );
  useEffect(() => {
    if (value) document.title = `${nameOf(value.transfer)} · cos-slice-relay`;
  }, [value?.transfer.id]);

  const back = html`<p class="back"><a href="#/">← ${says('back')}</a></p>`;
  if (!value)
    return html`${back}${error && html`<p class="trouble" role="status">${error.status === 404 ? says('notFound') : error.message}</p>`}`;
  const { transfer, map } = value;
  const history = historyOf(map);
  const sliced = map.calls.length > 0 || map.heldBefore.length > 0 || transfer.state === 'sending';
  return html`${back}
    <div class="head detail">
      <div>
        <h1>${nameOf(transfer)}</h1>
        <p class="path">${transfer.target.bucket}/${transfer.target.path}</p>
      </div>
      <span class=${`badge ${transfer.state}`} role="status">${says(transfer.state)}</span>
      <${Actions} transfer=${transfer} again=${again} short=${false} />
    </div>
    ${error && html`<${Trouble} error=${error} />`}
    ${
      transfer.reason &&
      html`<section class="card why" aria-labelledby="why">
      <h2 id="why">${says('why')}</h2>
      <p><strong>${transfer.reason.error}</strong>: ${transfer.reason.message}</p>
      ${transfer.reason.wayOut && html`<p class="way-out"><strong>${says('wayOut')}</strong>: ${transfer.reason.wayOut}</p>`}
    </section>`
    }
    <${Figures} transfer=${transfer} />
    <${Steps} transfer=${transfer} map=${map} />
    ${
      sliced
        ? html`<${MapView} map=${map} history=${history} over=${isOver(transfer)} />
          <div class="two"><${RateLine} history=${history} /><${TimeLine} transfer=${transfer} map=${map} /></div>`
        : transfer.state === 'stored' && html`<p class="none">${says('wholeFile')}</p>`
    }
    <div class="two"><${Proof} transfer=${transfer} /><${Facts} transfer=${transfer} /></div>`;
}

const isOver = ({ state }: TransferView): boolean => state !== 'sending' && state !== 'opening';

function Figures({ transfer }: { transfer: TransferView }) {
  const says = useSpeech();
  const { progress, receipt, state } = transfer;
  const { held, total } = progress.bytes;
  const took = receipt ? receipt.storedAt - receipt.startedAt : undefined;
  const rate =
    progress.bytesPerSecond ??
    (took && receipt ? (receipt.bytes.sent * 1000) / Math.max(1, took) : undefined);
  return html`<div class="figures-row">
    <div class="big"><strong>${Math.floor(percent(held, total))}<small>%</small></strong><span>${says('of', { done: bytesText(held), all: bytesText(total) })}</span></div>
    <progress class=${state} max="100" value=${percent(held, total)} aria-label=${says('map')}></progress>
    <dl>
      ${rate !== undefined && html`<div><dt>${says('rate')}</dt><dd>${bytesText(rate)}/s</dd></div>`}
      <div><dt>${says('time')}</dt><dd>${
        took !== undefined
          ? spanText(took)
          : progress.secondsLeft !== undefined
            ? says('left', { time: clockText(progress.secondsLeft) })
            : spanText(transfer.updatedAt - transfer.createdAt)
      }</dd></div>
    </dl>
  </div>`;
}
