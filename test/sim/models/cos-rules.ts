import { hash } from 'node:crypto';
import type { Content } from './contents.ts';
import type { CosState, OpenUpload, StoredFile } from './cos-state.ts';

/** An answer of COS: its code, and data that goes with 0. */
export type Answer<T = object> = { readonly code: number; readonly data?: T };

export const good = <T>(data: T): Answer<T> => ({ code: 0, data });

const parentOf = (path: string): string => path.slice(0, path.replace(/\/$/, '').lastIndexOf('/') + 1);
const hasParent = ({ folders }: CosState, path: string): boolean =>
  parentOf(path) === '' || folders.has(parentOf(path));

const newName = (cos: CosState): string => {
  cos.count += 1;
  return hash('sha256', `session ${cos.count}`);
};

export const nextRequestId = (cos: CosState): string => {
  cos.count += 1;
  return `request-${cos.count}`;
};

export type Asked = {
  readonly size: number;
  readonly sliceSize: number;
  readonly insertOnly: boolean;
  readonly sha1?: string;
};

export function init(
  cos: CosState,
  path: string,
  asked: Asked,
): Answer<{ session?: string; sliceSize?: number }> {
  const { behaviour } = cos;
  if (!behaviour.sliceSizes.includes(asked.sliceSize)) return { code: -284 };
  if (!hasParent(cos, path)) return { code: -197 };
  if (asked.insertOnly && cos.files.has(path)) return { code: -177 };
  const there = cos.uploads.get(path);
  if (there) {
    const differ = there.sha1 !== undefined && asked.sha1 !== undefined && there.sha1 !== asked.sha1;
    return { code: differ ? -4020 : -4019 };
  }
  const twin = asked.sha1 && [...cos.files.values()].find((file) => isTwin(file, asked));
  if (twin) {
    place(cos, path, { slices: twin.slices, size: twin.size, ...(twin.sha1 && { sha1: twin.sha1 }) });
    return good({});
  }
  const session = newName(cos);
  const sliceSize = behaviour.grantSliceSize ?? asked.sliceSize;
  cos.uploads.set(path, { ...asked, session, sliceSize, openedAt: cos.now(), slices: new Map() });
  return good({ session, sliceSize });
}

const isTwin = (file: StoredFile, { sha1, size }: Asked): boolean => file.sha1 === sha1 && file.size === size;

export type PutAsked = { readonly session: string; readonly offset: number; readonly sha1?: string };

export function data(
  cos: CosState,
  path: string,
  { session, offset, sha1 }: PutAsked,
  content: Content,
): Answer<{ md5: string; closed: boolean }> {
  const upload = cos.uploads.get(path);
  if (upload?.session !== session) return { code: cos.behaviour.unknownSessionCode };
  if (upload.sha1 !== undefined && sha1 === undefined) return { code: -29094 };
  if (upload.sha1 !== undefined && sha1 !== upload.sha1) return { code: -5999 };
  if (offset % upload.sliceSize !== 0 || offset >= upload.size) return { code: -5999 };
  if (content.bytes.length !== lengthAt(upload, offset)) return { code: -5999 };
  const isNext = upload.slices.has(offset) || offset === upload.slices.size * upload.sliceSize;
  if (cos.behaviour.serial && !isNext) return { code: -5999 };
  upload.slices.set(offset, content);
  const md5 = content.md5();
  if (!cos.behaviour.closesItself || missing(upload) > 0) return good({ md5, closed: false });
  const closed = close(cos, path, upload, true);
  return closed.code === 0 ? good({ md5, closed: true }) : { code: closed.code };
}

export function finish(
  cos: CosState,
  path: string,
  asked: { readonly session: string; readonly size: number; readonly sha1?: string },
): Answer {
  if (cos.files.get(path)?.closedSession === asked.session) return good({});
  const upload = cos.uploads.get(path);
  if (upload?.session !== asked.session) return { code: cos.behaviour.unknownSessionCode };
  if (upload.sha1 !== undefined && asked.sha1 === undefined) return { code: -29094 };
  if (upload.sha1 !== undefined && asked.sha1 !== upload.sha1) return { code: -4016 };
  if (asked.size !== upload.size) return { code: -175 };
  return close(cos, path, upload, false);
}

const lengthAt = ({ size, sliceSize }: OpenUpload, offset: number): number =>
  Math.min(sliceSize, size - offset);
const missing = ({ size, sliceSize, slices }: OpenUpload): number =>
  Math.ceil(size / sliceSize) - slices.size;

function close(cos: CosState, path: string, upload: OpenUpload, byItself: boolean): Answer {
  if (missing(upload) > 0) return { code: -175 };
  if (upload.insertOnly && cos.files.has(path)) return { code: -177 };
  const slices = [...upload.slices].sort(([a], [b]) => a - b).map(([, content]) => content);
  if (upload.sha1 !== undefined) {
    const sha1 = hash('sha1', Buffer.concat(slices.map(({ bytes }) => bytes)));
    if (sha1 !== upload.sha1) return { code: -4016 };
  }
  const { size, sha1, session } = upload;
  place(cos, path, {
    slices,
    size,
    ...(sha1 !== undefined && { sha1 }),
    ...(byItself && { closedSession: session }),
  });
  cos.uploads.delete(path);
  return good({});
}

function place(cos: CosState, path: string, file: Omit<StoredFile, 'createdAt' | 'modifiedAt'>): void {
  cos.files.set(path, { ...file, createdAt: cos.now(), modifiedAt: cos.now() });
}

export function upload(
  cos: CosState,
  path: string,
  { insertOnly, sha1 }: { readonly insertOnly: boolean; readonly sha1: string },
  content: Content,
): Answer {
  if (hash('sha1', content.bytes) !== sha1) return { code: -4016 };
  if (!hasParent(cos, path)) return { code: -197 };
  if (insertOnly && cos.files.has(path)) return { code: -177 };
  place(cos, path, { slices: [content], size: content.bytes.length, sha1 });
  return good({});
}

export function remove(cos: CosState, path: string): Answer {
  const file = cos.files.delete(path);
  const open = cos.uploads.delete(path);
  return file || open ? good({}) : { code: -197 };
}

export function update(cos: CosState, path: string, headers: Readonly<Record<string, string>>): Answer {
  const file = cos.files.get(path);
  if (!file) return { code: -197 };
  cos.files.set(path, { ...file, headers, modifiedAt: cos.now() });
  return good({});
}

export function createFolder(cos: CosState, path: string): Answer {
  if (!hasParent(cos, path)) return { code: -197 };
  if (cos.folders.has(path)) return { code: -178 };
  cos.folders.add(path);
  return good({});
}
