export type ByteRange = { readonly offset: number; readonly length: number };

export type RangeAnswer =
  | { readonly kind: 'whole' } // no header, or one S3 does not understand: it then sends everything
  | { readonly kind: 'part'; readonly range: ByteRange }
  | { readonly kind: 'unsatisfiable' };

/** What a Range header asks of an object of this size: `bytes=0-9`, `bytes=10-`, `bytes=-5`. S3 knows no lists. */
export function readRange(header: string | undefined, size: number): RangeAnswer {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  const [from = '', to = ''] = match?.slice(1) ?? [];
  if (match === null || (from === '' && to === '')) return { kind: 'whole' };

  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== '' && to !== '' && Number(to) < Number(from)) return { kind: 'whole' };
  if (first > last) return { kind: 'unsatisfiable' };
  return { kind: 'part', range: { offset: first, length: last - first + 1 } };
}
