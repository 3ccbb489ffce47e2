import { describe, expect, it } from 'vitest';
import { loaded, mistakes } from './files.ts';

const base = `name: x
stages:
  data: { kind: data, images: 10 }
  model: { kind: train, data: data.data }
  gqa: { kind: score, inputs: { model: model }, benchmark: gqa }
  pope: { kind: score, inputs: { model: model }, benchmark: pope }
rows:
  A: {}
  B: { model.align.weight: 1 }
  A, longer: { model.epochs: 4 }
  B, longer: { extends: B, model.epochs: 4 }
table: { columns: [gqa, { stage: pope, label: POPE }], average: Avg, rows: [A, B, "A, longer", "B, longer"] }
`;
const wrong = (figure: string) => mistakes(`${base}figures:\n  - ${figure}\n`);
const figure = (text: string) => loaded(`${base}figures:\n  - ${text}\n`).figures?.[0];

describe('a figure', () => {
  it('reads the columns and rows of the first table where it names none', () => {
    expect(figure('{ mark: bars, show: [Avg] }')).toMatchObject({
      name: 'figure-1',
      show: ['Avg'],
      rows: ['A', 'B', 'A, longer', 'B, longer'],
      table: { average: 'Avg', columns: [{ label: 'gqa' }, { label: 'POPE' }] },
      spread: 'sd',
    });
  });

  it('takes the number along x from what its rows run with, defaults too, in order', () => {
    const { series } =
      figure('{ mark: lines, show: [gqa], x: model.epochs, series: { A: ["A, longer", A], B: [B, "B, longer"] } }') ??
      {};
    const points = (name: string) => series?.find((one) => one.name === name)?.points;
    expect(points('A')).toEqual([
      { row: 'A', at: 1 },
      { row: 'A, longer', at: 4 },
    ]);
    expect(points('B')?.map(({ at }) => at)).toEqual([1, 4]);
  });

  it('makes a line of every row of a grid that differs in x only', () => {
    const grid = base.replace(
      /rows:[\s\S]*/,
      'rows: { A: {}, B: { model.align.weight: 1 } }\nvary: { model.epochs: [1, 4], model.size: [5, 6] }\n',
    );
    const text = `${grid}table: { columns: [gqa] }\nfigures: [{ mark: lines, x: model.epochs }]\n`;
    expect(loaded(text).figures?.[0]?.series?.map(({ name, points }) => [name, points.map(({ at }) => at)])).toEqual([
      ['A, model.size=5', [1, 4]],
      ['A, model.size=6', [1, 4]],
      ['B, model.size=5', [1, 4]],
      ['B, model.size=6', [1, 4]],
    ]);
  });

  it('of differences also reads the row that they are taken against, which it does not draw', () => {
    expect(figure('{ mark: bars, rows: [B], baseline: A }')).toMatchObject({
      rows: ['B'],
      table: { rows: ['B', 'A'], baseline: 'A' },
      spread: 'interval',
    });
  });

  it('has its rows run what it reads, and no row that it does not draw', () => {
    const text = base.replace(/table:.*\n/, 'table: { columns: [gqa] }\n');
    const { cells } = loaded(`${text}figures: [{ mark: bars, columns: [pope], rows: [B] }]\n`);
    const runs = (row: string) => Object.keys(cells.find((cell) => cell.row === row)?.stages ?? {});
    expect(runs('B')).toContain('pope');
    expect(runs('A')).not.toContain('pope');
  });

  it('changes no stage', () => {
    const stages = (text: string) => loaded(text).stages.map(({ at: _, ...stage }) => stage);
    expect(stages(`${base}figures: [{ mark: bars }]\n`)).toEqual(stages(base));
  });
});

