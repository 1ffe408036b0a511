import { expect, test } from 'vitest';
import { type CosCall, refusal } from '../../shared/cos/call.ts';
import * as errors from '../../shared/errors.ts';
import { problemOf } from '../../shared/lambda/http/answer.ts';

const kindOf = (error: Error): string => {
  const { statusCode, body } = problemOf(error);
  return `${statusCode} ${JSON.parse(body).type.split(':').at(-1)}`;
};

test('every error of the relay has a problem of its own', () => {
  const trace = { cosCode: -5999, requestId: 'r1' };
  const expected: [Error, string][] = [
    [new errors.CosRefused('no', { ...trace, wayOut: 'look' }), '502 cos-refused'],
    [new errors.CosUnavailable('later', trace), '503 cos-unavailable'],
    [new errors.CosUnavailable('fewer', { ...trace, throttled: true }), '429 too-many-requests'],
    [new errors.SessionLost('gone'), '409 session-lost'],
    [new errors.ForeignUpload('theirs'), '409 foreign-upload'],
    [new errors.TargetExists('there'), '409 target-exists'],
    [new errors.TargetBusy('busy'), '409 target-busy'],
    [new errors.BudgetUsedUp('tomorrow', { waitS: 5 }), '429 budget-used-up'],
    [new errors.SourceChanged('changed'), '409 source-changed'],
    [new errors.SourceMissing('missing'), '422 source-missing'],
    [new errors.SourceUnavailable('later'), '503 source-unavailable'],
    [new errors.SliceCorrupt('other bytes'), '502 slice-corrupt'],
    [new errors.NotIdentical('another size'), '502 not-identical'],
    [new errors.NoProgress('stuck'), '502 no-progress'],
    [new errors.UnknownTransfer('who?'), '404 unknown-transfer'],
    [new errors.BadInput('query.limit: is bad'), '400 bad-request'],
    [new errors.BadConfig('COS_REGION: is not set'), '500 internal'],
    [new Error('anything'), '500 internal'],
  ];
  for (const [error, kind] of expected) expect(kindOf(error)).toBe(kind);
});

test('the COS code and request id are passed on, what COS says of our signature is not', () => {
  const call: CosCall = {
    op: 'stat',
    target: { appId: '1', region: 'gz', bucket: 'b', path: '/p' },
    signature: 'multi-effect',
  };
  for (const code of [-47, -48, -59, -61, -63, -70, -97]) {
    const reply = { status: 403, code, message: 'ERROR_AKIDSECRET', data: undefined, request_id: 'r2' };
    const { body } = problemOf(refusal(call, reply));

    expect(JSON.parse(body)).toMatchObject({ cosCode: code, requestId: 'r2' });
    expect(body).not.toContain('SECRET');
    expect(JSON.parse(body)).not.toHaveProperty('wayOut');
  }
});

test('an error that is none of ours says nothing of itself', () => {
  for (const error of [new TypeError('hunter2 is not a function'), new errors.BadConfig('hunter2')]) {
    expect(problemOf(error).body).not.toContain('hunter2');
  }
});
