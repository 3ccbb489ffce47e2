import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ablation, openRig, type Rig } from '../rig.ts';

let rig: Rig;
beforeAll(() => {
  rig = openRig();
  rig.write('a.yaml', ablation);
  mkdirSync(join(rig.folder, 'bin'));
  symlinkSync(resolve('dist/cli.js'), join(rig.folder, 'bin', 'sea'));
});
afterAll(() => rig.close());

const has = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;

function inShell(shell: string, script: string): string {
  const path = `${join(rig.folder, 'bin')}:${process.env['PATH'] ?? ''}`;
  const env = { PATH: path, HOME: rig.folder, TERM: 'dumb' };
  const { stdout, stderr, status } = spawnSync(shell, ['-c', script], { cwd: rig.folder, env, encoding: 'utf8' });
  expect([stderr, status]).toEqual(['', 0]);
  return stdout;
}

/** Completes a line as readline does: its words broken at blanks and at `=` and `:` outside quotes. */
const inBash = (line: string, ...words: readonly string[]): string =>
  inShell(
    'bash',
    `compopt() { :; }
source <(sea completion bash)
COMP_LINE="${line}" COMP_POINT=\${#COMP_LINE}
COMP_WORDS=(sea ${words.map((word) => `"${word}"`).join(' ')}) COMP_CWORD=${words.length}
_sea
printf '%s\\n' "\${COMPREPLY[@]}"`,
  );

describe.runIf(has('bash'))('bash completes', () => {
  it('commands, experiment files, rows with blanks, and stages', () => {
    expect(inBash('sea wh', 'wh')).toBe('why\n');
    expect(inBash('sea run a', 'run', 'a')).toBe('a.yaml\n');
    expect(inBash('sea run a.yaml --row +SEA', 'run', 'a.yaml', '--row', '+SEA')).toBe('+SEA\n+SEA twice\n');
    expect(inBash("sea run a.yaml --stage 'train[+SEA]", 'run', 'a.yaml', '--stage', "'train[+SEA]")).toBe(
      'train[+SEA]\n',
    );
  });

  it('nothing, quietly, of an experiment that is wrong', () => {
    rig.write('wrong.yaml', 'nmae: x\n');
    expect(inBash('sea run wrong.yaml --row ', 'run', 'wrong.yaml', '--row', '').trim()).toBe('');
  });
});

describe.runIf(has('zsh'))('zsh', () => {
  it('reads the script', () => {
    expect(inShell('zsh', 'autoload -Uz compinit; compinit -u; source <(sea completion zsh); echo $_comps[sea]')).toBe(
      '_sea\n',
    );
  });
});

describe.runIf(has('fish'))('fish', () => {
  it('completes commands and rows', () => {
    const script = (line: string) => `sea completion fish | source; complete -C '${line}'`;
    expect(inShell('fish', script('sea wh'))).toBe('why\n');
    expect(inShell('fish', script('sea run a.yaml --row +SEA'))).toBe('+SEA\n+SEA twice\n');
  });
});
