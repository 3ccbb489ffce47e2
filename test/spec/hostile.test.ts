// Files as editors, scripts and mishaps leave them, read with the real kinds: each is refused in words, at its place, at once.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openExperiment, readExperiment } from '../../src/cli/experiment.ts';
import { ProblemError } from '../../src/problem.ts';
import { loadExperiment } from '../../src/spec/load.ts';
import { kinds } from '../../src/stages/kinds.ts';

const made = 'name: x\nstages:\n  a: { kind: command, run: "echo > {output.out}", outputs: [out] }\n';
const stage = (rest: string, run = 'echo > {output.out}') =>
  `name: x\nstages:\n  a: { kind: command, run: ${JSON.stringify(run)}, outputs: [out]${rest} }\n`;
const digits = '["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]';
const grid = (axes: string) =>
  `name: x\nstages:\n  a: { kind: command, run: x, outputs: [out] }\nvary:\n${[...axes].map((axis) => `  a.env.${axis}: ${digits}\n`).join('')}`;
const readMistakes = (text: string) => {
  const result = loadExperiment('x.yaml', kinds, (path) => (path === 'x.yaml' ? text : undefined));
  if (result.ok) throw new Error(`taken as right: ${text.slice(0, 200)}`);
  return result.problems.map(({ at, code, message, hint }) => `${at?.line}:${at?.column} ${code} ${message} | ${hint}`);
};

test.each([
  ['NUL', `${made}a\0b: 1\n`, '4:2 bad-character U+0000 is no character of a text'],
  ['an escape sequence', `${made}\x1b[31mred: 1\n`, '4:1 bad-character U+001B is no character of a text'],
  ['line ends of CR alone', made.replaceAll('\n', '\r'), '1:8 bad-character a line ends with CR alone'],
  ['a second document', `${made}---\n${made}`, '4:1 yaml-syntax a second document begins here'],
  ['a directive that is none', `%FOO\n---\n${made}`, '1:1 yaml-syntax'],
  ['a tag that builds objects', `${made}description: !!python/object:os.system x\n`, '4:40 yaml-tag the tag !!python'],
  ['lists in lists in lists', `name: x\nstages: ${'['.repeat(20_000)}`, 'collections are nested too deeply'],
  ['octal or decimal', `${made}seeds: [0777]\n`, '4:9 inexact-number 0777 is decimal to some readers'],
  ['a name of nothing', made.replace('x', '" "'), '1:7 bad-name " " cannot name an experiment'],
  ['a name of two lines', made.replace('x', '"a\\nb"'), '1:7 bad-name "a\\nb" cannot name an experiment'],
  ['a name without end', made.replace('x', 'n'.repeat(10_000)), '1:7 bad-name "nnn'],
  ['a row without name', `${made}rows: { "": {} }\n`, '4:9 bad-name "" cannot name a row'],
  ['a billion variants', grid('ABCDEFGHI'), '5:3 too-many rows, vary and seeds make 1000000000 variants (10 x 10'],
  [
    'an output that is not there',
    stage('', 'cat > {output.oot}'),
    '3:28 bad-value a.run: names {output.oot}, and there',
  ],
  ['an input that is not there', stage('', 'cat {input.data}'), '3:28 bad-value a.run: names {input.data}, and there'],
  ['metrics of no output', stage(', metrics: otu'), '3:76 bad-value a.metrics: there is no output "otu" | valid: out'],
  ['no name of a variable', stage(', env: { "A=B": "1" }'), 'a.env.A=B: "A=B" cannot name an environment variable'],
  ['an input that cannot be named', stage(', inputs: { __proto__: a.out }'), '"__proto__" cannot name an input'],
])('%s', (_, text, told) => {
  expect(readMistakes(text).join('\n')).toContain(told);
});

test('too many stages end the expansion', () => {
  const others = Array.from(
    { length: 20 },
    (_, n) => `  b${n}: { kind: command, run: x, outputs: [o], inputs: { i: a.out } }\n`,
  );
  const text = grid('ABCD').replace('vary:', `${others.join('')}vary:`);
  expect(readMistakes(text)).toEqual([
    expect.stringContaining('too-many rows, vary and seeds make more than 100000 stages'),
  ]);
});

test('of too many variants, what is wrong with the stages is told besides', () => {
  const problems = readMistakes(grid('ABCDEFGHI').replace('run: x', 'rnu: x'));
  expect(problems.filter((problem) => problem.includes('a: "rnu" is no parameter'))).toHaveLength(1);
});

test.each([
  ['UTF-16', Buffer.from(`\ufeff${made}`, 'utf16le'), { line: 1, column: 1 }],
  ['Latin-1', Buffer.from(`${made}description: caf\xe9\n`, 'latin1'), { line: 4, column: 17 }],
])('a file in %s is refused where it stops being UTF-8', async (_, bytes, place) => {
  const file = join(mkdtempSync(join(tmpdir(), 'seagraph-hostile-')), 'x.yaml');
  writeFileSync(file, bytes);
  const told = await openExperiment(file, join(file, '../cache')).catch((error: unknown) => error);
  expect(told).toBeInstanceOf(ProblemError);
  expect((told as ProblemError).problems).toMatchObject([{ code: 'not-utf8', at: { file, ...place } }]);
});

test('a folder in place of a file that is extended is a mistake at the line that names it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'seagraph-hostile-'));
  const file = join(folder, 'x.yaml');
  writeFileSync(file, `name: x\nextends: .\n`);
  const result = await readExperiment(file);
  expect(result).toMatchObject({ ok: false, problems: [{ code: 'unreadable', at: { file, line: 2, column: 10 } }] });
});
