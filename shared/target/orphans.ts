import { type Orphan, recordedIn, type Upload } from '../records/target-record.ts';
import type { TargetDraft } from './transition.ts';

/** How many orphaned sessions a target remembers; the oldest are forgotten. */
const ORPHANS_KEPT = 8;

/** Another transfer's upload makes room: its session is orphaned, and what an init of it may open. */
export function orphaning(from: TargetDraft): TargetDraft {
  const { upload } = from;
  const last = recordedIn(upload);
  const named = upload && last?.state === 'open' ? [{ session: last.session, size: upload.size }] : [];
  return withOrphans(from, [...named, ...initsOf(upload)]);
}

/** The session that an init which may be under way opens: it has no name yet. */
export const initsOf = (upload: Upload | undefined): Orphan[] =>
  upload?.state === 'opening' ? [{ size: upload.size }] : [];

export const withOrphans = (from: TargetDraft, left: readonly Orphan[]): TargetDraft => {
  const known = from.orphans.filter((one) => !left.some((other) => isEqual(one, other)));
  return { ...from, orphans: [...known, ...left].slice(-ORPHANS_KEPT) };
};

export const isEqual = (a: Orphan, b: Orphan): boolean => a.session === b.session && a.size === b.size;
