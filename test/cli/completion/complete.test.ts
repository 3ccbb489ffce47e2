import { describe, expect, it } from 'vitest';
import { complete, type Names } from '../../../src/cli/completion/complete.ts';
import { brokenOff, shellWords } from '../../../src/cli/completion/shell-words.ts';
import { buildProgram } from '../../../src/cli/program.ts';

const program = buildProgram(
  '0',
  () => {
    throw new Error('nothing runs here');
  },
  () => undefined,
);
const names: Names = {
  columns: async (file) => [`POPE of ${file}`],
  rows: async (file) => [`Baseline of ${file}`, '+SEA'],
  stages: async (file) => (file === undefined ? ['kept'] : ['pretrain', 'pretrain[+SEA]']),
  kinds: async () => ['pretrain', 'finetune'],
  files: (prefix) => ['a.yaml', 'experiments/'].filter((file) => file.startsWith(prefix)),
};
const completed = (line: string) => complete(program, line.split(' '), names);

describe('a command line is completed', () => {
  it.each([
    ['sea wh', ['why']],
    ['sea --cache elsewhere wh', ['why']],
    ['sea run a', ['a.yaml']],
    ['sea run a.yaml --row Ba', ['Baseline of a.yaml']],
    ['sea run a.yaml --row +SEA B', ['Baseline of a.yaml']],
    ['sea plan a.yaml --stage pre', ['pretrain', 'pretrain[+SEA]']],
    ['sea why ke', ['kept']],
    ['sea why pretrain ', ['a.yaml', 'experiments/']],
    ['sea compare a.yaml +', ['+SEA']],
    ['sea table a.yaml --format la', ['latex']],
    ['sea ls --kind f', ['finetune']],
    ['sea run a.yaml --row +SEA --fa', ['--fail-fast']],
    ['sea completion z', ['zsh']],
    ['sea labels x --svg ', []],
    ['sea nothing ', []],
  ])('%s', async (line, expected) => {
    expect(await completed(line)).toEqual(expected);
  });

  it('offers every command where none is written', async () => {
    expect(await completed('sea ')).toEqual(program.commands.map((command) => command.name()));
  });
});

describe('a line is read as a shell reads it', () => {
  it.each([
    ["sea why 'pretrain[+SEA, fro", ['sea', 'why', 'pretrain[+SEA, fro']],
    ['sea run "a b.yaml" --row \\+SEA\\ x ', ['sea', 'run', 'a b.yaml', '--row', '+SEA x', '']],
    ["sea ''", ['sea', '']],
  ])('%s', (line, expected) => {
    expect(shellWords(line)).toEqual(expected);
  });

  it('finds what bash has broken off at an equals sign', () => {
    expect(brokenOff('pretrain[+SEA,seed=1', '1')).toBe('pretrain[+SEA,seed=');
    expect(brokenOff('pretrain[+SEA,seed=', '=')).toBe('pretrain[+SEA,seed=');
    expect(brokenOff('pretrain[+SEA,seed=1', "'pretrain[+SEA,seed=1")).toBe('');
  });
});
