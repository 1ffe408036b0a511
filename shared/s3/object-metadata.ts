import type { ObjectMetadata } from './object-source.ts';

/** Headers by their names in lower case, each byte a character, as HTTP/1.1 has them. */
export type RawHeaders = ReadonlyMap<string, string>;

const USER = 'x-amz-meta-';

/** What readers of the object get besides its bytes, and by name what a relay does not carry over. */
export function metadataOf(headers: RawHeaders): ObjectMetadata {
  const text = (name: string) => textOf(headers.get(name));
  return {
    contentType: text('content-type'),
    cacheControl: text('cache-control'),
    contentDisposition: text('content-disposition'),
    contentLanguage: text('content-language'),
    contentEncoding: contentEncoding(text('content-encoding')),
    user: [...headers]
      .filter(([name]) => name.startsWith(USER) && name.length > USER.length)
      .map(([name, value]) => [name.slice(USER.length), textOf(value) ?? '']),
    notCarried: notCarried(headers),
  };
}

/** UTF-8 where the bytes are that, else Latin-1: S3 gives a header back as it was sent. */
export function textOf(bytes: string | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return bytes;
  }
}

/** `aws-chunked` is how the object was sent to S3, not what it is. */
function contentEncoding(told: string | undefined): string | undefined {
  const codings = told?.split(',').map((coding) => coding.trim());
  return codings?.filter((coding) => coding !== '' && coding !== 'aws-chunked').join(', ');
}

/** COS v4 has no place for these, or the relay does not ask S3 for them. A HEAD says nothing of the ACL: it is named always. */
function notCarried(headers: RawHeaders): string[] {
  const isThere = (name: string) => (headers.get(name) ?? '') !== '';
  const storageClass = headers.get('x-amz-storage-class') ?? 'STANDARD';
  const found: readonly (readonly [name: string, isFound: boolean])[] = [
    ['acl', true],
    ['tags', Number(headers.get('x-amz-tagging-count') ?? 0) > 0],
    ['storage-class', storageClass !== 'STANDARD'],
    ['website-redirect', isThere('x-amz-website-redirect-location')],
    ['expires', isThere('expires')],
    ['missing-metadata', Number(headers.get('x-amz-missing-meta') ?? 0) > 0],
    ['object-lock', isThere('x-amz-object-lock-mode') || isThere('x-amz-object-lock-legal-hold')],
  ];
  return found.filter(([, isFound]) => isFound).map(([name]) => name);
}

/** The bytes cannot be read before they were restored (Amazon S3 User Guide, "Working with archived objects"). */
export function isArchived(headers: RawHeaders): boolean {
  if (headers.has('x-amz-archive-status')) return true;
  const isCold = /^(GLACIER|DEEP_ARCHIVE)$/.test(headers.get('x-amz-storage-class') ?? '');
  return isCold && !/ongoing-request="false"/.test(headers.get('x-amz-restore') ?? '');
}
