import type { FaultAct } from './faults.ts';
import { type Context, lockKey } from './operations/context.ts';
import type { Call } from './wire/call.ts';
import { type Answer, answerOf } from './wire/codes.ts';

/** The answer as the fault wants the client to see it. */
export function altered(answer: Answer, act: FaultAct | undefined): Answer {
  if (act?.kind === 'answered-with-error') return { ...answerOf(act.code), status: act.status };
  const md5 = answer.data?.datamd5;
  if (act?.kind !== 'wrong-md5' || typeof md5 !== 'string') return answer;
  return { ...answer, data: { ...answer.data, datamd5: (md5.startsWith('0') ? '1' : '0') + md5.slice(1) } };
}

/** The path's upload vanishes with its slices. */
export async function forgetUpload({ store, lock }: Context, { address }: Call): Promise<void> {
  await lock.alone(lockKey(address), async () => {
    const upload = store.uploads.get(address.bucket, address.path);
    if (upload) await store.dropUpload(upload);
  });
}
