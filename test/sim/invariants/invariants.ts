import type { Transfer } from '../../../shared/records/transfer.ts';
import { isActive } from '../../../shared/records/transfer.ts';
import type { ObjectVersion } from '../models/bucket.ts';
import type { Violation } from '../run.ts';
import { CREDENTIALS } from '../sandbox.ts';
import type { Operation } from '../scheduler.ts';
import {
  contentOf,
  contentOfFile,
  deletedBy,
  isWorkedOn,
  KEYS,
  type Look,
  PATH,
  provenAt,
  provenEtag,
  transfersOf,
  type World,
} from '../world.ts';

/** Something that was just done to the world. `before`: what was there until then. */
export type Effect = { readonly operation: Operation; readonly result: unknown; readonly before: Look };

const WRITES = new Set(
  ['create', 'replace', 'replaceTarget', 'claimKey', 'addWindow', 'addChain', 'noteSlice'].map(
    (name) => `store.${name}`,
  ),
);

/** What must hold after every effect: undefined, or what is wrong. */
type Invariant = (effect: Effect, world: World) => string | undefined;

/** By name, each about what a user would lose. */
const INVARIANTS: Readonly<Record<string, Invariant>> = {
  'stored means the bytes of the pinned version'({ operation, result, before }, world) {
    const next = written(operation, result);
    if (next?.state === 'stored' && !world.seen.proven.has(next.id))
      return `the transfer of ${world.nameOf(next.id)} is stored, and its target never said so`;
    if (operation.name !== 'store.replaceTarget' || result !== true) return undefined;
    const id = provenAt(world.table.targets.get(world.target));
    if (id === undefined || id === before.proven) return undefined;
    world.seen.proven.add(id);
    const proven = pinnedBy(id, world);
    const file = world.cos.files.get(PATH);
    const there = file ? contentOfFile(file) : 'nothing';
    const wanted = proven?.size === 0 ? 'empty' : proven?.content;
    if (there === wanted && file?.size === proven?.size) return undefined;
    return `the target says that the file is of ${world.nameOf(id)}, and COS holds ${there}, not ${wanted}`;
  },

  'no finished file holds bytes of two versions'({ before }, { cos }) {
    const file = cos.files.get(PATH);
    if (!file || file === before.file) return undefined;
    return contentOfFile(file) === 'mixed' ? 'the file at the path is of two versions' : undefined;
  },

  'a newer version that is stored is not overwritten by an older one'({ operation, before }, world) {
    const file = world.cos.files.get(PATH);
    if (!file || file === before.file || file.slices === before.file?.slices) return undefined;
    const now = world.versions.find(({ content }) => content === contentOfFile(file));
    if (!now || world.bucket.find(now.object.key)?.etag === now.object.etag) return undefined; // it is current again
    const newer = world.versions.filter(
      ({ object }) =>
        object.key === now.object.key && object.sequencer > now.object.sequencer && isKept(object, world),
    );
    // a call of the API names no sequencer, and S3 states times in whole seconds: of one second nobody knows which is newer
    const isOrdered = ({ source }: Transfer) =>
      source.kind === 's3' &&
      (source.sequencer !== undefined || source.lastModified > now.object.lastModified);
    const stored = transfersOf(world).filter((one) => one.state === 'stored' && isOrdered(one));
    const lost = newer.find(({ content }) => stored.some((one) => contentOf(one, world) === content));
    if (!lost || before.file === undefined || contentOfFile(before.file) !== lost.content) return undefined;
    return `${operation.life.name} wrote ${now.content} over ${lost.content}, which is newer and stored`;
  },

  'what a mirrored deletion took does not come back'({ operation, before }, world) {
    const file = world.cos.files.get(PATH);
    if (!file || file === before.file || file.slices === before.file?.slices) return undefined;
    const now = world.versions.find(({ content }) => content === contentOfFile(file));
    if (!now || world.bucket.find(now.object.key)) return undefined; // it, or what came since, is wanted
    const deletion = deletedBy(world.table.targets.get(world.target));
    if (deletion === undefined || now.object.key !== KEYS[0]) return undefined;
    const since = world.bucket.revivedBy(now.object) ?? now.object.sequencer; // its deletion was itself undone
    if (since > deletion) return undefined;
    return `${operation.life.name} wrote ${now.content}, whose deletion was mirrored`;
  },

  'a fail policy never fails because of our own session or file'({ operation, result }, world) {
    const next = written(operation, result);
    if (next?.state !== 'failed') return undefined;
    const { error } = next.reason;
    const who = `the transfer of ${world.nameOf(next.id)}`;
    if (error === 'ForeignUpload')
      return world.plan.before === 'foreign-upload' || world.hasOthers()
        ? undefined
        : `${who} failed with ForeignUpload, and all uploads are ours`;
    if (error !== 'TargetExists') return undefined;
    const mayExist =
      world.plan.before === 'older-file' ||
      world.hasOthers() ||
      world.versions.length > 1 ||
      world.cos.behaviour.closesItself || // nobody hears of a file that COS closed by itself: it is anybody's
      world.seen.cancelled ||
      world.seen.deleted;
    return mayExist ? undefined : `${who} failed with TargetExists over its own file`;
  },

  'nothing that was proven is deleted'({ operation, before }, world) {
    if (operation.name !== 'cos.remove' || !before.file || world.cos.files.has(PATH)) return undefined;
    if (world.seen.deleted) return undefined; // a mirrored deletion may be it
    const was = contentOfFile(before.file);
    const all = transfersOf(world);
    const proven = all.some((one) => one.state === 'stored' && contentOf(one, world) === was);
    // what is on its way replaces it; of a small object, only the target tells that it is
    if (!proven || all.some(isActive) || isWorkedOn(world.table.targets.get(world.target))) return undefined;
    return `${operation.life.name} deleted ${was}, which is stored`;
  },

  'no secret is in a record'({ operation }) {
    if (!WRITES.has(operation.name)) return undefined;
    const text = JSON.stringify(operation.given);
    return Object.values(CREDENTIALS).some((secret) => text.includes(secret))
      ? `${operation.name} wrote a secret`
      : undefined;
  },
};

/** The place of a version that was destroyed for good is taken by the one before it. */
const isKept = ({ key, versionId }: ObjectVersion, { bucket }: World): boolean =>
  versionId === undefined || bucket.find(key, versionId) !== undefined;

export function checkEffect(effect: Effect, world: World): Violation | undefined {
  for (const [invariant, check] of Object.entries(INVARIANTS)) {
    const text = check(effect, world);
    if (text !== undefined) return { invariant, text };
  }
  return undefined;
}

/** What a transfer pinned. A small object's may not be in the table yet: then it is the version that the target names. */
function pinnedBy(
  id: string,
  world: World,
): { readonly content?: string | undefined; readonly size: number } | undefined {
  const transfer = transfersOf(world).find((one) => one.id === id);
  if (transfer) return { content: contentOf(transfer, world), size: transfer.source.size };
  const etag = provenEtag(world.table.targets.get(world.target));
  return world.versions.find(({ object }) => object.etag === etag);
}

/** The transfer that this effect wrote, if it wrote one. */
const written = ({ name, given }: Operation, result: unknown): Transfer | undefined =>
  name === 'store.replace' && result === true ? (given as Transfer) : undefined; // the contract's one argument
