import type { Listed } from '../cos/client.ts';
import { targetName } from '../cos/target.ts';
import { ForeignUpload, TargetBusy } from '../errors.ts';
import { change, load } from '../records/change-transfer.ts';
import { recordedIn, type Target } from '../records/target-record.ts';
import { hasMovedOn, isActive, type Transfer, toSending } from '../records/transfer.ts';
import { pause } from '../retry.ts';
import type { Services, StepTime } from '../services.ts';
import { abandonSession } from '../target/abandon-session.ts';
import { changeTarget } from '../target/change-target.ts';
import { isProvenBy, type Whose, whoseUpload } from '../target/recognise.ts';
import { sessionAdopted } from '../target/upload-transitions.ts';

type Unfinished = Extract<Listed, { kind: 'unfinished' }>;

/** Whoever opened a session writes it down at once; so long, in ms, and so often it is waited for. */
const [RECORD_WAIT_MS, RECORD_WAITS] = [250, 4];

/**
 * The transfer with this session; `reopen` when the session was not this version's and is deleted, or the target must be
 * claimed again; `moved` when the session is gone already; `proven` when the file at the path is this version's and another
 * execution proved it: what is left of an upload beside it is not deleted, since the file would go too. Throws ForeignUpload.
 */
export async function acceptSession(
  transfer: Transfer,
  listed: Unfinished,
  services: Services,
  time: StepTime,
): Promise<Transfer | 'reopen' | 'moved' | 'proven'> {
  const { target, whose } = await recognised(transfer, listed, services, time);
  if (whose === 'not-owner') return ownerless(transfer.id, services);
  if (whose === 'ours') {
    const adopted = await adopt(transfer, listed, target, services);
    if (typeof adopted === 'string') return adopted;
    const wasKnown = recordedIn(target.upload)?.session === listed.session;
    // whoever ended it meanwhile did not know of this session; deleting would take the file that was there too
    if (!isActive(adopted) && !wasKnown && !target.upload?.replaces)
      await abandonSession(services, transfer, listed.session, time);
    return adopted;
  }

  // another execution may have opened anew between the list and the record: its old session is nobody's any more
  if (whose !== 'left-over' && !(await isOpen(listed.session, transfer, services, time))) return 'moved';
  if (whose === 'foreign' && transfer.options.onForeignUpload === 'fail') {
    throw new ForeignUpload(
      `${transfer.target.bucket}/${transfer.target.path} has an unfinished upload that is not ours`,
    );
  }
  services.log.warn('an unfinished upload is not of this version: deleted', {
    transferId: transfer.id,
    whose,
  });
  const inTheWay = { ...transfer, why: 'in-the-way' } as const;
  const abandoned = await abandonSession(services, inTheWay, listed.session, time);
  if (abandoned === 'removed') return 'reopen';
  if (abandoned === 'busy')
    throw new TargetBusy(`another execution is at work on ${transfer.target.path}`, { bySelf: true });
  const now = await services.store.getTarget(targetName(transfer.target));
  if (now?.owner.transferId !== transfer.id) return ownerless(transfer.id, services);
  return isProvenBy(now, transfer.id) ? 'proven' : 'reopen';
}

type Recognised =
  | { readonly whose: Whose; readonly target: Target }
  | { readonly whose: 'not-owner'; readonly target: Target | undefined };

/** Whose session it is, once whoever opened it had the time to write it down. */
async function recognised(
  transfer: Transfer,
  listed: Unfinished,
  { store }: Pick<Services, 'store'>,
  { signal }: StepTime,
): Promise<Recognised> {
  for (let waits = 0; ; waits += 1) {
    const target = await store.getTarget(targetName(transfer.target));
    if (target?.owner.transferId !== transfer.id) return { whose: 'not-owner', target };
    const whose = whoseUpload(listed, transfer, target);
    if (whose !== 'unrecorded' || waits === RECORD_WAITS) return { whose, target };
    await pause(RECORD_WAIT_MS, signal);
  }
}

/** Whoever owns the target now ended this transfer, or is about to; if nobody does, it is claimed again. */
async function ownerless(transferId: string, services: Services): Promise<Transfer | 'reopen'> {
  const now = await load(services, transferId);
  return isActive(now) ? 'reopen' : now;
}

async function isOpen(
  session: string,
  { target }: Transfer,
  { cos }: Pick<Services, 'cos'>,
  time: StepTime,
): Promise<boolean> {
  const now = await cos.list(target, time.signal);
  return now.kind === 'unfinished' && now.session === session;
}

/**
 * Goes on with a session that is ours but perhaps not yet written down; `moved` when another was written down since it was
 * listed. The transfer as it is, if the target is not its own any more.
 */
async function adopt(
  transfer: Transfer,
  { session, sliceSize, sha1 }: Unfinished,
  { name, upload }: Target,
  services: Services,
): Promise<Transfer | 'reopen' | 'moved'> {
  const known = recordedIn(upload);
  if (transfer.state === 'sending' && transfer.session === session && known?.session === session)
    return transfer;
  // whether slices must go one at a time is said at init only: if nobody wrote it down, one at a time is always right
  const serial = known?.session === session ? (known.serial ?? true) : true;
  const { size } = transfer.source;
  const adopted = { session, size, serial, instead: known?.session, at: services.clock() };
  const written = await changeTarget(services, name, sessionAdopted({ transferId: transfer.id, ...adopted }));
  if (!written.done && written.why === 'moved-on') return 'moved';
  if (!written.done && written.why !== 'as-it-is') return ownerless(transfer.id, services);
  if (transfer.state === 'sending' && transfer.session === session) return transfer;
  const facts = { session, sliceSize, serial, withSha: sha1 !== undefined };
  const now = await change(services, transfer.id, (from) =>
    hasMovedOn(from, transfer, session) ? undefined : toSending(from, facts, services.clock()),
  );
  return hasMovedOn(now, transfer, session) ? 'moved' : now;
}
