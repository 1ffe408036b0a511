import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files of more than ten seconds, the longest first: begun last, one of them would keep a worker while the other has nothing to do. */
const LONG = [
  'sim/runs',
  'contract/template',
  'page/watch',
  'page/access',
  'page/upload',
  'flow/bundles',
  'flow/roles',
  'flow/api-offline',
  'flow/api.',
  'page/kill',
  'flow/resume-kill',
  'flow/upload.',
  'flow/api-races',
  'flow/backfill-command',
  'flow/start',
  'flow/order',
  'flow/api-backfill',
  'flow/resume-crash',
  'contract/tear-down',
  'flow/api-access',
  'contract/transfer-store',
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
