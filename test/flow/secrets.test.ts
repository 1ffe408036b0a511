import { expect, onTestFinished, test } from 'vitest';
import { startApi } from '../../local/stack/api/server.ts';
import { LOCAL_COS, SOURCE_BUCKET } from '../../local/stack/stack.ts';
import { targetName } from '../../shared/cos/target.ts';
import type { LogFields } from '../../shared/observe/observe.ts';
import { bytesOf, idOf, openBed, targetOf } from '../kit/relay-bed.ts';
import { cosAnswers, FOREIGN, SECRETS, s3Answers, type Telling, tellingPeer } from '../kit/telling-peers.ts';

const TOKEN = 'bearer-of-the-test-0123456789';
const never = () => false;

/** A relay whose COS and S3 are `tellingPeer`s, and all that ever comes out of it, as one list of texts. */
async function overheard() {
  const bed = await openBed({ env: { SMALL_OBJECT_MAX: '300000', COS_ATTEMPTS: '2' } });
  const [cos, s3] = [await tellingPeer(bed.cos.origin), await tellingPeer(bed.s3.origin)];
  const out: string[] = [];
  const hear =
    (what: string) =>
    (...said: unknown[]) =>
      void out.push(`${what}: ${JSON.stringify(said)}`);
  const line = (text: string, fields?: LogFields) => hear('log')(text, fields);
  const stack = await bed.start({
    env: { COS_ENDPOINT: cos.origin, AWS_ENDPOINT_URL_S3: s3.origin },
    wiring: { log: { info: line, warn: line }, observe: hear('event') },
    machine: {
      meddle: async (state, work, input) => {
        hear(`input of ${state}`)(input);
        const told = await work().catch((error: Error) => {
          hear(`error of ${state}`)(error.name, error.message, error.stack, String(error.cause));
          throw error;
        });
        hear(`output of ${state}`)(told);
        return told;
      },
    },
  });
  const api = await startApi({ services: stack.services, token: TOKEN });
  onTestFinished(async () => {
    await api.close();
    await bed.close();
  });
  const call = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${api.origin}${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    hear(`answer to ${method} ${path}`)([...answer.headers], await answer.text());
  };
  const relay = async (name: string, tell: { readonly cos?: Telling; readonly s3?: Telling }) => {
    const objects = [
      await bed.put(`${name}/small.bin`, bytesOf(name, 20_000)),
      await bed.put(`${name}/large.bin`, bytesOf(name, 700_000)),
      await bed.put(`${name}/asked.bin`, bytesOf(name, 700_001)),
    ];
    cos.tell(tell.cos ?? never);
    s3.tell(tell.s3 ?? never);
    for (const object of objects.slice(0, 2)) await stack.announce(object).catch(hear('refused delivery'));
    await call('POST', '/transfers', { source: { bucket: SOURCE_BUCKET, key: `${name}/asked.bin` } });
    await stack.machine.idle();
    for (const object of objects) {
      hear('record')(await stack.services.store.get(idOf(object)));
      hear('target')(await stack.services.store.getTarget(targetName(targetOf(object.key))));
      await call('GET', `/transfers/${idOf(object)}`);
    }
    await call('GET', '/transfers?limit=100');
    const ends = await Promise.all([...stack.machine.executions.values()].map(({ ended }) => ended));
    hear('executions')(ends);
  };
  return { out, relay };
}

const leaks = (out: readonly string[]): string[] =>
  [...SECRETS, FOREIGN, LOCAL_COS.COS_SECRET_KEY, TOKEN].flatMap((secret) =>
    out.filter((text) => text.includes(secret)).map((text) => `${secret} in ${text.slice(0, 300)}`),
  );

test.each([...cosAnswers])(
  'nothing that COS says beside its code leaves the relay: %s (A6)',
  async (name, cos) => {
    const { out, relay } = await overheard();

    await relay(name.replaceAll(' ', '-'), { cos });

    expect(out.length).toBeGreaterThan(10);
    expect(leaks(out)).toEqual([]);
  },
);

test.each([...s3Answers])(
  'nothing that S3 says beside its code leaves the relay: %s (E5, E6)',
  async (name, s3) => {
    const { out, relay } = await overheard();

    await relay(name.replaceAll(' ', '-'), { s3 });

    expect(out.join('\n')).toMatch(/Source(Denied|Unavailable|Archived|Moved)/);
    expect(leaks(out)).toEqual([]);
  },
);

test('no receipt, record or log keeps what a good reply of COS says beside the facts (A6)', async () => {
  const { out, relay } = await overheard();

  await relay('good', {});

  expect(out.join('\n')).toContain('"how":"direct"');
  expect(out.join('\n')).toContain('"how":"sent"');
  expect(leaks(out)).toEqual([]);
});
