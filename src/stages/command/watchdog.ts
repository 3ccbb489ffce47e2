import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Reads "+ GROUP" and "- GROUP" lines; when the pipe closes, because this process is gone however it went,
 * it kills the process groups that are left. POSIX sh without subprocesses: it costs nothing while it waits.
 */
const SCRIPT = `
trap '' INT TERM HUP
live=' '
while read -r sign group; do
  case $sign in
    +) live="$live$group " ;;
    -) case $live in *" $group "*) live="\${live%% "$group" *} \${live#* "$group" }" ;; esac ;;
  esac
done
for group in $live; do kill -KILL -- "-$group"; done
`;

let watchdog: ChildProcess | undefined;

/** Makes sure that a process group does not outlive this process; returns what to call once the group has ended. */
export function watch(group: number): () => void {
  tell(`+ ${group}\n`);
  return () => tell(`- ${group}\n`);
}

function tell(line: string): void {
  watchdog ??= start();
  watchdog.stdin?.write(line);
}

function start(): ChildProcess {
  const child = spawn('/bin/sh', ['-c', SCRIPT], { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  // Killed by somebody: the next command starts another.
  child.on('exit', forget).on('error', forget);
  child.stdin?.on('error', forget);
  child.unref();
  if (child.stdin !== null && 'unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref();
  return child;
}

function forget(): void {
  watchdog = undefined;
}
