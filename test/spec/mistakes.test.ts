import { describe, expect, it } from 'vitest';
import { mistakes } from './files.ts';

const base = `name: base
stages:
  data: { kind: data, images: 10 }
  model: { kind: train, data: data.data }
  gqa: { kind: score, model: model, benchmark: gqa }
`;
const inBase = (line: string, others?: Record<string, string>) => mistakes(`${base}${line}\n`, others);
const asStage = (stage: string) => inBase(`  other: ${stage}`);
const shell = (name: string, input: string) =>
  `  ${name}: { kind: shell, run: x, outputs: [out], inputs: { in: ${input}.out } }\n`;
const paper = (table: unknown) => ({ 'p.json': JSON.stringify({ table3: table }) });
const table = 'table: { columns: [gqa] }\n';

describe('a mistake in a stage', () => {
  it('is an unknown key: the nearest valid name is shown', () => {
    expect(asStage('{ kind: train, dta: data.data, data: data.data }')).toMatchInlineSnapshot(`
      "x.yaml:6:25  unknown-key  other: "dta" is no parameter or input of train
        6 |   other: { kind: train, dta: data.data, data: data.data }
          |                         ^^^
          = did you mean "data"?"
    `);
  });
  it('is an unknown key deep in a parameter', () => {
    expect(asStage('{ kind: train, data: data.data, align: { wieght: 1 } }')).toMatchInlineSnapshot(`
      "x.yaml:6:51  unknown-key  other.align: "wieght" is no parameter here
        6 |   other: { kind: train, data: data.data, align: { wieght: 1 } }
          |                                                   ^^^^^^
          = did you mean "weight"?"
    `);
  });
  it('is a value of the wrong type: what was expected and found is said', () => {
    expect(asStage('{ kind: data, images: ten }')).toMatchInlineSnapshot(`
      "x.yaml:6:32  wrong-type  other.images: expected a whole number, found the text "ten"
        6 |   other: { kind: data, images: ten }
          |                                ^^^"
    `);
  });
  it('is a value out of bounds, none of the valid ones, or of no valid form', () => {
    expect(asStage('{ kind: train, data: data.data, epochs: 0, optimiser: adam, size: big }')).toMatchInlineSnapshot(`
      "x.yaml:6:50  bad-value  other.epochs: expected more than 0, found the number 0
        6 |   other: { kind: train, data: data.data, epochs: 0, optimiser: adam, size: big }
          |                                                  ^
      x.yaml:6:64  bad-value  other.optimiser: expected one of adamw, muon, found the text "adam"
        6 |   other: { kind: train, data: data.data, epochs: 0, optimiser: adam, size: big }
          |                                                                ^^^^
          = did you mean "adamw"?
      x.yaml:6:76  bad-value  other.size: expected a whole number or "auto", found the text "big"
        6 |   other: { kind: train, data: data.data, epochs: 0, optimiser: adam, size: big }
          |                                                                            ^^^"
    `);
  });
  it('is a missing parameter, shown with what it is for', () => {
    expect(asStage('{ kind: data }')).toMatchInlineSnapshot(`
      "x.yaml:6:3  missing-parameter  other (data) needs "images"
        6 |   other: { kind: data }
          |   ^^^^^
          = images: How many images."
    `);
  });
  it('is an unknown kind', () => {
    expect(asStage('{ kind: trian }')).toMatchInlineSnapshot(`
      "x.yaml:6:18  unknown-kind  there is no kind "trian"
        6 |   other: { kind: trian }
          |                  ^^^^^
          = did you mean "train"?"
    `);
  });
  it('is an input that reads no stage, or no output of it', () => {
    expect(asStage('{ kind: train, data: dat.data }')).toMatchInlineSnapshot(`
      "x.yaml:6:31  unknown-stage  other.data: there is no stage "dat"
        6 |   other: { kind: train, data: dat.data }
          |                               ^^^^^^^^
          = did you mean "data.data"?"
    `);
    expect(asStage('{ kind: train, data: data.dta }')).toMatchInlineSnapshot(`
      "x.yaml:6:31  unknown-port  other.data: stage "data" (data) has no output "dta"
        6 |   other: { kind: train, data: data.dta }
          |                               ^^^^^^^^
          = did you mean "data"?"
    `);
    expect(asStage('{ kind: train, data: data }')).toMatchInlineSnapshot(`
      "x.yaml:6:31  unknown-port  other.data: stage "data" has 2 outputs
        6 |   other: { kind: train, data: data }
          |                               ^^^^
          = say which: data.data, data.words"
    `);
  });
  it('is an input of another type: both are named, and what would fit', () => {
    expect(asStage('{ kind: train, data: data.words }')).toMatchInlineSnapshot(`
      "x.yaml:6:31  wrong-port-type  other.data takes dataset, but data.words is words
        6 |   other: { kind: train, data: data.words }
          |                               ^^^^^^^^^^
          = data.data would fit"
    `);
  });
  it('is a missing input', () => {
    expect(asStage('{ kind: train }')).toMatchInlineSnapshot(`
      "x.yaml:6:3  missing-input  stage "other" (train) needs input "data" of type dataset
        6 |   other: { kind: train }
          |   ^^^^^
          = data: examples"
    `);
  });
  it('is a circle, printed as a path', () => {
    expect(mistakes(`name: x\nstages:\n${shell('a', 'c')}${shell('b', 'a')}${shell('c', 'b')}`)).toMatchInlineSnapshot(`
      "x.yaml:3:59  cycle  stages need each other in a circle: a -> c -> b -> a
        3 |   a: { kind: shell, run: x, outputs: [out], inputs: { in: c.out } }
          |                                                           ^^^^^
          = each stage stands before the one it reads"
    `);
  });
  it('is a stage that reads itself', () => {
    expect(mistakes(`name: x\nstages:\n${shell('a', 'a')}`)).toMatchInlineSnapshot(`
      "x.yaml:3:59  cycle  stages need each other in a circle: a -> a
        3 |   a: { kind: shell, run: x, outputs: [out], inputs: { in: a.out } }
          |                                                           ^^^^^
          = each stage stands before the one it reads"
    `);
  });
});

