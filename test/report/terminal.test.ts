import { describe, expect, test } from 'vitest';
import { makeTable } from '../../src/report/table.ts';
import { formatTerminal } from '../../src/report/terminal.ts';
import { widthOf } from '../../src/report/width.ts';
import { example, type Numbers, oneSeed, paperTable3, threeSeeds } from './example.ts';

function print(numbers: Numbers, width: number, options: Parameters<typeof example>[1] = {}, style = 'plain' as const) {
  const { experiment, spec, readings } = example(numbers, options);
  return formatTerminal(makeTable(experiment, spec, readings), { width, style });
}

describe('with one seed', () => {
  test('differences stand beside the numbers, the paper beneath', () => {
    expect(print(oneSeed, 80, { reference: paperTable3 })).toMatchInlineSnapshot(`
      "Table 3 in mini
      ────────────────────────────────────────────────────────────────
                       VQAv2       TextVQA        GQA          Avg
      ────────────────────────────────────────────────────────────────
      Baseline       55.0'        24.5         51.4         43.6
        paper        78.8         58.3         62.0         66.4
      +Finetune VE   54.6  -0.4   25.1* +0.6   51.4   0.0   43.7' +0.1
        paper        80.3  +1.5   59.1  +0.8   63.4  +1.4   67.6  +1.2
      +SEA           56.9* +1.9   24.9' +0.4   52.7* +1.3   44.8* +1.2
        paper        80.5  +1.7   59.5  +1.2   63.6  +1.6   67.9  +1.5
      ────────────────────────────────────────────────────────────────
      Δ against Baseline · * best · ' second
      paper: arXiv 2408.11813v1, Table 3
      +Finetune VE: 1 of 3 improve; paper: 3 of 3; the same sign in 1
      +SEA: 3 of 3 improve; paper: 3 of 3; the same sign in 3
      tensorflow 2.21.0 cpu · 12 stages · 30 s of work"
    `);
  });

  test('without a paper and a baseline each row is one line', () => {
    const { experiment, spec, readings } = example(oneSeed);
    const { baseline: _, average: __, ...bare } = spec;
    const text = formatTerminal(makeTable(experiment, bare, readings), { width: 80, style: 'plain' });
    expect(text).toMatchInlineSnapshot(`
      "Table 3 in mini
      ────────────────────────────────────────
                     VQAv2    TextVQA     GQA
      ────────────────────────────────────────
      Baseline        55.0'      24.5    51.4
      +Finetune VE    54.6       25.1*   51.4
      +SEA            56.9*      24.9'   52.7*
      ────────────────────────────────────────
      * best · ' second
      tensorflow 2.21.0 cpu · 12 stages · 30 s of work"
    `);
  });
});

