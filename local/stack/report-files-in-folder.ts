import type { S3Client } from '@aws-sdk/client-s3';
import type { ReportFiles } from '../../shared/services.ts';
import { reportFilesInS3 } from '../../shared/wiring/report-files.ts';
import { putFile } from '../s3/drop/drop.ts';

/** Reports beside the objects of the folder: the S3 endpoint here reads only. */
export const reportFilesInFolder = (root: string, s3: S3Client): ReportFiles => ({
  ...reportFilesInS3(() => s3),
  async write({ bucket, key }, lines) {
    await putFile(root, { bucket, key }, withEnds(lines));
  },
});

async function* withEnds(lines: AsyncIterable<string>): AsyncIterable<string> {
  for await (const line of lines) yield `${line}\n`;
}
