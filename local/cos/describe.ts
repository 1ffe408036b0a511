import { type Desk, urls } from './desk.ts';
import type { FileRecord, UploadRecord } from './records.ts';
import { sliceLength } from './uploads.ts';

/** A finished file as `stat` and `list` show it; `sha` only if somebody computed it. */
export function describe(desk: Desk, file: FileRecord) {
  const { access_url, source_url } = urls(desk, file);
  return {
    filesize: file.size,
    filelen: file.size,
    ...(file.sha && { sha: file.sha }),
    ctime: file.ctime,
    mtime: file.mtime,
    access_url,
    source_url,
    custom_headers: file.customHeaders,
    biz_attr: file.bizAttr,
    authority: file.authority,
  };
}

/** An unfinished upload: `filelen` is what has arrived so far. */
export function describeUnfinished(desk: Desk, upload: UploadRecord) {
  let filelen = 0;
  for (const offset of desk.store.slices(upload).held) filelen += sliceLength(upload, offset);
  return {
    filesize: upload.filesize,
    filelen,
    ...(upload.sha && { sha: upload.sha }),
    ctime: upload.ctime,
    mtime: upload.ctime,
    biz_attr: upload.bizAttr,
  };
}
