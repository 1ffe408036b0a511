import { column, widthOf } from '../../local/terminal/columns.ts';
import type { Right } from './rights.ts';

const HEAD = ['service', 'may', 'on', 'under'];
const INDENT = '  ';
const GAP = '  ';
/** Cells of each column in a terminal of 80; in a wider one the later columns grow, so far as anything needs it. */
const LEAST = [14, 20, 22, 16];
const WIDEST = [14, 36, 66, 46];

/** The table in lines no wider than `room` cells, 80 at least: below each name what they may. Nothing is cut off. */
export function layOut(rights: readonly Right[], room: number): string[] {
  const widths = widthsFor(room);
  const body = rights.flatMap(({ who, service, actions, short, conditions }, at) => [
    ...(rights[at - 1]?.who === who ? [] : [who]),
    ...linesOf([service, actions.join(' '), short.join(' '), conditions.join(', ')], widths),
  ]);
  const rule = INDENT + widths.map((width) => '─'.repeat(width)).join(GAP);
  return ['who', ...linesOf(HEAD, widths), rule, ...body];
}

function widthsFor(room: number): number[] {
  let left = room - LEAST.reduce((sum, width) => sum + width + GAP.length, 0);
  return LEAST.map((least, at) => {
    const more = Math.max(0, Math.min(left, (WIDEST[at] ?? least) - least));
    left -= more;
    return least + more;
  });
}

function linesOf(cells: readonly string[], widths: readonly number[]): string[] {
  const parts = cells.map((cell, at) => folded(cell, widths[at] ?? 0));
  const height = Math.max(...parts.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    `${INDENT}${parts.map((lines, at) => column(lines[line] ?? '', widths[at] ?? 0)).join(GAP)}`.trimEnd(),
  );
}

/** Broken between words; a word that is longer than a line, where names have a joint. */
function folded(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  const add = (piece: string) => {
    if (widthOf((line + piece).trimEnd()) > columns) {
      lines.push(line.trimEnd());
      line = '';
    }
    line += piece;
  };
  for (const word of text.split(/(?<= )/)) {
    if (widthOf(word.trimEnd()) <= columns) add(word);
    else {
      if (line !== '') lines.push(line.trimEnd());
      line = '';
      for (const piece of word.split(JOINT).flatMap((long) => inPieces(long, columns))) add(piece);
    }
  }
  return [...lines, line.trimEnd()];
}

const JOINT = /(?<=[:/-])|(?<=[a-z])(?=[A-Z])/;

const inPieces = (text: string, length: number): string[] =>
  Array.from({ length: Math.ceil(text.length / length) }, (_, at) =>
    text.slice(at * length, (at + 1) * length),
  );
