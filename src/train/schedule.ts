/** A learning rate over time, as a factor of the base rate. */
export type Schedule = Readonly<{
  kind: 'cosine' | 'constant';
  totalSteps: number;
  /** share of the steps (rounded up) over which the rate rises from 0; or the number of them */
  warmup: Readonly<{ ratio: number }> | Readonly<{ steps: number }>;
  /** what is left at the end, as a share of the base rate; default 0 */
  floor?: number;
}>;

export function warmupSteps({ warmup, totalSteps }: Schedule): number {
  return 'steps' in warmup ? warmup.steps : Math.ceil(warmup.ratio * totalSteps);
}

/**
 * The factor at `step` (from 0), as transformers' `get_cosine_schedule_with_warmup`: with any warm-up the first
 * step's rate is 0.
 */
export function rateAt(schedule: Schedule, step: number): number {
  const warm = warmupSteps(schedule);
  if (step < warm) return step / Math.max(1, warm);
  if (schedule.kind === 'constant') return 1;
  const progress = (step - warm) / Math.max(1, schedule.totalSteps - warm);
  const floor = schedule.floor ?? 0;
  return floor + (1 - floor) * Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)));
}
