import type { Device } from './device.ts';
import type { Footprint, Work } from './shape.ts';

/** What a stage takes on a device. */
export type Spent = Readonly<{
  seconds: number;
  /** bytes of each accelerator at the peak */
  memory: number;
  /** activations are computed again in the backward pass, for all of them do not fit */
  recomputes: boolean;
  /** parts that each accelerator's share of a batch is cut into, for it to fit */
  parts: number;
  fits: boolean;
}>;

/**
 * Time is the sum of computing, reading weights in every pass, gathering split ones, decoding pictures and moving files:
 * nothing hides behind anything. In training all accelerators share each batch, and weights, gradients and the optimiser's
 * state are split over them (as ZeRO-3 does); otherwise each holds the whole model and takes its share of the batches.
 */
export function spend(work: Work, device: Device): Spent {
  const { memory, recomputes, parts, fits } = held(work, device);
  const { count, peak, efficiency, bandwidth, link, bytes } = device;
  const trains = work.trained > 0;
  const passes = (trains ? work.passes : work.passes / count) * parts;
  const gathered = link === undefined || !trains ? 0 : (work.weights * bytes.number * (1 - 1 / count)) / link;
  const seconds =
    (work.flops + (recomputes ? work.again : 0)) / (count * peak * efficiency) +
    passes * (device.pass + (work.weights * bytes.number) / bandwidth + gathered) +
    work.decoded / device.decoding +
    (work.read + work.written) / device.disk +
    (work.passes > 0 ? device.start : 0);
  return { seconds, memory, recomputes, parts, fits };
}

type Held = Omit<Spent, 'seconds'>;

/** Everything kept where it fits, else the inputs of blocks, else a smaller part of the batch at a time. */
function held(work: Work, device: Device): Held {
  if (work.passes === 0) return { memory: 0, recomputes: false, parts: 1, fits: true };
  const { bytes, count, program } = device;
  const trains = work.trained > 0;
  const resting = (work.weights * bytes.number + work.trained * bytes.trained) / (trains ? count : 1) + program;
  const share = trains ? Math.max(1, Math.ceil(work.batch / count)) : work.batch;
  const keeps = trains ? device.keeps : 1;
  const fitting = (items: number, recomputes: boolean): Held => {
    const memory = resting + items * keeps * numbersOf(work.item, device.fused, recomputes) * bytes.number;
    return { memory, recomputes, parts: Math.ceil(share / items), fits: memory <= device.memory };
  };
  const whole = fitting(share, false);
  if (whole.fits) return whole;
  for (let items = share; items > 1; items = Math.ceil(items / 2)) {
    const smaller = fitting(items, trains);
    if (smaller.fits) return smaller;
  }
  return fitting(1, trains);
}

function numbersOf({ kept, scores, block, inputs }: Footprint, fused: boolean, recomputes: boolean): number {
  if (recomputes) return inputs + block;
  return kept + (fused ? 0 : scores);
}
