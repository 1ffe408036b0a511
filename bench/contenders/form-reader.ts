import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import { openLanding } from '../../local/cos/disk/landing.ts';
import { readForm } from '../../local/cos/wire/form.ts';
import { answer } from '../child.ts';
import { MIB } from '../figures.ts';

/** What the COS endpoint does with a slice and nothing else: reads the form, takes its MD5, writes it to disk while it arrives. */
export type FormReader = typeof tasks;

const tasks = {
  /** Answers `POST /?at=N` with the MD5 of the `filecontent` that was written to `file` at N. */
  async open({ file }: { readonly file: string }): Promise<string> {
    const handle = open(file, 'w');
    await handle;
    const server = createServer(async (request, response) => {
      const at = Number(new URL(request.url ?? '/', 'http://here').searchParams.get('at'));
      const landing = openLanding(handle, { at, room: MIB }, async () => undefined);
      const { content } = await readForm(request, { bandwidth: undefined, land: () => landing });
      await landing.flush();
      response.end(await content?.md5());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  },
  /** CPU time so far, in ms. */
  cpuMs() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  },
};

answer(tasks);
