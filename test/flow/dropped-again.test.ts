import { expect, onTestFinished, test } from 'vitest';
import { endedBefore } from '../../local/dev/stored-already.ts';
import { openEventBed } from '../kit/event-bed.ts';

test('of a file that is dropped again, npm run dev knows how its version ended, if nothing will be sent for it', async () => {
  const bed = await openEventBed();
  onTestFinished(() => bed.close());
  const object = await bed.put('again.bin', 'the same');
  const end = () => endedBefore(object, bed.services);

  const fresh = await end();
  await bed.announce(object);
  const stored = await end();
  const changed = await endedBefore(await bed.put('again.bin', 'another'), bed.services);

  expect([fresh, stored, changed]).toEqual([undefined, 'stored', undefined]);
});
