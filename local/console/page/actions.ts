import { useState } from 'preact/hooks';
import type { TransferView } from '../../../shared/api/views.ts';
import { api, CallFailed } from './api.ts';
import { saveReceipt } from './receipt-page.ts';
import { html, useSpeech } from './ui.ts';

/** What can be done about a transfer. Cancelling asks once more, in place. */
export function Actions({
  transfer,
  again,
  short,
}: {
  transfer: TransferView;
  again: () => void;
  short: boolean;
}) {
  const says = useSpeech();
  const [sure, setSure] = useState(false);
  const [trouble, setTrouble] = useState('');
  const run = (work: () => Promise<unknown>) => () => {
    setSure(false);
    work().then(again, (error: unknown) =>
      setTrouble(error instanceof CallFailed ? error.message : String(error)),
    );
  };
  // a version that S3 cannot name, begun by an event before, goes on under an id of its own
  const beginAgain = async () => {
    location.hash = `#/t/${(await api.begin(transfer)).id}`;
  };
  const { state, source, id } = transfer;
  const active = state === 'sending' || state === 'opening';
  const restartable = (state === 'failed' || state === 'cancelled') && source.kind === 's3';
  return html`<div class="actions">
    ${active && !sure && html`<button type="button" class="second" onClick=${() => setSure(true)}>${says('cancel')}</button>`}
    ${
      sure &&
      html`<span class="sure" role="alert">${says('cancelSure')}
      <button type="button" class="danger" onClick=${run(() => api.cancel(id))}>${says('cancel')}</button>
      <button type="button" class="quiet" onClick=${() => setSure(false)}>${says('keepOn')}</button></span>`
    }
    ${restartable && html`<button type="button" onClick=${run(beginAgain)}>${says('beginAgain')}</button>`}
    ${transfer.receipt && html`<button type="button" class="second" onClick=${() => saveReceipt(transfer, says)}>${says(short ? 'receipt' : 'saveReceipt')}</button>`}
    ${trouble && html`<span class="trouble" role="alert">${trouble}</span>`}
  </div>`;
}
