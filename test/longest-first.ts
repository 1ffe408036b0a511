import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files of more than ten seconds, the longest first: begun last, one of them would keep a worker while the other has nothing to do. */
const LONG = [
  'sim/runs',
  'contract/template',
  'page/upload',
  'page/watch',
  'page/access',
  'flow/resume-kill',
  'flow/upload.',
  'flow/bundles',
  'flow/start',
  'flow/api.',
  'flow/resume-crash',
  'flow/secrets',
  'flow/backfill-command',
  'flow/backfill-kill',
  'contract/tear-down',
  'flow/api-offline',
  'page/kill',
  'flow/api-access',
  'flow/api-races',
  'flow/order',
  'page/api-example',
  'sim/',
  'campaign/',
  'flow/backfill-histories',
  'flow/receipts',
];

/** The order of files is the same on every machine, and both workers end together. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const name = relative(import.meta.dirname, moduleId);
      const at = LONG.findIndex((long) => name.startsWith(long));
      return at < 0 ? LONG.length : at;
    };
    return [...files].sort((a, b) => rank(a) - rank(b) || (a.moduleId < b.moduleId ? -1 : 1));
  }
}
