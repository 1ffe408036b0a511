import { parentOf } from '../wire/address.ts';
import { Refused } from '../wire/codes.ts';
import { type Context, lockKey, nowSeconds, type Place } from './context.ts';

/**
 * Makes the directories above a path, outermost first. With strict folders -197 unless they are there: Tencent's pages
 * say they must be, the PHP SDK's own tests upload into directories that nobody made.
 */
export async function provideParent(context: Context, { bucket, path }: Place): Promise<void> {
  const parent = parentOf(path);
  if (parent === '' || context.store.folders.get(bucket, parent)) return;
  if (context.behaviour.strictFolders) throw new Refused(-197, 'the parent directory does not exist');
  await provideParent(context, { bucket, path: parent });
  await context.lock.alone(lockKey({ bucket, path: parent }), async () => {
    if (context.store.folders.get(bucket, parent)) return;
    const ctime = nowSeconds(context);
    await context.store.folders.put({ bucket, path: parent, bizAttr: '', ctime, mtime: ctime });
  });
}
