/** A machine as the cost is reckoned on it. All rates are per second. */
export type Device = Readonly<{
  summary: string;
  /** accelerators side by side */
  count: number;
  /** peak operations of one in dense products, as its maker states it, and the share of it that models reach */
  peak: number;
  efficiency: number;
  /** bytes of one's memory, and bytes to and from it */
  memory: number;
  bandwidth: number;
  /** bytes from one to the others; absent where there is one */
  link?: number;
  /** bytes of a number in computing, and of the gradient, master copy and moments of one that trains */
  bytes: Readonly<{ number: number; trained: number }>;
  /** attention weights are not kept for the backward pass */
  fused: boolean;
  /** numbers that training keeps for one that a product gives: elementwise operations that are not fused keep theirs too */
  keeps: number;
  /** bytes of files, and of pictures decoded and resized, by all loading processes together */
  disk: number;
  decoding: number;
  /** seconds that a pass takes whatever its size, and that a stage takes before its first */
  pass: number;
  start: number;
  /** bytes that a program takes before its model */
  program: number;
}>;

const DECODING = 8e6; // one process: a 100 kB photo in 12 ms, a 12 kB drawing in 1.5 ms

// Peaks are dense bfloat16 of NVIDIA's data sheets. The share is assumed: LLaVA-1.5's published 5.5 and 20 hours for 13B on
// 8 x A100 come to 24 to 35 % of their peak; these have three times the peak and less than twice the bandwidth.
const hopper = {
  peak: 989e12,
  efficiency: 0.25, // chosen in that range so that the paper's own hours come out
  bytes: { number: 2, trained: 2 + 12 },
  fused: true,
  keeps: 1,
  disk: 2e9,
  pass: 0.02,
  start: 60,
  program: 2e9,
} as const;

export const deviceNames = ['cpu', 'h200', 'h800x8'] as const;
export type DeviceName = (typeof deviceNames)[number];

export const devices: Readonly<Record<DeviceName, Device>> = {
  cpu: {
    summary: 'one core with 32 float32 operations a cycle at 3 GHz, 40 % of them reached, 16 GB',
    count: 1,
    peak: 96e9,
    efficiency: 0.4,
    memory: 16e9,
    bandwidth: 10e9,
    bytes: { number: 4, trained: 4 + 8 },
    fused: false,
    keeps: 8, // fits the peaks that mini runs recorded
    disk: 0.5e9,
    decoding: DECODING,
    pass: 0.004,
    start: 0.3,
    program: 0.45e9,
  },
  h200: {
    ...hopper,
    summary: 'NVIDIA H200 141 GB: 989 Tflop/s in bfloat16, 25 % of them reached, 8 loading processes',
    count: 1,
    memory: 141e9,
    bandwidth: 4.8e12,
    decoding: 8 * DECODING,
  },
  h800x8: {
    ...hopper,
    summary: '8 x NVIDIA H800 80 GB: 989 Tflop/s each in bfloat16, 25 % of them reached, 32 loading processes',
    count: 8,
    memory: 80e9,
    bandwidth: 3.35e12,
    link: 200e9,
    decoding: 32 * DECODING,
  },
};
