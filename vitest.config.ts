import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/kit/equal-bytes.ts'],
    maxWorkers: 2,
    // two processes for all files, which load each package once; what a test sets it takes back
    isolate: false,
    unstubEnvs: true,
    restoreMocks: true,
    // Node reads the sources as it does in use: nothing is translated first
    experimental: { viteModuleRunner: false, nodeLoader: false },
    execArgv: ['--max-semi-space-size=32'], // fewer collections of what lives a moment
    sequence: { sequencer: LongestFirst },
    // what hangs ends, and nothing else: no machine is too slow
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
