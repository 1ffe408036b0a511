import { Refused } from './codes.ts';

/** Where a request points: `/files/v2/{appid}/{bucket}/{path}`. `path` is decoded and has no leading slash. */
export type Address = {
  readonly appId: string;
  readonly bucket: string;
  readonly path: string;
  readonly query: URLSearchParams;
};

const SHAPE = /^\/files\/v2\/([^/]+)\/([^/]+)(?:\/(.*))?$/s;

export function readAddress(url: string): Address {
  const mark = url.indexOf('?');
  const match = SHAPE.exec(mark < 0 ? url : url.slice(0, mark));
  if (!match) throw new Refused(-5999, 'the address is not /files/v2/{appid}/{bucket}/{path}');
  const [, appId = '', bucket = '', path = ''] = match;
  return {
    appId: decoded(appId),
    bucket: decoded(bucket),
    path: decoded(path),
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
  };
}

/** Only unreserved characters stay; `encodeURIComponent` would leave `!*'()` too. */
function encodePath(path: string): string {
  return path
    .split('/')
    .map((segment) =>
      encodeURIComponent(segment).replace(
        /[!*'()]/g,
        (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
      ),
    )
    .join('/');
}

/** The directory a path lies in, with its closing slash; the bucket's root is the empty text. */
export function parentOf(path: string): string {
  const bare = path.endsWith('/') ? path.slice(0, -1) : path;
  return bare.slice(0, bare.lastIndexOf('/') + 1);
}

/** The three addresses under which a finished file can be read, and its name in the bucket. */
export function urlsOf(origin: string, appId: string, bucket: string, path: string) {
  const resource = `/${appId}/${bucket}/${encodePath(path)}`;
  const url = `${origin}/files/v2${resource}`;
  return { access_url: url, source_url: url, url, resource_path: resource };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refused(-5999, 'the address is not percent-encoded UTF-8');
  }
}
