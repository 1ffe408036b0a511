import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { objectCreatedEvent } from '../../local/s3/drop/object-created-event.ts';

type Version = {
  readonly versionId: string;
  readonly sequencer: string;
  /** None: a delete marker. */
  readonly content?: Uint8Array;
  readonly etag: string;
  readonly lastModified: Date;
  readonly headers: Readonly<Record<string, string>>;
};

export type VersionedS3 = Awaited<ReturnType<typeof startVersionedS3>>;
export type S3Event = ReturnType<typeof objectCreatedEvent> | Record<string, unknown>;

let count = 0;
const nextSequencer = (): string => {
  count += 1;
  return `00${(0x5f0000000000 + count).toString(16).toUpperCase()}`;
};

/** An S3 in memory that keeps versions, where asked to, and makes the event of each change. HEAD and GET over HTTP. */
export async function startVersionedS3(bucket: string) {
  const objects = new Map<string, Version[]>();
  const gets: { method: string; key: string; status: number }[] = [];

  const serve = (request: IncomingMessage, answer: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://s3');
    const key = decodeURIComponent(url.pathname.slice(bucket.length + 2));
    const id = url.searchParams.get('versionId');
    const versions = objects.get(key) ?? [];
    const found = id === null ? versions.at(-1) : versions.find(({ versionId }) => versionId === id);
    const method = request.method ?? '';
    const reply = (status: number, headers: Record<string, string> = {}, body?: Uint8Array) => {
      gets.push({ method, key, status });
      answer.writeHead(status, headers).end(method === 'HEAD' ? undefined : body);
    };
    if (!found?.content) return reply(id !== null && found ? 405 : 404);
    const condition = request.headers['if-match'];
    if (condition !== undefined && condition !== `"${found.etag}"`) return reply(412);
    const headers = {
      etag: `"${found.etag}"`,
      'last-modified': found.lastModified.toUTCString(),
      'content-type': 'binary/octet-stream',
      ...(found.versionId !== 'null' && { 'x-amz-version-id': found.versionId }),
      ...found.headers,
    };
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const whole = found.content;
    if (from === undefined || to === undefined) {
      return reply(200, { ...headers, 'content-length': String(whole.length) }, whole);
    }
    const part = whole.subarray(Number(from), Number(to) + 1);
    const range = `bytes ${from}-${to}/${whole.length}`;
    reply(206, { ...headers, 'content-length': String(part.length), 'content-range': range }, part);
  };
  const server = createServer((request, answer) => {
    request.resume();
    serve(request, answer);
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  const push = (key: string, version: Omit<Version, 'sequencer' | 'lastModified'>): Version => {
    const made = { ...version, sequencer: nextSequencer(), lastModified: new Date() };
    const before = version.versionId === 'null' ? [] : (objects.get(key) ?? []);
    objects.set(key, [...before, made]);
    return made;
  };
  const deleted = (
    key: string,
    { versionId, sequencer }: Pick<Version, 'versionId' | 'sequencer'>,
    type: string,
  ) => ({
    version: '0',
    id: randomUUID(),
    'detail-type': 'Object Deleted',
    source: 'aws.s3',
    time: new Date().toISOString(),
    detail: {
      version: '0',
      bucket: { name: bucket },
      object: { key, ...(versionId !== 'null' && { 'version-id': versionId }), sequencer },
      reason: 'DeleteObject',
      'deletion-type': type,
    },
  });

  return {
    origin: `http://127.0.0.1:${address.port}`,
    log: gets as readonly (typeof gets)[number][],
    /** What a reader gets now; undefined if nothing. */
    current: (key: string): Uint8Array | undefined => objects.get(key)?.at(-1)?.content,
    put(key: string, content: Uint8Array, { versioned = false, headers = {} } = {}): S3Event {
      const etag = createHash('md5').update(content).digest('hex');
      const versionId = versioned ? randomUUID() : 'null';
      const { sequencer } = push(key, { versionId, content, etag, headers });
      const object = { bucket, key, size: content.length, etag, sequencer };
      return objectCreatedEvent(object, versioned ? { versionId } : {});
    },
    /** As DELETE without a version: a marker where versions are kept. */
    remove(key: string, { versioned = false } = {}): S3Event {
      if (versioned) {
        const marker = push(key, { versionId: randomUUID(), etag: '', headers: {} });
        return deleted(key, marker, 'Delete Marker Created');
      }
      objects.delete(key);
      return deleted(key, { versionId: 'null', sequencer: nextSequencer() }, 'Permanently Deleted');
    },
    /** As DELETE with the id of a version, counted from the newest. */
    destroy(key: string, fromNewest: number): S3Event | undefined {
      const versions = objects.get(key) ?? [];
      const version = versions.at(-1 - fromNewest);
      if (!version) return undefined;
      objects.set(
        key,
        versions.filter((one) => one !== version),
      );
      const { versionId } = version;
      return deleted(key, { versionId, sequencer: nextSequencer() }, 'Permanently Deleted');
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
