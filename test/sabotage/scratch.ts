import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import type { Sabotage } from './sabotages.ts';

export type Verdict = {
  readonly kind: 'caught' | 'SURVIVED' | 'INVALID';
  readonly seconds: number;
  /** Why it could not be done. */
  readonly why?: string;
};

const ROOT = join(import.meta.dirname, '..', '..');
const LEFT_OUT = new Set(['.git', 'node_modules', '.relay', '.serverless', '.esbuild']);
/** Of a test that neither passes nor fails, in ms. */
const PATIENCE_MS = 240_000;

/** A copy of the project in the system's temporary directory: what is broken is broken there alone. */
export function openScratch() {
  const dir = mkdtempSync(join(tmpdir(), 'sabotage-'));
  const isWanted = (source: string) => source === ROOT || !LEFT_OUT.has(basename(relative(ROOT, source)));
  cpSync(ROOT, dir, { recursive: true, filter: isWanted });
  symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  const isSound = new Map<string, Promise<boolean>>();

  /** Whether the test passes while nothing is broken; asked once for each. */
  const passes = (sabotage: Sabotage): Promise<boolean> => {
    const key = `${sabotage.test} ${sabotage.only ?? ''}`;
    const known = isSound.get(key) ?? run(dir, sabotage).then((code) => code === 0);
    isSound.set(key, known);
    return known;
  };

  return {
    remove: () => rmSync(dir, { recursive: true, force: true }),
    async attempt(sabotage: Sabotage): Promise<Verdict> {
      const path = join(dir, sabotage.file);
      const sound = readFileSync(path, 'utf8');
      const invalid = (why: string): Verdict => ({ kind: 'INVALID', seconds: 0, why });
      if (sound.split(sabotage.text).length !== 2) return invalid('its line is not there exactly once');
      if (!(await passes(sabotage))) return invalid('its test is red without it, or has no such name');
      writeFileSync(
        path,
        sound.replace(sabotage.text, () => sabotage.instead),
      );
      const began = performance.now();
      const code = await run(dir, sabotage).finally(() => writeFileSync(path, sound));
      const seconds = (performance.now() - began) / 1_000;
      return { kind: code === 0 ? 'SURVIVED' : 'caught', seconds };
    },
  };
}

/** Runs one test file; resolves with the exit code of vitest. */
function run(dir: string, { test, only }: Sabotage): Promise<number | null> {
  const vitest = join(dir, 'node_modules', 'vitest', 'vitest.mjs');
  const names = only === undefined ? [] : ['-t', only];
  const given = [vitest, 'run', test, ...names, '--bail', '1', '--reporter', 'dot'];
  const child = spawn(process.execPath, given, { cwd: dir, stdio: 'ignore', timeout: PATIENCE_MS });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
}
