import type { Experiment } from '../spec/experiment.ts';
import type { Readings } from './table.ts';

/** What an experiment asks for and what of it had to be done, where equal stages run once. */
export type Work = Readonly<{
  rows: number;
  seeds: number;
  /** stages if every row and seed ran by itself, and the seconds of those that are measured */
  apart: number;
  apartSeconds: number;
  /** different stages of its rows and seeds */
  asked: number;
  /** of these, how many are measured */
  measured: number;
  /** of the measured ones, those that ran for it: the others are those of an experiment before it, or equal to one of its own */
  ran: number;
  /** of those that ran */
  seconds: number;
  /** when the first of its measured stages began and the last ended */
  from?: string;
  to?: string;
}>;

/** `known`: keys of the experiments before it. With the keys of its own. */
export function workOf(
  { rows, seeds, cells, stages }: Experiment,
  readings: Readings,
  known: ReadonlySet<string>,
): Readonly<{ work: Work; keys: readonly string[] }> {
  const entries = new Map(
    stages.flatMap(({ id }) => {
      const reading = readings.get(id);
      return reading?.state === 'measured' ? [[id, reading.entry] as const] : [];
    }),
  );
  const distinct = new Map([...entries.values()].map((entry) => [entry.key as string, entry.provenance]));
  const own = [...distinct].flatMap(([key, made]) => (known.has(key) ? [] : [made]));
  const needed = cells.flatMap((cell) => Object.values(cell.stages));
  const times = [...distinct.values()].map(({ startedAt, seconds }) => [
    startedAt,
    new Date(Date.parse(startedAt) + seconds * 1000).toISOString(),
  ]);
  const from = times.map(([start]) => start).sort()[0];
  const to = times
    .map(([, end]) => end)
    .sort()
    .at(-1);
  return {
    work: {
      rows: rows.length,
      seeds: Math.max(1, seeds.length),
      apart: needed.length,
      apartSeconds: total(needed.map((id) => entries.get(id)?.provenance.seconds ?? 0)),
      asked: stages.length,
      measured: entries.size,
      ran: own.length,
      seconds: total(own.map(({ seconds }) => seconds)),
      ...(from === undefined || to === undefined ? {} : { from, to }),
    },
    keys: [...distinct.keys()],
  };
}

/** Of several experiments together. */
export function sumOfWork(works: readonly Work[]): Work {
  const sum = (of: (work: Work) => number) => total(works.map(of));
  const from = works.flatMap(({ from = [] }) => from).sort()[0];
  const to = works
    .flatMap(({ to = [] }) => to)
    .sort()
    .at(-1);
  return {
    rows: sum(({ rows }) => rows),
    seeds: Math.max(...works.map(({ seeds }) => seeds)),
    apart: sum(({ apart }) => apart),
    apartSeconds: sum(({ apartSeconds }) => apartSeconds),
    asked: sum(({ asked }) => asked),
    measured: sum(({ measured }) => measured),
    ran: sum(({ ran }) => ran),
    seconds: sum(({ seconds }) => seconds),
    ...(from === undefined || to === undefined ? {} : { from, to }),
  };
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
