import type { FaultAct } from '../faults.ts';
import type { Call } from '../wire/call.ts';
import { type Answer, Refused } from '../wire/codes.ts';
import { type Credentials, checkSignature, type SignatureKind } from '../wire/signature.ts';
import { type Context, nowSeconds } from './context.ts';
import { remove, stat, update, uploadFile } from './files.ts';
import { finishSlices } from './finish-slices.ts';
import { createFolder, listFolder } from './folders.ts';
import { openSlices } from './open-slices.ts';
import { listSlices, putSlice } from './slices.ts';

type Operation = {
  readonly signed: SignatureKind;
  run(context: Context, call: Call, act: FaultAct | undefined): Promise<Answer>;
};

const OPERATIONS: Readonly<Record<string, Operation>> = {
  upload_slice_init: { signed: 'many', run: openSlices },
  upload_slice_list: { signed: 'many', run: (context, call, act) => listSlices(context, call, lagOf(act)) },
  upload_slice_data: { signed: 'many', run: (context, call, act) => putSlice(context, call, isDamaged(act)) },
  upload_slice_finish: { signed: 'many', run: finishSlices },
  upload: { signed: 'many', run: (context, call, act) => uploadFile(context, call, isDamaged(act)) },
  stat: { signed: 'many', run: stat },
  list: { signed: 'many', run: listFolder },
  create: { signed: 'many', run: createFolder },
  update: { signed: 'once', run: update },
  delete: { signed: 'once', run: remove },
};

const BUCKET_NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;

/** Checks who asks, then does what is asked. Throws `Refused` for what cannot be served. */
export async function perform(
  context: Context,
  credentials: readonly Credentials[],
  call: Call,
  act: FaultAct | undefined,
): Promise<Answer> {
  const operation = Object.hasOwn(OPERATIONS, call.op) ? OPERATIONS[call.op] : undefined;
  if (!operation) throw new Refused(-5999, 'op is unknown');
  const { address } = call;
  checkSignature(call.authorization, address, operation.signed, credentials, nowSeconds(context));
  if (address.appId !== context.behaviour.appId) throw new Refused(-70, 'no such app');
  if (!BUCKET_NAME.test(address.bucket)) throw new Refused(-199);
  if (!context.behaviour.buckets.includes(address.bucket)) throw new Refused(-133);
  return operation.run(context, call, act);
}

const isDamaged = (act: FaultAct | undefined): boolean => act?.kind === 'corrupt';

const lagOf = (act: FaultAct | undefined): number => (act?.kind === 'list-lags' ? act.slices : 0);
