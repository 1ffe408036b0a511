import { cancelOnRequest } from '../../shared/api/cancel-transfer.ts';
import { expireUploads } from '../../shared/api/expire-uploads.ts';
import { requestTransfer } from '../../shared/api/start-transfer.ts';
import { RelayError } from '../../shared/errors.ts';
import { deadlines } from '../../shared/lambda/deadline.ts';
import { backfill } from './backfill.ts';
import { CALLER, call, pause, uploadByClient } from './client.ts';
import { createdEvent, deletedEvent } from './event-queue.ts';
import type { Act } from './plan.ts';
import type { Run } from './run.ts';
import { KEYS, putVersion, transfersOf } from './world.ts';

/** Troubles have stopped by then. */
const TRIES = 12;

/** The call of a schedule that sees to what nobody works on. */
export const sweep = (run: Run, time: number): Promise<unknown> =>
  run.live(`expire-uploads-${time}`, 'sweep', 300_000, (own, context) =>
    expireUploads({}, own, deadlines(context)),
  );

/** Somebody does something while the relay is at work. */
export async function perform(act: Act, run: Run): Promise<void> {
  const { world, queue } = run;
  const newest = world.versions.at(-1);
  switch (act.kind) {
    case 'put': {
      const { object, content } = putVersion(world, KEYS[act.object], act.size);
      return queue.send(createdEvent(object), content);
    }
    case 'delete': {
      if (!world.bucket.find(KEYS[0])) return;
      world.seen.deleted = true;
      const marker = world.bucket.remove(KEYS[0]);
      return queue.send(deletedEvent(marker), `deletion ${marker.sequencer}`);
    }
    case 'destroy-newest': {
      const gone = world.bucket.destroyNewest(KEYS[0]);
      if (!gone) return;
      world.seen.deleted = true;
      return queue.send(deletedEvent(gone), `deletion ${gone.sequencer}`);
    }
    case 'repeat-event': {
      const again = world.versions[act.which % world.versions.length];
      return again && queue.send(createdEvent(again.object), again.content);
    }
    case 'second-execution': {
      const transfer = transfersOf(world).at(-1);
      if (transfer?.source.kind !== 's3') return;
      return run.machine.start(`${transfer.id}-again-${Date.now()}`, { transferId: transfer.id });
    }
    case 'cancel': {
      const transfer = transfersOf(world).at(-1);
      if (!transfer) return;
      world.seen.cancelled = true;
      const path = { id: transfer.id };
      const about = world.nameOf(transfer.id);
      const name = `cancel-${about}-at-${Date.now() - world.begin}`;
      return run.aside(
        call(run, name, about, (own, time) =>
          cancelOnRequest({ caller: CALLER, path, query: {} }, own, time),
        ),
      );
    }
    case 'restart': {
      if (!newest || !world.bucket.find(newest.object.key)) return;
      const { key } = newest.object;
      const body = { source: { bucket: 'source', key } };
      const about = newest.content;
      const name = `restart-${about}-at-${Date.now() - world.begin}`;
      const ask = (tries: number): Promise<unknown> =>
        call(run, `${name}.${tries}`, about, (own, time) =>
          requestTransfer({ caller: CALLER, headers: {}, body }, own, time),
        ).catch((error: unknown) => {
          // who was given no answer asks again
          if (tries >= TRIES || (error instanceof RelayError && error.remedy === 'give-up')) return undefined;
          return pause(5_000).then(() => ask(tries + 1));
        });
      return run.aside(ask(1));
    }
    case 'client-upload':
      world.seen.clients += 1;
      return run.aside(uploadByClient(run, `c${world.seen.clients}`, act.size));
    case 'backfill':
      return run.aside(backfill(run, act));
    case 'lose-sessions':
      world.cos.uploads.clear();
  }
}
