import type { Context } from 'aws-lambda';
import type { StepTime } from '../services.ts';
import { timeoutSignal } from '../time.ts';

/** Kept for slices in flight and for writing down what was confirmed, in ms; a quarter of a short life at most. */
const RESERVE_MS = 20_000;
/** After this nothing could be answered any more, in ms. */
const LAST_WORD_MS = 1_000;

/** `stop` fires while there is still time to hand unfinished work back, `signal` just before Lambda ends the call. */
export function deadlines(context: Pick<Context, 'getRemainingTimeInMillis'>): StepTime {
  const left = context.getRemainingTimeInMillis();
  const reserve = Math.min(RESERVE_MS, left / 4);
  return {
    stop: timeoutSignal(Math.max(0, Math.floor(left - reserve))),
    signal: timeoutSignal(Math.max(0, Math.floor(left - Math.min(LAST_WORD_MS, left / 20)))),
  };
}

/** What has not begun when half of the time is over would hardly end in the other half. */
export const halfTime = (context: Pick<Context, 'getRemainingTimeInMillis'>): AbortSignal =>
  timeoutSignal(Math.floor(context.getRemainingTimeInMillis() / 2));