describe('a mistake in rows and tables', () => {
  it('is a row given twice, shown beside the others', () => {
    expect(inBase('rows:\n  A: {}\n  A: { model.epochs: 0 }\n  B: { model.epochs: 0 }')).toMatchInlineSnapshot(`
      "x.yaml:8:3  duplicate-row  "A" is given twice, first on line 7
        8 |   A: { model.epochs: 0 }
          |   ^
          = rename or remove one row
      x.yaml:9:22  bad-value  model.epochs: expected more than 0, found the number 0
        9 |   B: { model.epochs: 0 }
          |                      ^"
    `);
  });
  it('is a row that extends none, or itself', () => {
    expect(
      inBase('rows:\n  A: { extends: C }\n  B: { extends: Basline }\n  C: { extends: A }\n  Baseline: {}'),
    ).toMatchInlineSnapshot(`
      "x.yaml:8:17  unknown-row  there is no row "Basline"
        8 |   B: { extends: Basline }
          |                 ^^^^^^^
          = did you mean "Baseline"?
      x.yaml:9:17  row-cycle  rows extend each other in a circle: A -> C -> A
        9 |   C: { extends: A }
          |                 ^"
    `);
  });
  it('is a dotted path that matches nothing', () => {
    expect(
      inBase('rows:\n  A: { modl.epochs: 2 }\n  B: { model.epocs: 1 }\n  C: { model.align.wieght: 3 }'),
    ).toMatchInlineSnapshot(`
      "x.yaml:7:8  unknown-path  "modl.epochs" matches nothing: there is no stage "modl"
        7 |   A: { modl.epochs: 2 }
          |        ^^^^^^^^^^^
          = did you mean "model.epochs"?
      x.yaml:8:8  unknown-path  "model.epocs" matches nothing: "epocs" is no parameter or input of train
        8 |   B: { model.epocs: 1 }
          |        ^^^^^^^^^^^
          = did you mean "model.epochs"?
      x.yaml:9:8  unknown-path  "model.align.wieght" matches nothing: "wieght" is no parameter or input of "align" of train
        9 |   C: { model.align.wieght: 3 }
          |        ^^^^^^^^^^^^^^^^^^
          = did you mean "model.align.weight"?"
    `);
  });
  it('is a value of a row or a grid: the row is shown, not the stage', () => {
    expect(inBase('rows:\n  A: { model.align.weight: lots }\nvary: { model.epochs: [1, -1] }')).toMatchInlineSnapshot(`
      "x.yaml:7:28  wrong-type  model.align.weight: expected a number, found the text "lots"
        7 |   A: { model.align.weight: lots }
          |                            ^^^^
      x.yaml:8:27  bad-value  model.epochs: expected more than 0, found the number -1
        8 | vary: { model.epochs: [1, -1] }
          |                           ^^"
    `);
  });
  it('is a circle that a row closes', () => {
    expect(inBase('rows:\n  A: { model.data: gqa.scores }')).toContain(
      'cycle  stages need each other in a circle: model -> gqa -> model',
    );
  });
  it('is a column that no stage makes', () => {
    expect(inBase('table: { columns: [gqaa, gqa.f1, data] }')).toMatchInlineSnapshot(`
      "x.yaml:6:20  unknown-column  no stage makes "gqaa": there is no stage "gqaa"
        6 | table: { columns: [gqaa, gqa.f1, data] }
          |                    ^^^^
          = did you mean "gqa"?
      x.yaml:6:26  unknown-column  stage "gqa" (score) reports no metric "f1"
        6 | table: { columns: [gqaa, gqa.f1, data] }
          |                          ^^^^^^
          = valid: accuracy
      x.yaml:6:34  unknown-column  "data" (data) has no headline metric, so one has to be named
        6 | table: { columns: [gqaa, gqa.f1, data] }
          |                                  ^^^^
          = data.metric"
    `);
  });
  it('is a baseline that is no row', () => {
    expect(inBase('rows: { Baseline: {} }\ntable: { columns: [gqa], baseline: Basline }')).toMatchInlineSnapshot(`
      "x.yaml:7:36  unknown-row  the baseline "Basline" is no row of this table
        7 | table: { columns: [gqa], baseline: Basline }
          |                                    ^^^^^^^
          = did you mean "Baseline"?"
    `);
  });
  it('is a row or a baseline of a row that is no row', () => {
    expect(
      inBase('rows: { A: {}, B: {} }\ntable: { columns: [gqa], baseline: { C: A, B: D } }'),
    ).toMatchInlineSnapshot(`
      "x.yaml:7:38  unknown-row  there is no row "C"
        7 | table: { columns: [gqa], baseline: { C: A, B: D } }
          |                                      ^
          = valid: A, B
      x.yaml:7:47  unknown-row  the baseline "D" is no row of this table
        7 | table: { columns: [gqa], baseline: { C: A, B: D } }
          |                                               ^
          = valid: A, B"
    `);
  });
  it('is a number of the paper that is not there', () => {
    const files = paper([{ method: 'LLaVA', scores: { GQA: 62 } }]);
    const line = `${table}paper: { file: p.json, table: table3, rows: { base: LlaVA }, columns: { gqa: GQAA } }`;
    expect(inBase(line, files)).toMatchInlineSnapshot(`
      "x.yaml:7:53  unknown-reference  table3 has no row "LlaVA"
        7 | paper: { file: p.json, table: table3, rows: { base: LlaVA }, columns: { gqa: GQAA } }
          |                                                     ^^^^^
          = did you mean "LLaVA"?
      x.yaml:7:78  unknown-reference  table3 has no column "GQAA"
        7 | paper: { file: p.json, table: table3, rows: { base: LlaVA }, columns: { gqa: GQAA } }
          |                                                                              ^^^^
          = did you mean "GQA"?"
    `);
  });
  it('is a reference that names nothing here, several rows, no table or no file', () => {
    const rows = ['a', 'b'].map((llm) => ({ method: 'LLaVA', llm, scores: { gqa: 1 } }));
    expect(inBase(`${table}paper: { file: p.json, table: table3 }`, paper(rows))).toMatchInlineSnapshot(`
      "x.yaml:7:31  unknown-reference  no number of table3 has the name of a row and a column here
        7 | paper: { file: p.json, table: table3 }
          |                               ^^^^^^
          = map names with \`rows\` and \`columns\`; rows: LLaVA; columns: gqa"
    `);
    expect(
      inBase(`${table}paper: { file: p.json, table: table3, rows: { base: LLaVA } }`, paper(rows)),
    ).toMatchInlineSnapshot(`
      "x.yaml:7:53  ambiguous-reference  table3 has 2 rows "LLaVA"
        7 | paper: { file: p.json, table: table3, rows: { base: LLaVA } }
          |                                                     ^^^^^
          = say which by its other fields, for example { method: LLaVA, llm: a }"
    `);
    expect(inBase(`${table}paper: { file: p.json, table: tabel3 }`, paper(rows))).toContain('did you mean "table3"?');
    expect(inBase(`${table}paper: { file: q.json, table: table3 }`)).toContain('no-file  cannot read q.json');
  });
  it("is a score in the paper's file that is no number, shown in that file", () => {
    const files = paper([{ method: 'base', scores: { gqa: 'high' } }]);
    expect(inBase(`${table}paper: { file: p.json, table: table3 }`, files)).toMatchInlineSnapshot(`
      "p.json:1:45  wrong-type  "gqa": expected a number or null, found the text "high"
        1 | {"table3":[{"method":"base","scores":{"gqa":"high"}}]}
          |                                             ^^^^^^"
    `);
  });
});

