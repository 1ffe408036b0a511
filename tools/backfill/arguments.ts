import { readWords, UsageError } from '../../local/command.ts';
import { SOURCE_BUCKET } from '../../local/stack/stack.ts';
import { BACKFILL_DEFAULTS, type BackfillRequest } from '../../shared/backfill/begin-backfill.ts';
import { type BackfillSource, listKindOf } from '../../shared/records/backfill-job.ts';
import { readSince } from '../since.ts';

export type BackfillArguments = {
  readonly help: boolean;
  readonly stage: string | undefined;
  readonly local: boolean;
  readonly data: string | undefined;
  readonly json: boolean;
  readonly extra: boolean;
  /** A backfill that was begun before, and what to do with it. */
  readonly begun: { readonly id: string; readonly stop: boolean } | undefined;
  readonly bucket: string | undefined;
  readonly request: (bucket: string) => BackfillRequest;
};

/** Throws UsageError. */
export function readArguments(args: readonly string[], now: number): BackfillArguments {
  const given = parsed(args);
  if (given.stage !== undefined && given.local) throw new UsageError('either --stage or --local; see --help');
  if (given['dry-run'] && given.check) throw new UsageError('either --dry-run or --check; see --help');
  const local = given.local ?? false;
  const size = (name: 'min-size' | 'max-size') => {
    const text = given[name];
    return text === undefined ? undefined : wholeNumber(name, text, 0, Number.MAX_SAFE_INTEGER);
  };
  const [minSize, maxSize] = [size('min-size'), size('max-size')];
  const filters = {
    include: given.include ?? [],
    exclude: given.exclude ?? [],
    ...(minSize !== undefined && { minSize }),
    ...(maxSize !== undefined && { maxSize }),
    ...(given.newer !== undefined && { newerThan: readSince(given.newer, now) }),
    ...(given.older !== undefined && { olderThan: readSince(given.older, now) }),
    ...(given['storage-class'] && { storageClasses: given['storage-class'] }),
  };
  if (given.extra) mustBeWhole(given, filters);
  const { concurrency, batch } = BACKFILL_DEFAULTS;
  const widths = {
    concurrency: wholeNumber('concurrency', given.concurrency ?? String(concurrency), 1, 10_000),
    batch: wholeNumber('batch', given.batch ?? String(batch), 1, 500),
  };
  return {
    help: given.help ?? false,
    stage: given.stage,
    local,
    data: given.data,
    json: given.json ?? false,
    extra: given.extra ?? false,
    begun: begunBefore(given),
    bucket: given.bucket ?? (local ? SOURCE_BUCKET : undefined),
    request: (bucket) => ({
      mode: given['dry-run'] ? 'plan' : given.check ? 'check' : 'carry',
      source: sourceOf(bucket, given.prefix, given.list),
      filters,
      ...widths,
    }),
  };
}

function begunBefore({ watch, stop, local }: ReturnType<typeof parsed>): BackfillArguments['begun'] {
  const id = watch ?? stop;
  if (id === undefined) return undefined;
  if (watch !== undefined && stop !== undefined) throw new UsageError('either --watch or --stop; see --help');
  if (local) throw new UsageError('a backfill with --local ends with its command: Ctrl-C stops it');
  return { id, stop: stop !== undefined };
}

/** Of what a filter leaves out the report names no key, so all of it would look as if it were in COS only. */
function mustBeWhole(given: ReturnType<typeof parsed>, filters: BackfillRequest['filters']): void {
  const { include, exclude, ...more } = filters;
  const isFiltered = include.length + exclude.length + Object.keys(more).length > 0;
  if (!given.check) throw new UsageError('--extra needs --check; see --help');
  if (given.list !== undefined || isFiltered)
    throw new UsageError(
      '--extra looks at a whole bucket or prefix: leave out --list and filters; see --help',
    );
}

function sourceOf(bucket: string, prefix = '', list: string | undefined): BackfillSource {
  if (list === undefined) return { kind: 'bucket', bucket, prefix };
  if (prefix !== '') throw new UsageError('either --prefix or --list; narrow a list with --include');
  const [, listBucket, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(list) ?? [];
  if (listBucket === undefined || key === undefined)
    throw new UsageError(`--list ${list} is not s3://bucket/key; see --help`);
  return { kind: listKindOf(key), bucket, list: { bucket: listBucket, key } };
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw new UsageError(`--${name} ${text} is not a whole number from ${least} to ${most}; see --help`);
  return value;
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const texts = { type: 'string', multiple: true } as const;
  const flag = { type: 'boolean' } as const;
  return readWords({
    args: [...args],
    options: {
      stage: text,
      local: flag,
      data: text,
      bucket: text,
      prefix: text,
      list: text,
      include: texts,
      exclude: texts,
      'min-size': text,
      'max-size': text,
      newer: text,
      older: text,
      'storage-class': texts,
      'dry-run': flag,
      check: flag,
      extra: flag,
      watch: text,
      stop: text,
      concurrency: text,
      batch: text,
      json: flag,
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
}
