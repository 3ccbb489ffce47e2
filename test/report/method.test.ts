import { expect, it } from 'vitest';
import type { Json } from '../../src/hash.ts';
import { formatMarkdown } from '../../src/report/markdown.ts';
import { makeTable, type Reading } from '../../src/report/table.ts';
import { formatTerminal } from '../../src/report/terminal.ts';
import { entry, example, oneSeed } from './example.ts';

/** The table of an example in which the stages of a column were made with these parameters, and asked with those. */
function tableWith(marked: Readonly<Record<string, Json>>, asked: Readonly<Record<string, Json>> = {}) {
  const { experiment, spec, readings } = example(oneSeed);
  const all = new Map<string, Reading>(readings);
  const asking = experiment.stages.map(({ id, at }) => ({
    id: `ask ${id}`,
    name: 'ask',
    kind: 'benchmark',
    params: {},
    inputs: {},
    at,
  }));
  const stages = experiment.stages.map((stage) => {
    const reading = readings.get(stage.id);
    if (reading === undefined || !('entry' in reading) || stage.kind !== 'score') return stage;
    all.set(stage.id, { ...reading, entry: { ...reading.entry, identity: marked[stage.name] ?? {} } });
    all.set(`ask ${stage.id}`, {
      state: 'measured',
      entry: { ...entry('ask', {}), identity: asked[stage.name] ?? {} },
    });
    return { ...stage, inputs: { answers: { stage: `ask ${stage.id}`, port: 'answers' } } };
  });
  return makeTable({ ...experiment, stages: [...stages, ...asking] }, spec, all);
}

it('a table says which numbers no judge marked, which a judge did, and which were chosen by likelihood', () => {
  const table = tableWith(
    {
      GQA: { benchmark: 'mmvet', judge: 'none' },
      VQAv2: { judge: { url: 'http://x/v1', model: 'gpt-4-0613', runs: 5 } },
    },
    { TextVQA: { choose: 'likelihood' }, GQA: { choose: 'likelihood' } },
  );
  const notes = [
    'VQAv2: judge gpt-4-0613, 5 runs',
    'TextVQA, GQA: multiple choice by likelihood of the options',
    'GQA: no judge, marked by the words of the reference',
  ];
  const terminal = formatTerminal(table, { width: 100, style: 'plain' });
  for (const note of notes) {
    expect(terminal).toContain(note);
    expect(formatMarkdown(table)).toContain(`- ${note}`);
  }
  expect(table.columns.map(({ method }) => method?.length)).toEqual([1, 1, 2, undefined]);
});

it('a table of official ways says nothing of them', () => {
  const table = tableWith({ GQA: { benchmark: 'gqa' } }, { GQA: { choices: 'letter' } });
  expect(table.columns.flatMap(({ method }) => method ?? [])).toEqual([]);
});