describe('a file', () => {
  it('with many mistakes tells them all at once, in its order', () => {
    const text = `name: x\nstages:\n  a: { kind: data, images: ten }\n  b: { kind: train, data: a.words, epoch: 2 }\n  c: { kind: nothing }\nseeds: [one]\ncolour: 3\n`;
    const heads = mistakes(text)
      .split('\n')
      .filter((line) => line.startsWith('x.yaml:'));
    expect(heads).toMatchInlineSnapshot(`
      [
        "x.yaml:3:28  wrong-type  a.images: expected a whole number, found the text "ten"",
        "x.yaml:4:27  wrong-port-type  b.data takes dataset, but a.words is words",
        "x.yaml:4:36  unknown-key  b: "epoch" is no parameter or input of train",
        "x.yaml:5:14  unknown-kind  there is no kind "nothing"",
        "x.yaml:6:9  wrong-type  expected a whole number from 0, found the text "one"",
        "x.yaml:7:1  unknown-key  "colour" is no key here",
      ]
    `);
  });
  it('that is no YAML is shown where it stops being so', () => {
    expect(mistakes('name: x\nstages:\n  a: [1, 2\n  b: 3\n')).toMatchInlineSnapshot(`
      "x.yaml:4:3  yaml-syntax  flow sequence in block collection must be sufficiently indented and end with a ]
        4 |   b: 3
          |   ^"
    `);
  });
  it('with a number that would be rounded is refused', () => {
    expect(asStage('{ kind: data, images: 12345678901234567890 }')).toContain(
      'inexact-number  12345678901234567890 cannot',
    );
  });
  it('with aliases that would fill the memory is refused at once', () => {
    const levels = 'bcdefghijklmnopq'
      .split('')
      .map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdefghijklmnop'[index]}`).join(', ')}]`);
    const before = process.memoryUsage().heapUsed;
    expect(mistakes(`a: &a [1]\n${levels.join('\n')}\n`)).toMatchInlineSnapshot(`
      "x.yaml:17:1  alias-bomb  aliases make this file more than a trillion values; the limit is 1000000
        17 | q: &q [*p, *p, *p, *p, *p, *p, *p, *p, *p, *p]
           | ^
           = use fewer levels of aliases"
    `);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50e6);
  });
  it('with an alias inside itself, or of no anchor, is refused', () => {
    expect(mistakes('name: x\nstages: &s { a: *s }\nb: *q\n')).toMatchInlineSnapshot(`
      "x.yaml:2:17  bad-alias  *s stands inside itself
        2 | stages: &s { a: *s }
          |                 ^^
      x.yaml:3:4  bad-alias  no anchor &q comes before this alias
        3 | b: *q
          |    ^^"
    `);
  });
  it('that extends none, or itself through another, is refused', () => {
    expect(mistakes('name: x\nextends: nowhere.yaml\n')).toMatchInlineSnapshot(`
      "x.yaml:2:10  no-file  cannot read nowhere.yaml
        2 | extends: nowhere.yaml
          |          ^^^^^^^^^^^^
          = the path is relative to the folder of x.yaml"
    `);
    expect(mistakes('extends: sub/y.yaml\n', { 'sub/y.yaml': 'extends: ../x.yaml\nname: y\n' })).toMatchInlineSnapshot(`
      "sub/y.yaml:1:10  extends-cycle  files extend each other in a circle: x.yaml -> sub/y.yaml -> x.yaml
        1 | extends: ../x.yaml
          |          ^^^^^^^^^"
    `);
  });
  it('that extends another shows a mistake where it was written', () => {
    const files = { 'sub/y.yaml': base.replace('10', 'ten') };
    expect(mistakes('extends: sub/y.yaml\nstages: { model: { epochs: none } }\n', files)).toMatchInlineSnapshot(`
      "x.yaml:2:28  wrong-type  model.epochs: expected a number, found the text "none"
        2 | stages: { model: { epochs: none } }
          |                            ^^^^
      sub/y.yaml:3:31  wrong-type  data.images: expected a whole number, found the text "ten"
        3 |   data: { kind: data, images: ten }
          |                               ^^^"
    `);
  });
});
