import type { Json } from '../hash.ts';
import type { StageSpec } from '../spec/experiment.ts';
import { askedBy } from './comparable.ts';
import type { Readings, TableCell } from './table.ts';

/** How the numbers of a column were got, where the benchmark's official way is another or takes a choice. */
export function methodsOf(
  cells: readonly TableCell[],
  { specs, readings }: Readonly<{ specs: ReadonlyMap<string, StageSpec>; readings: Readings }>,
): readonly string[] {
  const sources = cells.flatMap(({ values }) => values.map(({ source }) => source));
  const entries = [...new Set(sources)]
    .flatMap((source) => askedBy(source, specs))
    .flatMap((id) => {
      const reading = readings.get(id);
      return reading !== undefined && 'entry' in reading ? [reading.entry.identity] : [];
    });
  return [...new Set(entries.flatMap((identity) => [...judgeOf(identity), ...choiceOf(identity)]))];
}

function judgeOf(identity: Json): readonly string[] {
  const judge = field(identity, 'judge');
  if (judge === 'none') return ['no judge, marked by the words of the reference'];
  const model = field(judge, 'model');
  if (typeof model !== 'string') return [];
  const runs = field(judge, 'runs');
  return [`judge ${model}${typeof runs === 'number' && runs > 1 ? `, ${runs} runs` : ''}`];
}

function choiceOf(identity: Json): readonly string[] {
  return field(identity, 'choose') === 'likelihood' ? ['multiple choice by likelihood of the options'] : [];
}

function field(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return (value as Readonly<Record<string, Json>>)[name];
}
