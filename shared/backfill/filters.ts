import picomatch from 'picomatch';
import type { BackfillFilters } from '../records/backfill-job.ts';
import type { ListedObject } from './listed-object.ts';

/** Whether an object counts. What a listing does not tell (a list names keys only) is never a reason to leave one out. */
export function openFilter(filters: BackfillFilters): (object: ListedObject) => boolean {
  const included = filters.include.map(matcher);
  const excluded = filters.exclude.map(matcher);
  const { minSize = 0, maxSize = Number.POSITIVE_INFINITY, storageClasses } = filters;
  const { newerThan = Number.NEGATIVE_INFINITY, olderThan = Number.POSITIVE_INFINITY } = filters;
  return ({ key, size, lastModified, storageClass }) =>
    (included.length === 0 || included.some((matches) => matches(key))) &&
    !excluded.some((matches) => matches(key)) &&
    (size === undefined || (size >= minSize && size <= maxSize)) &&
    (lastModified === undefined || (lastModified > newerThan && lastModified < olderThan)) &&
    (storageClasses === undefined || storageClasses.includes(storageClass ?? 'STANDARD'));
}

/** `*.tmp` is about the last segment of a key, `a/**` about all of it; dots are letters like others. */
const matcher = (glob: string) =>
  glob.includes('/')
    ? picomatch(glob.replace(/^\//, ''), { dot: true, nonegate: true })
    : picomatch(`**/${glob}`, { dot: true, nonegate: true });
