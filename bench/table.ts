import Table from 'cli-table3';
import { type Figure, type Measured, type Note, ratioToGoal } from './figures.ts';

const isFigure = (one: Figure | Note): one is Figure => 'value' in one;

export function tableOf(measured: Measured): string {
  const table = new Table({
    head: ['point', 'what', 'measured', 'goal', 'ratio to goal'],
    style: { head: [], border: [] },
    colAligns: ['left', 'left', 'right', 'right', 'right'],
  });
  for (const figure of measured.filter(isFigure)) {
    const ratio = ratioToGoal(figure);
    const verdict = ratio === undefined ? '' : `${ratio.toFixed(2)}${ratio < 1 ? ' missed' : ''}`;
    table.push([
      figure.point,
      figure.what,
      `${short(figure.value)} ${figure.unit}`.trim(),
      goalOf(figure),
      verdict,
    ]);
  }
  const notes = measured.filter((one): one is Note => !isFigure(one));
  return [table.toString(), ...notes.map(({ point, note }) => `${point}: ${note}`), ''].join('\n');
}

export const jsonOf = (measured: Measured): string =>
  `${JSON.stringify(
    measured.map((one) => (isFigure(one) ? { ...one, ratioToGoal: ratioToGoal(one) } : one)),
    null,
    1,
  )}\n`;

function goalOf({ goal, unit }: Figure): string {
  if (goal === undefined) return '';
  return ('atLeast' in goal ? `≥ ${short(goal.atLeast)} ${unit}` : `≤ ${short(goal.atMost)} ${unit}`).trim();
}

/** Three digits are more than the measurement is worth. */
const short = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
