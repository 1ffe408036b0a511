import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Call, offsetOf, readCall, sessionOf } from './call.ts';
import { type Answer, answerOf, Refused } from './codes.ts';
import { type Desk, lockKey } from './desk.ts';
import { download } from './download.ts';
import type { FaultQueue } from './fault-queue.ts';
import type { FaultAct } from './faults.ts';
import { HungUp, readForm } from './form.ts';
import { perform } from './operations.ts';
import { pause, reset, sendAnswer, sendHalf, sendPage, stampReply } from './reply.ts';
import type { OpenRecord } from './request-log.ts';
import type { Credentials } from './signature.ts';

export type Counter = {
  readonly desk: Desk;
  readonly credentials: readonly Credentials[];
  readonly faults: FaultQueue;
  readonly latencyMs: number;
  readonly log: OpenRecord[];
  readonly intern: (text: string) => string;
  nextRequestId(): string;
};

type Exchange = {
  readonly counter: Counter;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly record: OpenRecord;
};

/** One request from its first byte to the last of its answer, with the fault that is due. */
export async function exchange(
  counter: Counter,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const record: OpenRecord = blankRecord(counter.nextRequestId());
  const at: Exchange = { counter, request, response, record };
  try {
    await serve(at);
  } catch (error) {
    if (error instanceof HungUp) noteAborted(at);
    else await send(at, troubled(at, error));
  }
}

async function serve(at: Exchange): Promise<void> {
  const { counter, request, response, record } = at;
  const form = await readForm(request);
  enter(at);
  const call = readCall(request, form);
  const act = counter.faults.take(call.op, offsetOf(call));
  note(at, call, act);
  if (!(await passes(at, call, act))) return;
  if (call.op === 'download') {
    stampReply(response, stamp(at));
    await download(counter.desk, call.address, request, response);
    record.code = 0;
    return;
  }
  if (act?.kind === 'duplicate') await decide(at, call, act);
  const answer = await decide(at, call, act);
  await send(at, answer, act);
}

/** What a fault does before anything is stored. False: the request ends here. */
async function passes({ counter, response, record }: Exchange, call: Call, act: FaultAct | undefined) {
  switch (act?.kind) {
    case 'reset-before':
      reset(response);
      return false;
    case 'status':
      record.code = act.code;
      sendAnswer(
        response,
        { ...answerOf(act.code), status: act.status },
        { requestId: record.requestId, now: counter.desk.manners.now() },
      );
      return false;
    case 'html':
      sendPage(response, act.status);
      return false;
    case 'stall':
      return act.when === 'after' || (await pause(response, act.forMs));
    case 'forget-session':
      await forgetUpload(counter.desk, call);
      return true;
    default:
      return true;
  }
}

async function decide(at: Exchange, call: Call, act: FaultAct | undefined): Promise<Answer> {
  let answer: Answer;
  try {
    answer = await perform(at.counter.desk, at.counter.credentials, call, act);
  } catch (error) {
    answer = troubled(at, error);
  }
  at.record.code = answer.code;
  return answer;
}

/** Sends the answer in the way the fault wants it. */
async function send(at: Exchange, answer: Answer, act?: FaultAct): Promise<void> {
  const { counter, response } = at;
  if (counter.latencyMs > 0) await pause(response, counter.latencyMs);
  if (act?.kind === 'stall' && act.when === 'after') await pause(response, act.forMs);
  if (response.destroyed || response.headersSent) return void response.destroy();
  if (act?.kind === 'reset-after') return reset(response);
  if (act?.kind === 'truncated') return sendHalf(response, answer, stamp(at));
  sendAnswer(response, altered(answer, act), stamp(at));
}

function altered(answer: Answer, act: FaultAct | undefined): Answer {
  if (act?.kind === 'answered-with-error') return { ...answerOf(act.code), status: act.status };
  const md5 = answer.data?.datamd5;
  if (act?.kind !== 'wrong-md5' || typeof md5 !== 'string') return answer;
  return { ...answer, data: { ...answer.data, datamd5: (md5.startsWith('0') ? '1' : '0') + md5.slice(1) } };
}

function troubled(at: Exchange, error: unknown): Answer {
  enter(at);
  const answer = error instanceof Refused ? error.answer : answerOf(-195, `storage is in trouble: ${error}`);
  at.record.code = answer.code;
  return answer;
}

async function forgetUpload({ store, lock }: Desk, { address }: Call): Promise<void> {
  await lock.alone(lockKey(address), async () => {
    const upload = store.uploads.get(address.bucket, address.path);
    if (upload) await store.dropUpload(upload);
  });
}

const blankRecord = (requestId: string): OpenRecord => ({
  op: 'unknown',
  bucket: '',
  path: '',
  bytes: 0,
  at: 0,
  requestId,
});

/** The client went away while sending: nobody is there to answer, but the request counts. */
function noteAborted(at: Exchange): void {
  at.record.op = 'aborted';
  enter(at);
}

/** Puts the record into the log, once. */
function enter({ counter, record }: Exchange): void {
  if (record.at !== 0) return;
  record.at = Date.now();
  counter.log.push(record);
}

function note({ counter, record }: Exchange, call: Call, act: FaultAct | undefined): void {
  const offset = offsetOf(call);
  const session = sessionOf(call);
  record.op = counter.intern(call.op);
  record.bucket = counter.intern(call.address.bucket);
  record.path = counter.intern(call.address.path);
  record.bytes = call.form.content?.length ?? 0;
  if (offset !== undefined) record.offset = offset;
  if (session !== undefined) record.session = counter.intern(session);
  if (act) record.fault = act.kind;
}

const stamp = ({ counter, record }: Exchange) => ({
  requestId: record.requestId,
  now: counter.desk.manners.now(),
});
