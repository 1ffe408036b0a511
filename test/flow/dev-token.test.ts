import { expect, test } from 'vitest';
import { runHere } from '../kit/command.ts';

test.each(['', ' ', 'two words'])(
  'npm run dev does not begin with the token %j, which lets everybody in (A7)',
  async (token) => {
    const { code, stderr } = await runHere('local/dev/main.ts', ['--port', '0'], {
      env: { RELAY_TOKEN: token },
    });

    expect(code).toBe(2);
    expect(stderr).toContain('RELAY_TOKEN');
  },
);
