import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { SOURCE_BUCKET } from '../../local/stack/stack.ts';
import { backfillView } from '../../shared/api/backfill-schemas.ts';
import { startCommand } from '../kit/command.ts';
import { tempDir } from '../kit/temp-dir.ts';

test.each([
  [3, 'carry', 'what COS does not hold is relayed now'],
  [1_001, 'plan', 'too many to look at one by one'], // carrying so many takes its time
])(
  '%i files that lie in the drop folder when npm run dev starts are offered for a backfill by one line',
  async (count, mode, fate) => {
    const dir = await tempDir('dev-backfill');
    onTestFinished(() => dir.remove());
    const drop = join(dir.path, 's3', SOURCE_BUCKET);
    await mkdir(drop, { recursive: true });
    for (let at = 0; at < count; at += 1) await writeFile(join(drop, `${at}.txt`), `file ${at}`);
    const dev = startCommand('local/dev/main.ts', ['--data', dir.path, '--port', '0', '--token', 'secret']);
    onTestFinished(async () => {
      dev.process.kill('SIGINT');
      await dev.ended;
    });

    await dev.until(`${count} files lie there already (${fate})`);
    const [, url = '', body = ''] = /curl -X POST (\S+) .* -d '(.*)'/.exec(dev.said()) ?? [];
    const headers = { authorization: 'Bearer secret', 'content-type': 'application/json' };
    const ask = async (path: string, more: RequestInit = {}) =>
      backfillView().parse(await (await fetch(`${url}${path}`, { headers, ...more })).json());
    const begun = await ask('', { method: 'POST', body: JSON.stringify({ ...JSON.parse(body), mode }) });
    let now = begun;
    for (; now.state === 'running'; now = await ask(`/${begun.id}`)) await sleep(200);

    expect([now.state, now.summary?.objects, now.summary?.troubles]).toEqual(['complete', count, 0]);
  },
);
