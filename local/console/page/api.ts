import type { BackfillsView } from '../../../shared/api/backfill-schemas.ts';
import type { MapView } from '../../../shared/api/map-schemas.ts';
import type { PageView, SlicesView, TransferView } from '../../../shared/api/views.ts';

/** How this page was served: the address of the API, if it is not the relay on this machine, and how often to ask. */
export type Served = { readonly api?: string; readonly pollMs: number };

type SliceBody = {
  readonly offset: number;
  readonly body: ArrayBuffer;
  /** Its SHA-256 in base64. */
  readonly digest: string;
};

export type SliceMap = Omit<MapView, 'etag'>;

/** The API said no, or nothing (status 0). */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
  readonly status: number;
  readonly kind: string;
  constructor(status: number, kind: string, message: string) {
    super(message);
    this.status = status;
    this.kind = kind;
  }
}

const KEY = 'relay-key';

/** The key that the printed address carries behind its #; it leaves the address at once. */
export function takeKey(): string | undefined {
  const key = /^#key=([\w-]+)$/.exec(location.hash)?.[1];
  if (key !== undefined) {
    sessionStorage.setItem(KEY, key);
    history.replaceState(null, '', '#/');
  }
  return sessionStorage.getItem(KEY) ?? undefined;
}
export const keepKey = (key: string): void => sessionStorage.setItem(KEY, key);

type Sent = {
  readonly headers?: Record<string, string>;
  readonly body?: BodyInit;
  readonly signal?: AbortSignal;
};

async function call(method: string, path: string, sent: Sent = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${sessionStorage.getItem(KEY) ?? ''}`, ...sent.headers };
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers,
      body: sent.body ?? null,
      signal: sent.signal ?? null,
      cache: 'no-store',
    });
  } catch (error) {
    throw new CallFailed(0, 'unreachable', String(error));
  }
  if (answer.ok || answer.status === 304) return answer;
  const problem: { type?: string; detail?: string; wayOut?: string } = await answer.json().catch(() => ({}));
  const kind = (problem.type ?? '').split(':').at(-1) ?? '';
  throw new CallFailed(
    answer.status,
    kind,
    [problem.detail ?? `HTTP ${answer.status}`, problem.wayOut].filter(Boolean).join(' — '),
  );
}

async function json<T>(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<T> {
  const given =
    body === undefined
      ? { headers }
      : { headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
  const answer = await call(method, path, given);
  // the schemas of the API made this answer
  return (await answer.json()) as T;
}

const tags = new Map<string, { readonly tag: string; readonly map: SliceMap }>();

export const api = {
  served: () => json<Served>('GET', '/console.json'),
  list: (state: string | undefined, cursor?: string) => {
    const query = new URLSearchParams({ limit: '50', ...(state && { state }), ...(cursor && { cursor }) });
    return json<PageView>('GET', `/transfers?${query}`);
  },
  /** How many there are of each state, however many calls that takes. */
  async counts(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    let cursor: string | undefined;
    do {
      const query = new URLSearchParams({ count: 'true', ...(cursor && { cursor }) });
      const page = await json<PageView>('GET', `/transfers?${query}`);
      for (const [state, more] of Object.entries(page.counts ?? {}))
        counts.set(state, (counts.get(state) ?? 0) + more);
      cursor = page.next;
    } while (cursor !== undefined);
    return counts;
  },
  backfills: () => json<BackfillsView>('GET', '/backfills?limit=20'),
  look: (id: string) => json<TransferView>('GET', `/transfers/${id}`),
  async map(id: string): Promise<SliceMap> {
    const known = tags.get(id);
    const answer = await call(
      'GET',
      `/transfers/${id}/map`,
      known ? { headers: { 'if-none-match': known.tag } } : {},
    );
    if (answer.status === 304 && known) return known.map;
    const map = (await answer.json()) as SliceMap;
    tags.clear(); // one is watched at a time
    tags.set(id, { tag: answer.headers.get('etag') ?? '', map });
    return map;
  },
  cancel: (id: string) => json<TransferView>('DELETE', `/transfers/${id}`),
  /** The same object of S3 once more: what failed or was cancelled is begun again. */
  begin({ source, target, options }: TransferView): Promise<TransferView> {
    if (source.kind !== 's3') throw new CallFailed(0, 'client', 'send the file again');
    const { bucket, key, versionId } = source;
    const named = versionId === undefined ? { bucket, key } : { bucket, key, versionId };
    return json<TransferView>('POST', '/transfers', {
      source: named,
      target: { bucket: target.bucket, path: target.path },
      options,
    });
  },
  open: (path: string, size: number, key: string) =>
    json<TransferView>('POST', '/transfers', { target: { path }, size }, { 'idempotency-key': key }),
  slices: (id: string) => json<SlicesView>('GET', `/transfers/${id}/slices?limit=1000`),
  put: (id: string, { offset, body, digest }: SliceBody, signal: AbortSignal) =>
    call('PUT', `/transfers/${id}/slices/${offset}`, {
      body,
      signal,
      headers: { 'content-type': 'application/octet-stream', 'content-digest': `sha-256=:${digest}:` },
    }),
  finish: (id: string) => json<object>('POST', `/transfers/${id}/finish`),
};
