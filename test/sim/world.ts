import type { Config } from '../../shared/config.ts';
import { targetName } from '../../shared/cos/target.ts';
import type { Transfer } from '../../shared/records/transfer.ts';
import { type Bucket, type ObjectVersion, openBucket } from './models/bucket.ts';
import { type Contents, openContents } from './models/contents.ts';
import { type CosState, emptyCos, type StoredFile } from './models/cos-state.ts';
import { emptyTable, type TableState, targetIn, transferIn } from './models/table.ts';
import type { Plan } from './plan.ts';
import { configOf } from './sandbox.ts';

export const PATH = 'in/film.bin';
/** Two sources that go to one path. */
export const KEYS = ['a/film.bin', 'b/film.bin'] as const;

/** One version that was put: its content's name, and what S3 made of it. */
export type Version = { readonly content: string; readonly object: ObjectVersion; readonly size: number };

/** What was there before an effect: the file, the state of the transfer that it writes, whose file the target says it is. */
export type Look = {
  readonly file: StoredFile | undefined;
  readonly state?: string;
  readonly proven?: string;
};

/** All that outlives a Lambda, and what really happened. */
export type World = {
  readonly plan: Plan;
  readonly config: Config;
  /** In ms since the epoch. */
  readonly begin: number;
  readonly cos: CosState;
  readonly bucket: Bucket;
  readonly table: TableState;
  readonly contents: Contents;
  /** The name of the target in the table. */
  readonly target: string;
  readonly versions: Version[];
  /** The bytes of a client's upload, by the key of its source. */
  readonly clientBytes: Map<string, string>;
  readonly seen: {
    cancelled: boolean;
    deleted: boolean;
    dropped: number;
    unguarded: number;
    clients: number;
    backfills: number;
    /** Transfers whose file the target said it is. */
    readonly proven: Set<string>;
  };
  look(operation: { readonly name: string; readonly given: unknown }): Look;
  /** The name of the bytes a transfer carries: short, and the same in every run. */
  nameOf(transferId: string): string;
  /** Somebody else than one source writes to the path. */
  hasOthers(): boolean;
};

export function openWorld(plan: Plan): World {
  const now = () => Date.now();
  const config = configOf(plan.env);
  const { COS_REGION: region, COS_APP_ID: appId, COS_BUCKET: bucket } = config;
  const table = emptyTable();
  const cos = emptyCos(plan.behaviour, () => Math.floor(now() / 1_000));
  const names = new Map<string, string>();
  const stateOf = (id: string): string | undefined => {
    const text = table.transfers.get(id);
    return text === undefined ? undefined : transferIn(text).state;
  };
  const world: World = {
    plan,
    config,
    begin: now(),
    cos,
    bucket: openBucket('source', plan.versioned, now),
    table,
    contents: openContents(),
    target: targetName({ region, appId, bucket, path: PATH }),
    versions: [],
    clientBytes: new Map(),
    seen: {
      cancelled: false,
      deleted: false,
      dropped: 0,
      unguarded: 0,
      clients: 0,
      backfills: 0,
      proven: new Set(),
    },
    look({ name, given }) {
      const state = name === 'store.replace' ? stateOf((given as Transfer).id) : undefined; // the contract's one argument
      const proven = name === 'store.replaceTarget' ? provenAt(table.targets.get(world.target)) : undefined;
      return {
        file: cos.files.get(PATH),
        ...(state !== undefined && { state }),
        ...(proven !== undefined && { proven }),
      };
    },
    nameOf(id) {
      const known = names.get(id);
      if (known !== undefined) return known;
      const text = table.transfers.get(id);
      const name = text === undefined ? undefined : contentOf(transferIn(text), world);
      if (name !== undefined) names.set(id, name);
      return name ?? id.slice(0, 8);
    },
    hasOthers: () =>
      world.seen.clients > 0 || new Set(world.versions.map(({ object }) => object.key)).size > 1,
  };
  return world;
}

/** The transfer whose file is at the path, by the target's record. */
export function provenAt(text: string | undefined): string | undefined {
  const file = text === undefined ? undefined : targetIn(text).file;
  return file?.state === 'stored' ? file.transferId : undefined;
}

/** The sequencer of the deletion that took the file of the path, by the target's record. */
export function deletedBy(text: string | undefined): string | undefined {
  const file = text === undefined ? undefined : targetIn(text).file;
  return file?.state === 'deleted' ? file.transferId.replace('deletion-', '') : undefined;
}

/** A transfer works on the target. */
export const isWorkedOn = (text: string | undefined): boolean =>
  text !== undefined && targetIn(text).active === true;

/** The ETag of the version that the target's record says the file is. */
export function provenEtag(text: string | undefined): string | undefined {
  const file = text === undefined ? undefined : targetIn(text).file;
  return file?.state === 'stored' ? file.etag : undefined;
}

export function putVersion(world: World, key: string, size: number): Version {
  const content = `v${world.versions.length + 1}`;
  const object = world.bucket.put(key, world.contents.make(content, size), world.contents.md5Of(content));
  const version = { content, object, size };
  world.versions.push(version);
  return version;
}

/** The name of the bytes a transfer is to carry. */
export function contentOf({ source }: Pick<Transfer, 'source'>, world: World): string | undefined {
  if (source.kind === 'client') return world.clientBytes.get(source.key);
  const same = ({ object }: Version) =>
    object.etag === source.etag &&
    object.key === source.key &&
    (source.sequencer === undefined ||
      source.revivedBy !== undefined ||
      source.sequencer === object.sequencer);
  return world.versions.find(same)?.content;
}

/** What a file's bytes are: the name of one version, `mixed` of several, `damaged`, `empty`. */
export function contentOfFile({ slices, size }: StoredFile): string {
  if (size === 0) return 'empty';
  const names = new Set(slices.map(({ of }) => of?.version ?? 'damaged'));
  const [first] = names;
  if (names.size !== 1 || first === undefined) return names.has('damaged') ? 'damaged' : 'mixed';
  let at = 0;
  for (const { of, bytes } of slices) {
    if (of?.offset !== at) return 'damaged';
    at += bytes.length;
  }
  return first;
}

export const transfersOf = ({ table }: World): Transfer[] => [...table.transfers.values()].map(transferIn);
