import { expect, onTestFinished, test } from 'vitest';
import { startApi } from '../../local/stack/api/server.ts';
import { SOURCE_BUCKET } from '../../local/stack/stack.ts';
import { TOKEN, typeOf } from '../kit/api-bed.ts';
import { openEventBed } from '../kit/event-bed.ts';
import { bytesOf } from '../kit/relay-bed.ts';

test('a call for an archived object is refused as such before anything is begun, and relays it once it is restored (E6)', async () => {
  const bed = await openEventBed();
  const { source } = bed.services;
  let archived = true;
  const pin = async (...asked: Parameters<typeof source.pin>) => ({
    ...(await source.pin(...asked)),
    archived,
  });
  const services = { ...bed.services, source: { ...source, pin } };
  const api = await startApi({ services, token: TOKEN });
  onTestFinished(async () => {
    await api.close();
    await bed.close();
  });
  const content = bytesOf('cold', 400_000);
  await bed.put('cold.bin', content);
  const ask = () =>
    fetch(`${api.origin}/transfers`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ source: { bucket: SOURCE_BUCKET, key: 'cold.bin' } }),
    });

  const refused = await ask();
  const asked = bed.ops().length;
  archived = false;
  const taken = await ask();
  await bed.machine.idle();

  expect(refused.status).toBe(422);
  expect(await refused.json()).toMatchObject({
    type: typeOf('source-archived'),
    wayOut: expect.stringContaining('restore-object'),
  });
  expect(asked).toBe(0);
  expect(taken.status).toBe(202);
  expect(await bed.stored('cold.bin')).toEqual(content);
});
