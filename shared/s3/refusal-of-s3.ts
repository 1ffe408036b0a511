import {
  type RelayError,
  SourceArchived,
  SourceChanged,
  SourceDenied,
  SourceMissing,
  SourceMoved,
  SourceUnavailable,
} from '../errors.ts';
import type { ObjectRef } from './object-source.ts';
import { meaningOfS3, s3CodeOf } from './s3-codes.ts';

/** An answer that is not the object. `region` and `date` as its headers tell them, if they do. */
export type S3Refusal = {
  readonly status: number;
  readonly body: string;
  readonly region?: string | undefined;
  readonly date?: string | undefined;
};

export const sourceNameOf = ({ bucket, key }: Pick<ObjectRef, 'bucket' | 'key'>): string =>
  `s3://${bucket}/${key}`;

/** Signing anew may help: the credentials or the clock were the trouble. */
export const asksToResign = ({ status, body }: S3Refusal): boolean =>
  meaningOfS3(s3CodeOf(status, body) ?? '')?.remedy === 'resign';

/** The error an answer stands for. Of its body nothing goes out but a code that the table knows. */
export function refusalOfS3(ref: ObjectRef, refusal: S3Refusal): RelayError {
  const { status, body } = refusal;
  const name = sourceNameOf(ref);
  const code = s3CodeOf(status, body);
  const known = code === undefined ? undefined : meaningOfS3(code);
  if (!known || code === undefined) return unknownAnswer(name, refusal, code !== undefined);
  const { meaning, wayOut } = known;
  const said = `${name}: ${meaning} (S3 answered ${code})`;
  switch (known.remedy) {
    case 'retry':
      return new SourceUnavailable(said);
    case 'changed':
      return new SourceChanged(`${name} changed after the relay began`);
    case 'absent':
      return new SourceMissing(`${name} does not exist`, { absent: true });
    case 'missing':
      return new SourceMissing(said);
    case 'archived':
      return new SourceArchived(said);
    case 'moved':
      return new SourceMoved(`${said}${place(regionOf(refusal))}`);
    case 'denied':
    case 'resign':
      return new SourceDenied(said, { wayOut });
  }
}

/** A page of a proxy passes; a code of S3 that nobody knows does not, unless S3 itself is in trouble. */
function unknownAnswer(name: string, { status }: S3Refusal, isOfS3: boolean): RelayError {
  if (!isOfS3) return new SourceUnavailable(`HTTP ${status} for ${name} with an answer that is not S3's`);
  if (status >= 500) return new SourceUnavailable(`S3 answered HTTP ${status} for ${name}`);
  return new SourceDenied(`S3 answered HTTP ${status} for ${name} with a code this relay does not know`, {
    wayOut: 'read the object with the role of the relay to see the answer',
  });
}

const place = (region: string | undefined): string => (region === undefined ? '' : `: it is in ${region}`);

/** A region's name and nothing else. */
function regionOf({ region, body }: S3Refusal): string | undefined {
  const told = region ?? /<Region>([^<]{1,40})<\/Region>/.exec(body)?.[1];
  return told !== undefined && /^[a-z]{2}(-[a-z]+){1,3}-\d{1,2}$/.test(told) ? told : undefined;
}
