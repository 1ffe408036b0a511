import { Refused } from './codes.ts';

/** Where a request points. `path` is decoded and has no leading slash. */
export type Address = {
  /** `api`: `/files/v2/{appid}/{bucket}/{path}`; `download`: `/{path}` on one of the bucket's own hosts. */
  readonly host: 'api' | 'download';
  readonly appId: string;
  readonly bucket: string;
  readonly path: string;
  readonly query: URLSearchParams;
};

const API = /^\/files\/v2\/([^/]+)\/([^/]+)(?:\/(.*))?$/s;
const ABSOLUTE = /^https?:\/\/([^/?]+)(.*)$/is; // what a client sends that takes the endpoint for its proxy
const DOWNLOAD_HOST = /^(.+)-(\d+)\.(?:cos[a-z0-9-]*|file)\.myqcloud\.com$/i;

/**
 * Reads a request's target and its `Host`. A download host may also be the first segment of the path: so an address works
 * without a name server. Throws -5999 for an address that is none of these.
 */
export function readAddress(url: string, hostHeader = ''): Address {
  const [, proxied, rest = ''] = ABSOLUTE.exec(url) ?? [];
  const target = proxied === undefined ? url : rest.startsWith('/') ? rest : `/${rest}`;
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
  const [, appId = '', bucket = '', name = ''] = API.exec(path) ?? [];
  if (bucket !== '')
    return { host: 'api', appId: decoded(appId), bucket: decoded(bucket), path: decoded(name), query };
  const [, first = '', below = ''] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? [];
  const found = onHost(proxied ?? hostHeader, path.slice(1), query) ?? onHost(first, below, query);
  if (found) return found;
  throw new Refused(-5999, 'the address is not /files/v2/{appid}/{bucket}/{path}');
}

function onHost(host: string, path: string, query: URLSearchParams): Address | undefined {
  const [, bucket, appId] = DOWNLOAD_HOST.exec(host.replace(/:\d+$/, '')) ?? [];
  if (bucket === undefined || appId === undefined) return undefined;
  return { host: 'download', appId, bucket, path: decoded(path), query };
}

/** The directory a path lies in, with its closing slash; the bucket's root is the empty text. */
export function parentOf(path: string): string {
  const bare = path.endsWith('/') ? path.slice(0, -1) : path;
  return bare.slice(0, bare.lastIndexOf('/') + 1);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refused(-5999, 'the address is not percent-encoded UTF-8');
  }
}
