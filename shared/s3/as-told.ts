import { SourceChanged } from '../errors.ts';
import { pinnedBy } from './head-object.ts';
import { metadataOf, type RawHeaders } from './object-metadata.ts';
import type { Fetched, ToldObject } from './object-source.ts';
import { sourceNameOf } from './refusal-of-s3.ts';

/** What a good answer to a GET says of the object. Throws SourceChanged unless it is the version that was told of. */
export function asTold(told: ToldObject, headers: RawHeaders): Omit<Fetched, 'content'> {
  const object = pinnedBy(told, headers);
  const isIt = object.etag === told.etag && object.size === told.size && object.versionId === told.versionId;
  if (!isIt) throw new SourceChanged(`${sourceNameOf(told)} is not what was told of it`);
  return { object, metadata: metadataOf(headers) };
}
