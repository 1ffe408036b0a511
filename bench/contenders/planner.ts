import { loadConfig } from '../../shared/config.ts';
import { listReply } from '../../shared/cos/replies.ts';
import { missingSlices, planSlices } from '../../shared/slices/slices.ts';
import { planWindows } from '../../shared/slices/windows.ts';
import { answer } from '../child.ts';

/** What ListSlices computes, without asking anybody. */
export type Planner = typeof tasks;

const SLICE_BYTES = 524_288;

const tasks = {
  /** The reply as text comes in, the windows as JSON go out. The worst case: every other slice is missing. */
  run({ slices, text }: { readonly slices: number; readonly text: string }) {
    const { WINDOW_BYTES, MAX_WINDOWS, MAX_CONCURRENCY } = loadConfig({
      COS_REGION: 'gz',
      COS_APP_ID: '1',
      COS_BUCKET: 'b',
      COS_SECRET_NAME: 's',
    });
    const limits = { windowBytes: WINDOW_BYTES, maxWindows: MAX_WINDOWS, spread: MAX_CONCURRENCY };

    const start = performance.now();
    const listed = listReply.parse(JSON.parse(text));
    if (!('listparts' in listed)) throw new Error('the listing was not understood');
    const missing = missingSlices(planSlices(slices * SLICE_BYTES, SLICE_BYTES), listed.listparts);
    const payload = JSON.stringify(planWindows(missing, SLICE_BYTES, limits));
    const ms = performance.now() - start;

    if (missing.length !== Math.floor(slices / 2)) throw new Error(`${missing.length} slices are missing`);
    return { ms, payloadBytes: Buffer.byteLength(payload) };
  },
  peakRssMiB: () => process.resourceUsage().maxRSS / 1_024,
};

answer(tasks);
