import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Problem } from '../../src/problem.ts';
import { readYaml } from '../../src/spec/full-yaml.ts';
import { type Node, toJson } from '../../src/spec/node.ts';
import { readPlain } from '../../src/spec/plain-yaml.ts';

/** The tree without its source: values, keys in order, and where each begins. */
function shape(node: Node): unknown {
  if (node.type === 'scalar') return [node.start, node.value];
  if (node.type === 'list') return [node.start, node.items.map(shape)];
  const fields = [...node.fields].map(([name, field]) => [name, field.start, shape(field.value)]);
  return [node.start, fields, (node.repeated ?? []).map((field) => [field.name, field.start, shape(field.value)])];
}

function both(text: string) {
  const problems: Problem[] = [];
  const plain = readPlain({ file: 'x.yaml', text });
  const full = readYaml({ file: 'x.yaml', text }, problems);
  return { plain: plain && shape(plain), full: full && shape(full), problems };
}

const sample = `# a comment
name: table3
description: "one \\"line\\"" # and another
seeds: [1, 2, 3]
stages:
  pairs: { kind: world, make: pairs, seed: 7, images: 12000 }
  enc:
    kind: train-encoder
    data: pairs.data   # a port
    learningRate: 2e-3
    trainable:
    - projector.*
    - 'it''s'
    vision: {
      hidden: 96,
      deep: [1, [2, {a: b}]],
    }
    empty:
    other: ~
rows:
  Baseline: {}
  +SEA: { extends: Baseline, pretrain.align.weight: 1, "quoted key": -.5 }
table:
  columns:
    - vqav2
    - stage: pope
      metric: f1
      label: POPE (F1)
    - { stage: gqa, label: "GQA" }
  average: Avg
odd: a-b:c #no
run: |
    one: 1
      # no comment

    two | three
  # a comment

last:
  script: |-
   x=1

   echo $x

dates: 2020-01-01
yes: no
`;

describe('plain YAML', () => {
  it('covers an ordinary experiment file and agrees with the yaml package on values and places', () => {
    const { plain, full } = both(sample);
    expect(plain).toBeDefined();
    expect(plain).toEqual(full);
  });

  it('reads JSON files', () => {
    const text = JSON.stringify(
      { source: 'x', table3: [{ method: '+SEA', scores: { VQAv2: 80.5, GQA: null } }] },
      null,
      1,
    );
    const { plain, full } = both(text);
    expect(plain).toBeDefined();
    expect(plain).toEqual(full);
  });

  it.each([
    ['an anchor', 'a: &x 1\nb: *x\n'],
    ['a merge key', 'a: {b: 1}\nc: {<<: {d: 1}}\n'],
    ['a folded block scalar', 'run: >\n  one\n  two\n'],
    ['a block scalar that keeps its end', 'run: |+\n  one\n\n'],
    ['a block scalar with an indicator of indentation', 'run: |2\n  one\n'],
    ['a block scalar without a line', 'run: |\nb: 1\n'],
    ['a block scalar whose last line has no end', 'run: |\n  one'],
    ['a plain scalar over two lines', 'run: one\n  two\n'],
    ['a tab', 'a:\t1\n'],
    ['a document marker', '---\na: 1\n'],
    ['a number that is not exact', 'seed: 12345678901234567890\n'],
    ['an unclosed list', 'a: [1, 2\nb: 3\n'],
    ['an unclosed comment at the end of a list', 'a: [1, # x'],
  ])('leaves %s to the yaml package', (_, text) => {
    expect(readPlain({ file: 'x.yaml', text })).toBeUndefined();
  });

  it('never reads a damaged file otherwise than the yaml package does', () => {
    const piece = fc.constantFrom(
      ...' \n:-#,[]{}"\'&*!|>%@`~?<\\/.ab01=\t\r',
      '\n  ',
      ': ',
      '- ',
      ' #',
      '{}',
      '\n\n',
      '|\n',
      '|-\n   ',
      '\n    ',
      'null',
      '---',
      'é',
      '😀',
    );
    const edit = fc.record({ at: fc.nat(sample.length), remove: fc.nat(6), insert: fc.array(piece, { maxLength: 3 }) });
    let read = 0;
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const text = edits.reduce(
          (t, { at, remove, insert }) => t.slice(0, at) + insert.join('') + t.slice(at + remove),
          sample,
        );
        const { plain, full, problems } = both(text);
        if (plain === undefined) return;
        read++;
        expect(problems).toEqual([]);
        expect(plain).toEqual(full);
      }),
      { numRuns: Number(process.env['SEA_FUZZ'] ?? 400) },
    );
    expect(read).toBeGreaterThan(50);
  });

  it('reads literal blocks as the yaml package does, however they are indented and end', () => {
    const line = fc.stringMatching(/^ {0,3}[a#:|>'" -]{0,3}$/);
    const lines = fc.array(line, { maxLength: 5 });
    let read = 0;
    fc.assert(
      fc.property(lines, fc.nat(3), fc.constantFrom('|', '|-'), fc.constantFrom('', 'b: 1\n', '# c\n'), (...parts) => {
        const [own, indent, mark, after] = parts;
        const body = own.map((text) => `${' '.repeat(indent)}${text}\n`).join('');
        const { plain, full, problems } = both(`a:\n  run: ${mark}\n${body}${after}`);
        if (plain === undefined) return;
        read++;
        expect(problems).toEqual([]);
        expect(plain).toEqual(full);
      }),
      { numRuns: Number(process.env['SEA_FUZZ'] ?? 400) },
    );
    expect(read).toBeGreaterThan(20);
  });

  it('reads what the yaml package writes, in any style, to the same JSON', () => {
    const value = fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue({ maxDepth: 3 }), { minKeys: 1, maxKeys: 5 });
    fc.assert(
      fc.property(value, fc.constantFrom(2, 4), fc.boolean(), (json, indent, flow) => {
        const text = stringify(json, { indent, collectionStyle: flow ? 'flow' : 'any' });
        const problems: Problem[] = [];
        const full = readYaml({ file: 'x.yaml', text }, problems);
        const plain = readPlain({ file: 'x.yaml', text });
        if (plain === undefined || full === undefined) return;
        expect(toJson(plain)).toEqual(toJson(full));
        expect(shape(plain)).toEqual(shape(full));
      }),
      { numRuns: 200 },
    );
  });
});
