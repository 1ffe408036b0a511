import { count } from './coverage.ts';
import { init } from './models/cos-rules.ts';
import type { Run } from './run.ts';
import { PATH } from './world.ts';

const SLICE = 524_288;

/** What somebody else left at the path. */
export function prepare({ world, coverage }: Run): void {
  const { plan, cos, contents } = world;
  const first = plan.happenings[0]?.act;
  const size = first?.kind === 'put' ? first.size : 1;
  count(coverage, `before: ${plan.before}`);
  if (plan.before === 'nothing') return;
  cos.folders.add('in/');
  const bytes = contents.make('foreign', size);
  if (plan.before === 'older-file') {
    const long = cos.now() - 3_600;
    cos.files.set(PATH, { slices: [contents.keep(bytes)], size, createdAt: long, modifiedAt: long });
    return;
  }
  const sliceSize = plan.behaviour.sliceSizes[0] ?? SLICE;
  init(cos, PATH, { size: Math.max(size, 1), sliceSize, insertOnly: false });
  const part = contents.keep(bytes.subarray(0, sliceSize));
  if (size > sliceSize) cos.uploads.get(PATH)?.slices.set(0, part);
}
