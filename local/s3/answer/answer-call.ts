import type { IncomingMessage, ServerResponse } from 'node:http';
import type { S3FaultAct } from '../faults.ts';
import type { BucketFiles } from '../folder/bucket-files.ts';
import { propertiesPath } from '../folder/properties.ts';
import { openObject, type StoredObject } from '../folder/stored-object.ts';
import type { S3LogEntry } from '../request-log.ts';
import { type Refusal, refusal, refusalOf } from '../wire/refusal.ts';
import type { ObjectCall, S3Call } from '../wire/s3-call.ts';
import { sendBody } from '../wire/send-body.ts';
import { requestIds, xmlDocument, xmlError } from '../wire/xml.ts';
import { describeObject } from './describe-object.ts';
import { listObjects } from './list-objects.ts';

export type Exchange = {
  readonly root: string;
  readonly files: BucketFiles;
  readonly request: IncomingMessage;
  readonly answer: ServerResponse;
  readonly entry: S3LogEntry;
  readonly fault: S3FaultAct | undefined;
};

/** Does what was asked and writes the answer. */
export async function answerCall(call: S3Call, exchange: Exchange): Promise<void> {
  const { files } = exchange;
  switch (call.kind) {
    case 'refused':
      return refuse(call, exchange);
    case 'buckets':
      return finish(exchange, 200, await bucketList(files));
    case 'bucket':
      if (await files.has(call.bucket)) return finish(exchange, 200, '');
      return refuse(refusal('NoSuchBucket', `there is no bucket ${call.bucket}`), exchange);
    case 'list': {
      const { bucket, query } = call;
      const listing = await listObjects(files.folderOf(bucket), files.mappedIn(bucket), bucket, query);
      return listing.kind === 'refused' ? refuse(listing, exchange) : finish(exchange, 200, listing.body);
    }
    case 'object':
      return answerObject(call, exchange);
  }
}

async function answerObject(call: ObjectCall, exchange: Exchange): Promise<void> {
  const { bucket, key } = call;
  let object: StoredObject;
  try {
    object = await openObject(exchange.files.pathOf(bucket, key));
  } catch (error) {
    const why = refusalOf(error, key);
    const isBucketThere = why.code !== 'NoSuchKey' || (await exchange.files.has(bucket));
    return refuse(isBucketThere ? why : refusal('NoSuchBucket', `there is no bucket ${bucket}`), exchange);
  }
  try {
    await sendObject(call, object, exchange);
  } finally {
    await object.file.close();
  }
}

async function sendObject(call: ObjectCall, object: StoredObject, exchange: Exchange): Promise<void> {
  const { root, request, answer, entry, fault } = exchange;
  const described = await describeObject(
    call,
    request.headers,
    object,
    propertiesPath(root, call.bucket, call.key),
  );
  if (described.kind === 'refused') return refuse(described, exchange);

  const { status, headers, range } = described;
  entry.status = status;
  if (status === 206) entry.range = range;
  answer.writeHead(status, { ...requestIds(), ...headers });
  if (call.op === 'head') {
    answer.end();
    return;
  }

  const length = bytesBeforeFault(fault, range.length);
  if (length === 0) answer.flushHeaders(); // a body broken off at its first byte still had its headers
  const end = await sendBody(
    answer,
    object,
    { offset: range.offset, length: length ?? range.length },
    (count) => {
      entry.bytes += count;
    },
  );
  if (end === 'withheld' || fault?.kind === 'truncate') answer.destroy();
  else if (end === 'sent' && fault?.kind !== 'stall-body') answer.end();
}

/** Where the body breaks off, if a fault wants it to. */
function bytesBeforeFault(fault: S3FaultAct | undefined, length: number): number | undefined {
  if (fault?.kind === 'truncate') return Math.min(fault.bytes ?? Math.floor(length / 2), length);
  return fault?.kind === 'stall-body' ? Math.floor(length / 2) : undefined;
}

function refuse(why: Refusal, exchange: Exchange): void {
  const ids = requestIds();
  const { code, message, headers, status } = why;
  const resource = exchange.request.url ?? '';
  const body = xmlError({
    Code: code,
    Message: message,
    Resource: resource,
    RequestId: ids['x-amz-request-id'],
  });
  finish(exchange, status, status === 304 ? '' : body, { ...ids, ...headers });
}

function finish(
  { request, answer, entry }: Exchange,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = requestIds(),
): void {
  const sent = request.method === 'HEAD' ? '' : body;
  entry.status = status;
  entry.bytes = Buffer.byteLength(sent);
  answer.writeHead(status, { ...headers, ...(body === '' ? {} : { 'content-type': 'application/xml' }) });
  answer.end(sent);
}

async function bucketList(files: BucketFiles): Promise<string> {
  const buckets = await files.buckets();
  return xmlDocument('ListAllMyBucketsResult', {
    Owner: { ID: 'local', DisplayName: 'local' },
    Buckets: {
      Bucket: buckets.map(({ name, createdAt }) => ({ Name: name, CreationDate: createdAt.toISOString() })),
    },
  });
}
