import { localContext } from '../../local/machine.ts';
import type { Window } from '../../shared/slices/windows.ts';
import { answer } from '../child.ts';
import { environmentOf, type Place } from '../place.ts';

/** The deployed bundle of upload-slices alone in a process, as on Lambda. */
export type Worker = typeof tasks;

type Handler = (
  event: unknown,
  context: unknown,
) => Promise<{ readonly kind: string; readonly left?: number }>;
let handler: Handler;

const tasks = {
  async open({
    place,
    bundle,
    env,
  }: {
    readonly place: Place;
    readonly bundle: string;
    readonly env: Record<string, string>;
  }) {
    Object.assign(process.env, environmentOf(place), env, {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      POWERTOOLS_DEV: 'false',
    });
    ({ handler } = (await import(bundle)) as { handler: Handler }); // every function of ours exports one
  },
  async carry({
    transferId,
    window,
  }: {
    readonly transferId: string;
    readonly window: Window;
  }): Promise<void> {
    const { kind, left } = await handler({ transferId, window }, localContext('upload-slices', 900_000));
    if (kind !== 'sent' || left !== 0) throw new Error(`a window ended ${kind} with ${left} slices left`);
  },
  rssMiB: () => ({
    now: process.memoryUsage.rss() / 1_048_576,
    peak: process.resourceUsage().maxRSS / 1_024,
  }),
};

answer(tasks);