describe('with several seeds', () => {
  test('a wide window has number, spread and difference side by side', () => {
    expect(print(threeSeeds, 120, { reference: paperTable3 })).toMatchInlineSnapshot(`
      "Table 3 in mini
      ────────────────────────────────────────────────────────────────────────────────────────
                          VQAv2             TextVQA              GQA¶               Avg
      ────────────────────────────────────────────────────────────────────────────────────────
      Baseline       55.0' ±0.6         25.3  ±1.0         51.4   ±0.2        43.9   ±0.2
        paper        78.8               58.3               62.0               66.4
      +Finetune VE   54.7  ±0.6 -0.3§   25.4' ±0.6  0.0    51.6'! ±0.4 +0.1   43.9!  ±0.2  0.0
        paper        80.3        +1.5   59.1        +0.8   63.4        +1.4   67.6        +1.2
      +SEA           56.9* ±0.4 +1.9§   26.2* ±1.1 +0.9§   52.8*! ±0.1 +1.5   45.3*! ±0.5 +1.5
        paper        80.5        +1.7   59.5        +1.2   63.6        +1.6   67.9        +1.5
      ────────────────────────────────────────────────────────────────────────────────────────
      mean ± sd over the seeds 1, 2, 3 · Δ against Baseline, paired by seed · § the 95 % interval of Δ (paired t test over
        seeds) excludes 0 · * best · ' second
      paper: arXiv 2408.11813v1, Table 3
      +Finetune VE: 1 of 3 improve; paper: 3 of 3; the same sign in 1
      +SEA: 3 of 3 improve; paper: 3 of 3; the same sign in 3
      ! some of its seeds are not measured
      ¶ GQA: not comparable: seeds 1 3 in +Finetune VE, 1 2 in +SEA, else 1 2 3
      tensorflow 2.21.0 cpu · 34 of 36 stages · 1 m 25 s of work"
    `);
  });

  test('a narrower one puts the difference beneath', () => {
    expect(print(threeSeeds, 64, { reference: paperTable3 })).toMatchInlineSnapshot(`
      "Table 3 in mini
      ──────────────────────────────────────────────────────────────
                      VQAv2      TextVQA       GQA¶          Avg
      ──────────────────────────────────────────────────────────────
      Baseline      55.0' ±0.6  25.3  ±1.0  51.4   ±0.2  43.9   ±0.2
        paper       78.8        58.3        62.0         66.4
      +Finetune VE  54.7  ±0.6  25.4' ±0.6  51.6'! ±0.4  43.9!  ±0.2
        Δ           -0.3§        0.0        +0.1          0.0
        paper       80.3        59.1        63.4         67.6
        paper Δ     +1.5        +0.8        +1.4         +1.2
      +SEA          56.9* ±0.4  26.2* ±1.1  52.8*! ±0.1  45.3*! ±0.5
        Δ           +1.9§       +0.9§       +1.5         +1.5
        paper       80.5        59.5        63.6         67.9
        paper Δ     +1.7        +1.2        +1.6         +1.5
      ──────────────────────────────────────────────────────────────
      mean ± sd over the seeds 1, 2, 3 · Δ against Baseline, paired by
        seed · § the 95 % interval of Δ (paired t test over seeds)
        excludes 0 · * best · ' second
      paper: arXiv 2408.11813v1, Table 3
      +Finetune VE: 1 of 3 improve; paper: 3 of 3; the same sign in 1
      +SEA: 3 of 3 improve; paper: 3 of 3; the same sign in 3
      ! some of its seeds are not measured
      ¶ GQA: not comparable: seeds 1 3 in +Finetune VE, 1 2 in +SEA,
        else 1 2 3
      tensorflow 2.21.0 cpu · 34 of 36 stages · 1 m 25 s of work"
    `);
  });

  test('a narrow one puts everything beneath', () => {
    expect(print(threeSeeds, 52)).toMatchInlineSnapshot(`
      "Table 3 in mini
      ──────────────────────────────────────────────
                    VQAv2   TextVQA   GQA¶     Avg
      ──────────────────────────────────────────────
      Baseline       55.0'     25.3   51.4    43.9
        ± sd         ±0.6      ±1.0   ±0.2    ±0.2
      +Finetune VE   54.7      25.4'  51.6'!  43.9!
        ± sd         ±0.6      ±0.6   ±0.4    ±0.2
        Δ            -0.3§      0.0   +0.1     0.0
      +SEA           56.9*     26.2*  52.8*!  45.3*!
        ± sd         ±0.4      ±1.1   ±0.1    ±0.5
        Δ            +1.9§     +0.9§  +1.5    +1.5
      ──────────────────────────────────────────────
      mean ± sd over the seeds 1, 2, 3 · Δ against
        Baseline, paired by seed · § the 95 % interval of
        Δ (paired t test over seeds) excludes 0 · * best ·
        ' second
      ! some of its seeds are not measured
      ¶ GQA: not comparable: seeds 1 3 in +Finetune VE, 1
        2 in +SEA, else 1 2 3
      tensorflow 2.21.0 cpu · 34 of 36 stages · 1 m 25 s
        of work"
    `);
  });

  test('the narrowest splits the columns into panels and loses none', () => {
    expect(print(threeSeeds, 34)).toMatchInlineSnapshot(`
      "Table 3 in mini
      ──────────────────────────────
                    VQAv2   TextVQA
      ──────────────────────────────
      Baseline       55.0'     25.3
        ± sd         ±0.6      ±1.0
      +Finetune VE   54.7      25.4'
        ± sd         ±0.6      ±0.6
        Δ            -0.3§      0.0
      +SEA           56.9*     26.2*
        ± sd         ±0.4      ±1.1
        Δ            +1.9§     +0.9§
      ──────────────────────────────
                    GQA¶     Avg
      ──────────────────────────────
      Baseline      51.4    43.9
        ± sd        ±0.2    ±0.2
      +Finetune VE  51.6'!  43.9!
        ± sd        ±0.4    ±0.2
        Δ           +0.1     0.0
      +SEA          52.8*!  45.3*!
        ± sd        ±0.1    ±0.5
        Δ           +1.5    +1.5
      ──────────────────────────────
      mean ± sd over the seeds 1, 2, 3 ·
        Δ against Baseline, paired by
        seed · § the 95 % interval of Δ
        (paired t test over seeds)
        excludes 0 · * best · ' second
      ! some of its seeds are not
        measured
      ¶ GQA: not comparable: seeds 1 3
        in +Finetune VE, 1 2 in +SEA,
        else 1 2 3
      tensorflow 2.21.0 cpu · 34 of 36
        stages · 1 m 25 s of work"
    `);
  });
});

