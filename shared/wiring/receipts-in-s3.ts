import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { Config } from '../config.ts';
import type { ReceiptCopies } from '../services.ts';

/** Receipts as JSON objects in S3, by day and transfer: `receipts/2026-11-21/<id>.json`. Undefined if none are asked for. */
export function receiptsInS3(
  { RECEIPTS_BUCKET: Bucket, RECEIPTS_PREFIX: prefix }: Config,
  s3: () => S3Client,
): ReceiptCopies | undefined {
  if (Bucket === undefined) return undefined;
  return {
    async put(receipt, signal) {
      const day = new Date(receipt.storedAt).toISOString().slice(0, 10);
      const Key = `${prefix}${day}/${receipt.transferId}.json`;
      const Body = `${JSON.stringify(receipt, null, 2)}\n`;
      const command = new PutObjectCommand({ Bucket, Key, Body, ContentType: 'application/json' });
      await s3().send(command, { abortSignal: signal });
    },
  };
}
