import type { Listed } from '../cos/client.ts';
import { targetName } from '../cos/target.ts';
import { SessionLost } from '../errors.ts';
import type { Opening, Sending, Transfer } from '../records/transfer.ts';
import { judgeClosed } from '../relay/closed-upload.ts';
import { heldSlices } from '../relay/held-slices.ts';
import type { ApiServices, Services, StepTime } from '../services.ts';
import { mergeRanges, missingSlices, planSlices, type Slice, totalBytes } from '../slices/slices.ts';
import { changeTarget } from '../target/change-target.ts';
import { whoseUpload } from '../target/recognise.ts';
import { spoiled } from '../target/upload-transitions.ts';
import { loadFor } from './access.ts';
import { mustBeSending } from './declined.ts';
import { openClientUpload, reopenClientUpload } from './open-client-upload.ts';
import type { SlicesInput } from './request-schemas.ts';
import { touchUpload } from './touch-upload.ts';
import type { SlicesView } from './views.ts';

const MISSING_SHOWN = 1_000;

/** What COS says it holds of a transfer. An upload that a client drives is opened anew if COS lost its session. */
export async function showSlices(
  { caller, path, query }: SlicesInput,
  services: ApiServices,
  time: StepTime,
): Promise<SlicesView> {
  const found = await loadFor(caller, path.id, 'look', services);
  const transfer = found.source.kind === 'client' ? await openClientUpload(found, services, time) : found;
  await touchUpload(transfer, services);
  if (transfer.state === 'stored') return view(transfer, everything(transfer), query);
  let sending = mustBeSending(transfer);
  let held = await heldInCos(sending, services, time);
  if (held === 'lost' && sending.source.kind === 'client') {
    sending = mustBeSending(await reopenClientUpload(sending, services, time));
    held = await heldInCos(sending, services, time);
  }
  if (held === 'lost') throw new SessionLost('COS does not list the session of this transfer');
  return view(sending, plan(sending, held), query);
}

/** The slices of our session that COS lists; `lost` if it lists another one, or none and the file there is not ours. */
export async function heldInCos(
  transfer: Sending,
  services: Services,
  time: StepTime,
): Promise<readonly Slice[] | 'lost'> {
  const listed = await services.cos.list(transfer.target, time.signal);
  const target = await services.store.getTarget(targetName(transfer.target));
  if (target?.owner.transferId !== transfer.id) throw new SessionLost('another transfer owns the target');
  const all = planSlices(transfer.source.size, transfer.sliceSize);
  switch (listed.kind) {
    case 'none':
      return 'lost';
    case 'finished': {
      const file = await services.cos.stat(transfer.target, time.signal);
      const closed = await judgeClosed(transfer, { file, target, isLost: false }, services);
      if (closed === 'unsound') await changeTarget(services, target.name, spoiled(transfer.id));
      return closed === 'ours' ? all : 'lost';
    }
    case 'unfinished': {
      const ours = whoseUpload(listed, transfer, target) === 'ours' && listed.session === transfer.session;
      return ours ? believed(all, listed, transfer, services) : 'lost';
    }
  }
}

type Unfinished = Extract<Listed, { kind: 'unfinished' }>;

/** Only what COS lists counts, and nothing that arrived damaged; under `verified` only if it also confirmed the MD5. */
async function believed(
  all: readonly Slice[],
  listed: Unfinished,
  transfer: Sending,
  { store }: Services,
): Promise<Slice[]> {
  return heldSlices(all, transfer, { listed, windows: await store.windows(transfer.id), strict: true });
}

type Plan = {
  readonly sliceSize: number;
  readonly serial: boolean;
  readonly all: readonly Slice[];
  readonly missing: readonly Slice[];
};

export function plan({ source, sliceSize, serial }: Sending, held: readonly Slice[]): Plan {
  const all = planSlices(source.size, sliceSize);
  return { sliceSize, serial, all, missing: missingSlices(all, held) };
}

/** A stored file has no session any more; it is shown in the slices it was sent in, or as one. */
function everything({ source, receipt }: Extract<Transfer, { state: 'stored' }>): Plan {
  const sliceSize = receipt.sliceSize ?? Math.max(1, source.size);
  return { sliceSize, serial: false, all: planSlices(source.size, sliceSize), missing: [] };
}

function view(
  { id, state, source }: Exclude<Transfer, Opening>,
  { sliceSize, serial, all, missing }: Plan,
  { from = 0, limit = MISSING_SHOWN }: SlicesInput['query'],
): SlicesView {
  const gone = new Set(missing.map(({ offset }) => offset));
  const held = all.filter(({ offset }) => !gone.has(offset));
  const ahead = missing.filter(({ offset }) => offset >= from);
  const next = ahead[limit]?.offset;
  // ranges come in the same order, so a page of them ends where the page of missing slices ends
  const ranges = mergeRanges(held).filter(
    (range) => range.offset + range.length > from && (next === undefined || range.offset < next),
  );
  return {
    transferId: id,
    state,
    size: source.size,
    sliceSize,
    serial,
    bytes: { total: source.size, held: source.size - totalBytes(missing) },
    slices: { total: all.length, held: all.length - missing.length },
    held: ranges,
    missing: ahead.slice(0, limit),
    ...(next !== undefined && { next }),
  };
}
