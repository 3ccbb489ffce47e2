import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process that holds leases. `started` tells it from a later process with the same pid. */
export type Owner = Readonly<{ id: string; host: string; pid: number; started: string; beat: number }>;

/** How often an owner says that it lives, and how long others believe it, milliseconds. */
export const BEAT = 5_000;
const STALE = 60_000;

/** This process, as the owner of leases. Every store handle is an owner of its own. */
export function self(now: number): Owner {
  return { id: randomUUID(), host: place(), pid: process.pid, started: startOf(process.pid) ?? '', beat: now };
}

/**
 * On one machine the process table decides, so that a runner that was suspended keeps its leases and a killed one
 * loses them at once; for other machines only the heartbeat can be seen.
 */
export function alive(owner: Owner, now: number): boolean {
  const fresh = now - owner.beat < STALE;
  if (owner.host !== place()) return fresh;
  if (owner.started !== '') return startOf(owner.pid) === owner.started;
  return fresh && exists(owner.pid);
}

/** Start time of a process in clock ticks since boot (field 22 of /proc/PID/stat); undefined when there is none. */
export function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended already.
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

let cached: string | undefined;

/** Host, boot and pid namespace: within it a pid means one process. */
function place(): string {
  cached ??= [hostname(), line('/proc/sys/kernel/random/boot_id'), link('/proc/self/ns/pid')].filter((part) => part !== '').join(' ');
  return cached;
}

function line(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
