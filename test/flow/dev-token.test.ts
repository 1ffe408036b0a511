import { expect, test } from 'vitest';
import { startCommand } from '../kit/command.ts';

test.each(['', ' ', 'two words'])(
  'npm run dev does not begin with the token %j, which lets everybody in (A7)',
  async (RELAY_TOKEN) => {
    const command = startCommand('local/dev/main.ts', ['--port', '0'], { env: { RELAY_TOKEN } });
    const begun = command.until('http://').then(
      () => true,
      () => false, // it ended without an address
    );

    const isOpen = await begun;
    command.process.kill('SIGKILL');
    const { code, stderr } = await command.ended;

    expect([isOpen, code]).toEqual([false, 2]);
    expect(stderr).toContain('RELAY_TOKEN');
  },
);
