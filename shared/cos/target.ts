import * as z from 'zod';

/** One COS file. `path` has no leading slash; it is plain text, not percent-encoded. */
export type CosTarget = {
  readonly region: string;
  readonly appId: string;
  readonly bucket: string;
  readonly path: string;
};

/** A target as a record of ours holds it. */
export const cosTarget = z.object({
  region: z.string(),
  appId: z.string(),
  bucket: z.string(),
  path: z.string(),
});

/** The longest path that is sent, in bytes of its percent-encoded form: with the address it fits a request line of 8 KiB. */
const ENCODED_PATH_MAX = 6_144;

/** A path as it stands in the URL and in the signature: UTF-8, percent-encoded, only unreserved characters and `/` left. */
export function encodePath(path: string): string {
  // encodeURIComponent leaves !*'() as they are; COS does not.
  const percent = (char: string) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
  return path
    .split('/')
    .map((segment) => encodeURIComponent(segment).replace(/[!*'()]/g, percent))
    .join('/');
}

/** The `f` of a signature: `/{appid}/{bucket}/{encoded path}`. */
export const fileId = (target: CosTarget): string =>
  `/${target.appId}/${target.bucket}/${encodePath(target.path)}`;

/** The path part of the address: `/files/v2/{appid}/{bucket}/{encoded path}`. */
export const requestPath = (target: CosTarget): string => `/files/v2${fileId(target)}`;

/** Where a region answers, unless an endpoint is configured. */
export const regionOrigin = (region: string): string => `https://${region}.file.myqcloud.com`;

/** The target as one line of text, its key in the table. */
export const targetName = (target: CosTarget): string =>
  `${target.region}/${target.appId}/${target.bucket}/${target.path}`;

/** The directories a path lies in, outermost first, each ending in `/`. */
export function parentDirectories(path: string): string[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_, index) => `${names.slice(0, index + 1).join('/')}/`);
}

/** Why COS cannot hold a file of this path, or undefined if it can. */
export function pathProblem(path: string): string | undefined {
  if (path === '') return 'it is empty';
  if (path.endsWith('/')) return 'it ends in "/", which names a directory';
  if (!path.isWellFormed()) return 'it is not well-formed Unicode';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(path)) return 'it contains a control character';
  const segments = path.split('/');
  if (segments.includes('')) return 'it has an empty segment ("//" or a leading "/")';
  if (segments.some((segment) => segment === '.' || segment === '..')) return 'it has a "." or ".." segment';
  if (encodePath(path).length > ENCODED_PATH_MAX)
    return `it is longer than ${ENCODED_PATH_MAX} bytes when encoded`;
  return undefined;
}
