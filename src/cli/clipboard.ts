import { spawnSync } from 'node:child_process';

/**
 * Puts a text on the clipboard of the terminal, through ssh too. tmux takes it from no program by default, but hands it
 * on from itself (`load-buffer -w`, since 3.2).
 */
export function copy(text: string): void {
  if (process.env['TMUX'] !== undefined) {
    const { status } = spawnSync('tmux', ['load-buffer', '-w', '-'], {
      input: text,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    if (status === 0) return;
  }
  process.stdout.write(`\u001B]52;c;${Buffer.from(text, 'utf8').toString('base64')}\u0007`);
}
