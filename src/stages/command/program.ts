import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A shell command line, where it runs, what is added to the environment, and the file its output is appended to. */
export type Start = Readonly<{ line: string; cwd: string; env: Readonly<Record<string, string>>; log: string }>;
export type Exit = Readonly<{ code: number | null; signal: NodeJS.Signals | null }>;
export type Program = Readonly<{
  ended: Promise<Exit>;
  /** signals the program and everything it started */
  kill(signal: NodeJS.Signals): void;
}>;

type Reply = Readonly<{ id: number } & ({ group: number } | Exit | { error: string })>;
type Waiting = { group?: number; resolve(exit: Exit): void; reject(error: Error): void };
type Launcher = { readonly child: ChildProcess; readonly waiting: Map<number, Waiting> };

let launcher: Launcher | undefined;
let count = 0;

/** Starts a program that does not outlive this process. */
export function startProgram(start: Start): Program {
  launcher ??= openLauncher();
  const { child, waiting } = launcher;
  count += 1;
  const id = count;
  const ended = new Promise<Exit>((resolve, reject) => waiting.set(id, { resolve, reject }));
  // While a program runs it keeps this process alive, as a child of its own would.
  if (waiting.size === 1) child.channel?.ref();
  child.send({ id, ...start }, (error) => {
    if (error !== null) settle(waiting, child, id)?.reject(error);
  });
  return { ended, kill: (signal) => void child.send({ id, signal }, () => {}) };
}

function openLauncher(): Launcher {
  const script = fileURLToPath(new URL('./launcher.mjs', import.meta.url));
  const child = fork(script, [], {
    cwd: '/',
    detached: true,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const waiting = new Map<number, Waiting>();
  child.on('message', (reply: Reply) => {
    if ('group' in reply) {
      const program = waiting.get(reply.id);
      if (program !== undefined) program.group = reply.group;
      return;
    }
    const program = settle(waiting, child, reply.id);
    if ('error' in reply) program?.reject(new Error(reply.error));
    else program?.resolve({ code: reply.code, signal: reply.signal });
  });
  const lose = (): void => {
    if (launcher?.child === child) launcher = undefined;
    for (const [id, { group }] of waiting) {
      if (group !== undefined) killGroup(group);
      settle(waiting, child, id)?.reject(new Error('the process that starts programs was killed'));
    }
  };
  child.on('exit', lose).on('error', lose);
  child.unref();
  child.channel?.unref();
  return { child, waiting };
}

function settle(waiting: Map<number, Waiting>, child: ChildProcess, id: number): Waiting | undefined {
  const program = waiting.get(id);
  waiting.delete(id);
  if (waiting.size === 0) child.channel?.unref();
  return program;
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
