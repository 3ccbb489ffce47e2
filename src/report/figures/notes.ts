import type { FigureSpec } from '../../spec/experiment.ts';
import { apartNotes, costText, madeNote, methodNotes } from '../cells.ts';
import type { Table } from '../table.ts';
import type { FigurePoint } from './figure.ts';

type Drawn = Pick<FigureSpec, 'spread' | 'show'> & Readonly<{ difference: boolean }>;

/** What the marks of a figure mean, what it lacks and how it was made, one fact a line. */
export function notesOfFigure(points: readonly FigurePoint[], table: Table, drawn: Drawn): readonly string[] {
  const has = (test: (point: FigurePoint) => boolean) => points.some(test);
  const shown = { columns: table.columns.filter(({ label }) => drawn.show.includes(label)) };
  return [
    ...meaning(points, table, drawn),
    ...(table.paper !== undefined && has(({ paper }) => paper !== undefined) ? [`◆ the paper's: ${table.paper}`] : []),
    ...(has(({ state, value }) => state === 'stale' && value !== undefined)
      ? [`~ hollow, stale: measured before its stages changed${costText(table.rerun)}`]
      : []),
    ...(has((point) => isPartial(point)) ? ['! some of its seeds are not measured'] : []),
    ...absent(points, table),
    ...methodNotes(shown),
    ...apartNotes(shown),
    madeNote(table),
  ];
}

/** Some of its seeds are not measured. */
export function isPartial({ value, state, n, of }: FigurePoint): boolean {
  return value !== undefined && state !== 'stale' && n < of;
}

function meaning(points: readonly FigurePoint[], table: Table, { spread, difference }: Drawn): readonly string[] {
  if (points.every(({ low }) => low === undefined)) return [];
  const seeds = `over the seeds ${table.seeds.join(', ')}`;
  const what = difference ? `difference to ${table.baseline ?? "each row's own baseline"}, paired by seed,` : 'mean';
  if (spread === 'sd') return [`${what} ± sd ${seeds}`];
  return [`${what} with its 95 % interval (${difference ? 'paired t test' : "Student's t"} ${seeds})`];
}

/** Rows without a number to draw, by what is the matter. The baseline's own difference is none. */
function absent(points: readonly FigurePoint[], table: Table): readonly string[] {
  const compared = new Set(
    table.rows.filter(({ against, baseline }) => baseline && against === undefined).map(({ name }) => name),
  );
  const reasons = new Map<string, Set<string>>();
  for (const { value, state, row } of points) {
    if (value !== undefined || (state === 'measured' && compared.has(row))) continue;
    const reason = state === 'missing' || state === 'measured' ? 'not measured yet' : state;
    reasons.set(reason, (reasons.get(reason) ?? new Set<string>()).add(row));
  }
  return [...reasons].map(([reason, rows]) => `– not drawn, ${reason}: ${[...rows].join(', ')}`);
}