test('stale numbers and mixed engines are told beneath the table', () => {
  const numbers = { ...oneSeed, '+SEA': { VQAv2: ['56.9'], TextVQA: [24.9], GQA: ['missing'] } };
  expect(print(numbers, 80, { engines: { '+SEA': 'wasm' } })).toMatchInlineSnapshot(`
    "Table 3 in mini
    ──────────────────────────────────────────────────────────────
                     VQAv2       TextVQA¶      GQA         Avg
    ──────────────────────────────────────────────────────────────
    Baseline       55.0*        24.5         51.4       43.6
    +Finetune VE   54.6  -0.4   25.1* +0.6   51.4 0.0   43.7* +0.1
    +SEA           56.9~        24.9' +0.4      –          –
    ──────────────────────────────────────────────────────────────
    Δ against Baseline · * best · ' second
    ~ stale: measured before its stages changed
    – not measured yet
    ¶ TextVQA: not comparable: engine wasm in +SEA, else tensorflow 2.21.0 cpu
    10 of 12 stages · 25 s of work"
  `);
});

test.each([40, 60, 80, 100, 120, 160, 200])('no line is wider than a window of %i columns', (width) => {
  const columns = ['VQAv2', 'TextVQA', 'GQA', 'SQA-IMG', 'MMBench', 'POPE', 'VizWiz', 'MM-Vet', 'MMLU'];
  const numbers = Object.fromEntries(
    ['Baseline', '+SEA, pretrain.align.weight=0.5, finetune.trainable=all', 'ひらがな'].map((row, at) => [
      row,
      Object.fromEntries(columns.map((column, index) => [column, [50 + at, 51 + index, 99.96 + at]])),
    ]),
  );
  const lines = print(numbers, width, { reference: paperTable3 }).split('\n');
  expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
  for (const column of columns) expect(lines.join('\n')).toContain(column);
});

test('colour adds escape codes and nothing else', () => {
  const escapes = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
  const { experiment, spec, readings } = example(threeSeeds, { reference: paperTable3 });
  const table = makeTable(experiment, spec, readings);
  const [plain, mono, colour] = (['plain', 'mono', 'colour'] as const).map((style) =>
    formatTerminal(table, { width: 100, style }),
  );
  expect(colour?.replace(escapes, '')).toBe(plain);
  expect(mono?.replace(escapes, '')).toBe(plain);
  expect(colour).toContain('\u001B[32m+1.9\u001B[39m');
  expect(mono).not.toContain('\u001B[32m');
});

test('a difference within its own spread over the seeds is not coloured', () => {
  const { experiment, spec, readings } = example({ Baseline: { x: [50, 52, 54] }, '+SEA': { x: [53, 51, 55] } });
  const text = formatTerminal(makeTable(experiment, spec, readings), { width: 100, style: 'colour' });
  expect(text).toContain('\u001B[2m+1.0\u001B[22m');
});

test('a long name goes on in further lines, whole where its words have room', () => {
  const long = 'SEA, pretrain.learningRate=0.004, finetune.batchSize=32';
  const text = print({ Baseline: oneSeed['Baseline'] ?? {}, [long]: oneSeed['+SEA'] ?? {} }, 100);
  const at = text.split('\n').findIndex((line) => line.startsWith('SEA,'));
  const lines = text.split('\n').slice(at, at + 2);
  expect(lines.map((line) => line.split(/ {3,}/)[0])).toEqual([
    'SEA, pretrain.learningRate=0.004,',
    '  finetune.batchSize=32',
  ]);
  expect(Math.max(...text.split('\n').map(widthOf))).toBeLessThanOrEqual(100);
});
