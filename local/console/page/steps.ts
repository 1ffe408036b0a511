import type { TransferView } from '../../../shared/api/views.ts';
import type { SliceMap } from './api.ts';
import { html, useSpeech } from './ui.ts';

const STEPS = ['step0', 'step1', 'step2', 'step3', 'step4'] as const;
type Light = 'done' | 'now' | 'ahead' | 'stopped';

/** Open, list, upload, finish, prove: where it is, or where it stopped. */
export function Steps({ transfer, map }: { transfer: TransferView; map: SliceMap }) {
  const says = useSpeech();
  const at = reached(transfer, map);
  const over = transfer.state !== 'sending' && transfer.state !== 'opening';
  const light = (step: number): Light => {
    if (step < at) return 'done';
    if (step > at) return 'ahead';
    return over ? 'stopped' : 'now';
  };
  return html`<ol class="steps" aria-label=${says('steps')}>
    ${STEPS.map(
      (
        word,
        step,
      ) => html`<li class=${light(step)} aria-current=${light(step) === 'now' ? 'step' : undefined}>
        <span class="lamp" aria-hidden="true"></span>${says(word)}<span class="unseen"> (${says(light(step))})</span>
      </li>`,
    )}
  </ol>`;
}

/** The first step that is not done; 5 when all are. Pure. */
function reached({ state, progress, attempts }: TransferView, { calls, heldBefore, size }: SliceMap): number {
  if (state === 'stored') return STEPS.length;
  if (state === 'opening' && calls.length === 0) return 0;
  const confirmed = calls.flatMap((call) => call.confirmed).reduce((sum, [, length]) => sum + length, 0);
  if (progress.bytes.held >= size || confirmed >= size) return 3;
  if (calls.length > 0 || state === 'sending') return 2;
  return heldBefore.length > 0 || attempts > 1 ? 1 : 0;
}
