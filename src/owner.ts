import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { pidExists, startOf } from './process.ts';

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
  return fresh && pidExists(owner.pid);
}

/** As a message names it: by its pid, and elsewhere by its machine too. */
export function nameOf({ host, pid }: Owner): string {
  return host === place() ? `process ${pid}` : `process ${pid} on ${host.split(' ')[0]}`;
}

let cached: string | undefined;

/** Host, boot and pid namespace: within it a pid means one process. */
function place(): string {
  cached ??= [hostname(), line('/proc/sys/kernel/random/boot_id'), link('/proc/self/ns/pid')]
    .filter((part) => part !== '')
    .join(' ');
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
