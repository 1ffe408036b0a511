import { randomBytes } from 'node:crypto';
import { type FileRecord, newFile, type UploadRecord } from '../disk/records.ts';
import { type Answer, answerOf, good, Refused } from '../wire/codes.ts';
import { type Context, links, lockKey, needFilePath, nowSeconds, type Place } from './context.ts';
import { provideParent } from './parents.ts';

export type Asked = {
  readonly filesize: number;
  readonly sliceSize: number;
  readonly sha: string | undefined;
  readonly bizAttr: string;
  readonly insertOnly: boolean;
  /** By `op=upload_slice`: the last slice closes the file, slices may come without `sha`. */
  readonly older: boolean;
};

export type Begun =
  | { readonly kind: 'session'; readonly upload: UploadRecord }
  | { readonly kind: 'unfinished'; readonly upload: UploadRecord; readonly otherSha: boolean }
  | { readonly kind: 'over'; readonly answer: Answer }; // stored in an instant, or the file is there

/** What both forms of a sliced upload begin with: a new session, or why there is none. */
export function beginUpload(context: Context, place: Place, asked: Asked): Promise<Begun> {
  needFilePath(place);
  const { sliceSizes, largestFile } = context.behaviour;
  const taken = sliceSizes === 'any' ? isAnySize(asked.sliceSize) : sliceSizes.includes(asked.sliceSize);
  if (!taken) throw new Refused(-284);
  if (asked.filesize > largestFile) throw new Refused(-5999, `filesize is more than ${largestFile}`);
  return context.lock.alone(lockKey(place), async (): Promise<Begun> => {
    await provideParent(context, place);
    const { store } = context;
    const file = store.files.get(place.bucket, place.path);
    if (asked.insertOnly && file) return { kind: 'over', answer: again(context, file, asked) };
    const upload = store.uploads.get(place.bucket, place.path);
    if (upload) return { kind: 'unfinished', upload, otherSha: isOtherSha(upload.sha, asked.sha) };
    const twin = asked.sha && sameContent(context, place.bucket, asked.sha, asked.filesize);
    if (twin) return { kind: 'over', answer: await instantly(context, place, twin, asked) };
    return { kind: 'session', upload: await newSession(context, place, asked) };
  });
}

const isAnySize = (size: number): boolean => size >= 64 * 1024 && size <= 3 * 1024 * 1024;

/** "same `sha`, or none was given": only two that are known can differ. */
const isOtherSha = (held: string | undefined, given: string | undefined): boolean =>
  held !== undefined && given !== undefined && held !== given;

/** The answer where `insertOnly=1` meets a file: the same name with the same content repeats the success. */
export function again(
  context: Context,
  file: FileRecord,
  { sha, filesize }: Pick<Asked, 'sha' | 'filesize'>,
): Answer {
  const same = sha !== undefined && file.sha === sha && file.size === filesize;
  return same && !context.behaviour.refuseSame ? good(links(context, file)) : answerOf(-177);
}

function sameContent(context: Context, bucket: string, sha: string, size: number): FileRecord | undefined {
  for (const file of context.store.files.all()) {
    if (file.sha === sha && file.size === size && file.bucket === bucket) return file;
  }
  return undefined;
}

/** Instant upload: a second name for bytes that are here already, and no session. */
async function instantly(context: Context, place: Place, twin: FileRecord, asked: Asked): Promise<Answer> {
  const { bucket, path } = place;
  const dataId = await context.store.shareData(twin.dataId);
  await context.store.placeFile({
    ...newFile(bucket, path, nowSeconds(context)),
    dataId,
    size: twin.size,
    sha: twin.sha,
    bizAttr: asked.bizAttr,
  });
  return good(links(context, place));
}

async function newSession(context: Context, { bucket, path }: Place, asked: Asked): Promise<UploadRecord> {
  const { grantSliceSize, serialUpload } = context.behaviour;
  const upload: UploadRecord = {
    bucket,
    path,
    session: randomBytes(32).toString('hex'),
    filesize: asked.filesize,
    sliceSize: grantSliceSize ?? asked.sliceSize,
    ...(asked.sha && { sha: asked.sha }),
    insertOnly: asked.insertOnly,
    serial: serialUpload,
    ...(asked.older && { older: true }),
    bizAttr: asked.bizAttr,
    ctime: nowSeconds(context),
  };
  await context.store.openUpload(upload);
  return upload;
}
