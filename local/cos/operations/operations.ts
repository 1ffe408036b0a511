import type { FaultAct } from '../faults.ts';
import type { Call } from '../wire/call.ts';
import { type Answer, Refused } from '../wire/codes.ts';
import { type Credentials, checkSignature, type SignatureKind } from '../wire/signature.ts';
import { type Context, needBucket, nowSeconds } from './context.ts';
import { remove, stat, update, uploadFile } from './files.ts';
import { finishSlices } from './finish-slices.ts';
import { createFolder } from './folders.ts';
import { listFolder } from './list-folder.ts';
import { relocate } from './move-copy.ts';
import { uploadSlice } from './older-slices.ts';
import { openSlices } from './open-slices.ts';
import { listSlices, putSlice } from './slices.ts';

type Operation = {
  readonly signed: SignatureKind;
  run(context: Context, call: Call, act: FaultAct | undefined): Promise<Answer>;
};

const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  Object.entries<Operation>({
    upload_slice_init: { signed: 'many', run: openSlices },
    upload_slice_list: { signed: 'many', run: (context, call, act) => listSlices(context, call, lagOf(act)) },
    upload_slice_data: {
      signed: 'many',
      run: (context, call, act) => putSlice(context, call, isDamaged(act)),
    },
    upload_slice_finish: { signed: 'many', run: finishSlices },
    upload_slice: { signed: 'many', run: (context, call, act) => uploadSlice(context, call, isDamaged(act)) },
    upload: { signed: 'many', run: (context, call, act) => uploadFile(context, call, isDamaged(act)) },
    stat: { signed: 'many', run: stat },
    list: { signed: 'many', run: listFolder },
    create: { signed: 'many', run: createFolder },
    move: { signed: 'either', run: relocate },
    copy: { signed: 'either', run: relocate },
    update: { signed: 'once', run: update },
    delete: { signed: 'once', run: remove },
  }),
);

/** Checks who asks, then does what is asked. Throws `Refused` for what cannot be served. */
export async function perform(
  context: Context,
  credentials: readonly Credentials[],
  call: Call,
  act: FaultAct | undefined,
): Promise<Answer> {
  const operation = OPERATIONS.get(call.op);
  if (!operation) throw new Refused(-5999, 'op is unknown');
  const { address } = call;
  const signed = { authorization: call.authorization, address, kind: operation.signed };
  checkSignature(signed, credentials, nowSeconds(context));
  needBucket(context, address);
  return operation.run(context, call, act);
}

const isDamaged = (act: FaultAct | undefined): boolean => act?.kind === 'corrupt';

const lagOf = (act: FaultAct | undefined): number => (act?.kind === 'list-lags' ? act.slices : 0);
