import type { Window } from '../../shared/slices/windows.ts';
import { answer } from '../child.ts';
import { usageOf } from '../usage.ts';

/** The deployed bundle of upload-slices alone in a process, as on Lambda. */
export type Worker = typeof tasks;

export type WorkerOptions = { readonly bundle: string; readonly env: Readonly<Record<string, string>> };

type Handler = (
  event: unknown,
  context: unknown,
) => Promise<{ readonly kind: string; readonly left?: number }>;
let handler: Handler;

const tasks = {
  async open({ bundle, env }: WorkerOptions): Promise<void> {
    Object.assign(process.env, env, {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      POWERTOOLS_METRICS_NAMESPACE: 'bench',
    });
    ({ handler } = (await import(bundle)) as { handler: Handler }); // every function of ours exports one
  },
  carry: ({ transferId, window }: { readonly transferId: string; readonly window: Window }) =>
    carry(transferId, window),
  /** One window after the other. */
  carryAll: ({ transferId, windows }: { readonly transferId: string; readonly windows: readonly Window[] }) =>
    usageOf(async () => {
      for (const window of windows) await carry(transferId, window);
    }),
  rssMiB: () => ({
    now: process.memoryUsage.rss() / 1_048_576,
    peak: process.resourceUsage().maxRSS / 1_024,
  }),
};

async function carry(transferId: string, window: Window): Promise<void> {
  const { kind, left } = await handler({ transferId, window }, { getRemainingTimeInMillis: () => 900_000 });
  if (kind !== 'sent' || left !== 0) throw new Error(`a window ended ${kind} with ${left} slices left`);
}

answer(tasks);
