import type { FileRecord, UploadRecord } from '../disk/records.ts';
import { type Context, links, sliceLength } from './context.ts';

/** A finished file as `stat` and `list` show it; `sha` only if somebody computed it. */
export function describe(context: Context, file: FileRecord) {
  const { access_url, source_url, url } = links(context, file);
  return {
    filesize: file.size,
    filelen: file.size,
    ...(file.sha && { sha: file.sha }),
    ctime: file.ctime,
    mtime: file.mtime,
    access_url,
    source_url,
    url,
    custom_headers: file.customHeaders,
    biz_attr: file.bizAttr,
    authority: file.authority,
  };
}

/** An unfinished upload: `filelen` is what has arrived so far. */
export function describeUnfinished(context: Context, upload: UploadRecord) {
  let filelen = 0;
  for (const offset of context.store.slices(upload).held.offsets()) filelen += sliceLength(upload, offset);
  return {
    filesize: upload.filesize,
    filelen,
    ...(upload.sha && { sha: upload.sha }),
    ctime: upload.ctime,
    mtime: upload.ctime,
    biz_attr: upload.bizAttr,
  };
}