describe('a mistake in a figure', () => {
  it('is an unknown key or mark, or none', () => {
    expect(wrong('{ mrak: bars }')).toMatchInlineSnapshot(`
      "x.yaml:14:5  missing-key  a figure needs a mark
        14 |   - { mrak: bars }
           |     ^
           = mark: bars, or lines
      x.yaml:14:7  unknown-key  "mrak" is no key here
        14 |   - { mrak: bars }
           |       ^^^^
           = did you mean "mark"?"
    `);
    expect(wrong('{ mark: bar }')).toMatchInlineSnapshot(`
      "x.yaml:14:13  bad-value  expected one of bars, lines, found the text "bar"
        14 |   - { mark: bar }
           |             ^^^
           = did you mean "bars"?"
    `);
    expect(wrong('{ mark: bars, spread: standard }')).toContain('expected one of sd, interval, none');
  });
  it('is a column, row or baseline that is not there', () => {
    expect(wrong('{ mark: bars, show: [Pope], rows: [A, C], baseline: D }')).toMatchInlineSnapshot(`
      "x.yaml:14:26  unknown-column  the figure has no column "Pope"
        14 |   - { mark: bars, show: [Pope], rows: [A, C], baseline: D }
           |                          ^^^^
           = did you mean "POPE"?
      x.yaml:14:43  unknown-row  there is no row "C"
        14 |   - { mark: bars, show: [Pope], rows: [A, C], baseline: D }
           |                                           ^
           = valid: A, B, A, longer, B, longer
      x.yaml:14:57  unknown-row  the baseline "D" is no row of this table
        14 |   - { mark: bars, show: [Pope], rows: [A, C], baseline: D }
           |                                                         ^
           = valid: A"
    `);
    expect(wrong('{ mark: bars, columns: [gqaa] }')).toContain('did you mean "gqa"?');
    expect(wrong('{ mark: bars, series: { one: { group: AA } } }')).toContain('there is no row "AA"');
  });
  it('is an x that no stage, parameter or row has', () => {
    expect(wrong('{ mark: lines }')).toMatchInlineSnapshot(`
      "x.yaml:14:5  missing-key  lines need the parameter along \`x\`
        14 |   - { mark: lines }
           |     ^
           = x: finetune.learningRate"
    `);
    expect(wrong('{ mark: lines, x: modle.epochs }')).toMatchInlineSnapshot(`
      "x.yaml:14:23  unknown-path  \`x\` matches nothing: there is no stage "modle"
        14 |   - { mark: lines, x: modle.epochs }
           |                       ^^^^^^^^^^^^
           = did you mean "model.epochs"?"
    `);
    expect(wrong('{ mark: lines, x: model.epoch }')).toMatchInlineSnapshot(`
      "x.yaml:14:23  unknown-path  \`x\` matches nothing: no row has a number "epoch" in stage "model"
        14 |   - { mark: lines, x: model.epoch }
           |                       ^^^^^^^^^^^
           = did you mean "epochs"?"
    `);
    expect(wrong('{ mark: lines, x: model.optimiser, series: { A: [A] } }')).toMatchInlineSnapshot(`
      "x.yaml:14:54  wrong-type  row "A" has no number along \`x\`: model.optimiser is the text "adamw"
        14 |   - { mark: lines, x: model.optimiser, series: { A: [A] } }
           |                                                      ^
           = draw it as one of \`levels\`, or leave it out"
    `);
  });
  it('is a line without two points, or with two at one x', () => {
    expect(wrong('{ mark: lines, x: model.epochs }')).toMatchInlineSnapshot(`
      "x.yaml:14:5  no-line  no line has two points
        14 |   - { mark: lines, x: model.epochs }
           |     ^
           = say which rows make a line: series: { name: [row, row] }"
    `);
    expect(wrong('{ mark: lines, x: model.epochs, series: { A: [A, B] } }')).toMatchInlineSnapshot(`
      "x.yaml:14:54  duplicate-value  rows "A" and "B" stand at the same model.epochs, 1
        14 |   - { mark: lines, x: model.epochs, series: { A: [A, B] } }
           |                                                      ^"
    `);
    expect(wrong('{ mark: lines, x: { path: model.align.weight, scale: log }, series: { A: [A, B] } }')).toContain(
      'no place on a log scale',
    );
  });
  it('is what the mark has no place for', () => {
    expect(wrong('{ mark: bars, levels: [A] }')).toContain('bars have no `levels`');
    expect(wrong('{ mark: bars, rows: [A], series: { one: [A] } }')).toContain('`series` name the rows already');
  });
  it('is more series than can be told apart', () => {
    const rows = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((at) => `  R${at}: { model.epochs: ${at} }`).join('\n');
    const text = base.replace(/rows:[\s\S]*/, `rows:\n${rows}\n`);
    expect(mistakes(`${text}table: { columns: [gqa, pope] }\nfigures: [{ mark: bars }]\n`)).toContain(
      '9 rows side by side are more than can be told apart (8)',
    );
  });
  it('is a name that is none for a file, is taken or stands twice', () => {
    expect(wrong('{ mark: bars, name: a/b }')).toContain('cannot name a figure');
    expect(wrong('{ mark: bars, name: table-1 }')).toContain('a report has a file of that name');
    expect(wrong('{ mark: bars, name: one }\n  - { mark: bars, name: one }')).toContain('two figures are called "one"');
  });
  it('is a figure without columns where there is no table', () => {
    expect(mistakes(`${base.replace(/table:.*\n/, '')}figures: [{ mark: bars }]\n`)).toContain(
      'a figure of an experiment without a table needs columns',
    );
  });
});
