import { cancelOnRequest } from '../../shared/api/cancel-transfer.ts';
import { finishClientUpload } from '../../shared/api/finish-transfer.ts';
import { requestKey } from '../../shared/api/idempotency.ts';
import { putSlice } from '../../shared/api/put-slice.ts';
import { requestTransfer } from '../../shared/api/start-transfer.ts';
import { asError, RelayError } from '../../shared/errors.ts';
import { deadlines } from '../../shared/lambda/deadline.ts';
import type { StepTime } from '../../shared/services.ts';
import type { Wired } from '../../shared/wiring/wiring.ts';
import type { Run } from './run.ts';
import { PATH } from './world.ts';

/** What API Gateway waits for an answer, in ms. */
const CALL_MS = 29_000;
export const CALLER = { name: 'somebody', by: 'iam' } as const;
const ROUNDS = 8;
/** Troubles have stopped by then: a client that wants its file asks until it is told what became of it. */
const STARTS = 40;
/** What `target-busy` asks a client to wait. */
const RETRY_AFTER_MS = 30_000;

/** One call of the API, as a Lambda of its own. */
export const call = <T>(
  run: Run,
  name: string,
  about: string,
  work: (own: Wired, time: StepTime) => Promise<T>,
): Promise<T> => run.live(name, about, CALL_MS, (own, context) => work(own, deadlines(context)));

/** A client of the API that uploads a file of its own, tries again what fails, and cancels when it gives up. */
export async function uploadByClient(run: Run, content: string, size: number): Promise<void> {
  const bytes = run.world.contents.make(content, size);
  let calls = 0;
  const ask = <T>(what: string, work: (own: Wired, time: StepTime) => Promise<T>): Promise<T | Error> => {
    calls += 1;
    return call(run, `${content}-${what}${calls}`, content, work).catch(asError);
  };
  const body = { target: { path: PATH }, size };
  run.world.clientBytes.set(requestKey(CALLER.name, content, body).name, content);
  let id: string | undefined;
  for (let round = 1; round <= (id === undefined ? STARTS : ROUNDS); round += 1) {
    if (round > 1) await pause(round * 10_000);
    const begun = await ask('start', (own, time) =>
      requestTransfer({ caller: CALLER, headers: { 'idempotency-key': content }, body }, own, time),
    );
    if (begun instanceof RelayError && begun.remedy === 'give-up') return; // it was told, and the transfer says why
    if (begun instanceof Error) continue;
    id = begun.id;
    if (begun.state !== 'sending' || begun.sliceSize === undefined) {
      if (begun.state === 'stored') return;
      continue;
    }
    for (let offset = 0; offset < size; offset += begun.sliceSize) {
      const part = bytes.subarray(offset, Math.min(size, offset + begun.sliceSize));
      const path = { id, offset };
      const put = await ask('put', (own, time) =>
        putSlice({ caller: CALLER, path, headers: {}, body: part }, own, time),
      );
      if (put instanceof RelayError && put.remedy === 'give-up') break;
    }
    const path = { id };
    const finished = await ask('finish', (own, time) =>
      finishClientUpload({ caller: CALLER, path }, own, time),
    );
    if (!(finished instanceof Error)) return;
  }
  for (let tries = 1; id !== undefined && tries <= ROUNDS; tries += 1) {
    const path = { id };
    const over = await ask('cancel', (own, time) =>
      cancelOnRequest({ caller: CALLER, path, query: {} }, own, time),
    );
    if (!(over instanceof Error) || (over instanceof RelayError && over.remedy === 'give-up')) return;
    await pause(RETRY_AFTER_MS); // its file may be being closed
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
