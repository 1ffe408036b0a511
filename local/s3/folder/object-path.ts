import { join, sep } from 'node:path';

/** Where an object lies: `root/bucket/key`, with those segments of the key escaped that no folder can hold. */
export function objectPath(root: string, bucket: string, key: string): string {
  return join(root, bucket, ...key.split('/').map(escapeSegment));
}

/**
 * The key of a path below its bucket, or nothing when the path is no object: a file whose name begins
 * with a dot (`.DS_Store`, a half-written upload), or a name `objectPath` would never choose.
 */
export function keyOfPath(relativePath: string): string | undefined {
  const pieces = relativePath.split(sep);
  if (pieces.some((piece) => piece.startsWith('.'))) return undefined;
  const segments: string[] = [];
  let begun = '';
  for (const piece of pieces) {
    if (piece.startsWith(PART)) begun += piece.slice(PART.length);
    else {
      segments.push(piece.startsWith(WHOLE) ? unescaped(begun + piece.slice(WHOLE.length)) : piece);
      begun = '';
    }
  }
  const key = segments.join('/');
  return segments.map(escapeSegment).join(sep) === relativePath ? key : undefined;
}

/** Opens an escaped segment; `PART` opens a piece of one that goes on in the next folder. */
const WHOLE = '%_';
const PART = '%+';

const MAX_NAME_BYTES = 255;
const PIECE_CHARACTERS = 60; // at most 4 bytes each, or 3 where escaped

/**
 * ''          → '%_'            'a//b', 'folder/'
 * '..'        → '%_..'          would leave the bucket
 * '.profile'  → '%_.profile'    dot files are no objects, so this one needs another name
 * 'a\0b'      → '%_a%00b'
 * 300 × 'x'   → '%+xx…/%_xx…'   no file name may be longer than 255 bytes
 */
function escapeSegment(segment: string): string {
  if (isSafe(segment)) return segment;
  const pieces = piecesOf([...escaped(segment)]);
  return pieces.map((piece, index) => (index === pieces.length - 1 ? WHOLE : PART) + piece).join(sep);
}

function isSafe(segment: string): boolean {
  return (
    segment !== '' && !/^(?:\.|%_|%\+)|[\0\\]/.test(segment) && Buffer.byteLength(segment) <= MAX_NAME_BYTES
  );
}

function piecesOf(characters: readonly string[]): string[] {
  const count = Math.max(1, Math.ceil(characters.length / PIECE_CHARACTERS));
  return Array.from({ length: count }, (_, index) =>
    characters.slice(index * PIECE_CHARACTERS, (index + 1) * PIECE_CHARACTERS).join(''),
  );
}

const escaped = (text: string): string =>
  text.replace(/[%\0\\]/g, (character) => `%${Buffer.from(character).toString('hex')}`);

const unescaped = (text: string): string =>
  text.replace(/%(25|00|5c)/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
